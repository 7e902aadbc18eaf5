/* System calls and constants that Swift's Glibc module does not offer. */
#ifndef OUTCRY_SHIM_H
#define OUTCRY_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sleeps while *word == expected, across processes; timeout_ns < 0 waits for ever.
 * Returns 0 when woken or when the word differs, else an errno (ETIMEDOUT, EINTR). */
int outcry_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns);

/* Wakes at most count sleepers in any process; returns how many. */
int outcry_futex_wake(uint32_t *word, int count);

/* Locks that belong to an open file description, so that they vanish with the process that
 * holds them, whichever PID namespace it lives in. Each returns 0 or an errno. */
int outcry_lock_byte(int descriptor, int64_t offset);    /* EAGAIN: somebody holds it */
int outcry_unlock_byte(int descriptor, int64_t offset);
int outcry_byte_is_locked(int descriptor, int64_t offset, int *locked);

/* prctl(PR_SET_PDEATHSIG): the calling process gets this signal when its parent dies. */
int outcry_signal_on_parent_death(int signal_number);

/* The variables of this process: Swift cannot reach the mutable global `environ`. */
char **outcry_environment(void);

/* posix_spawn_file_actions_addchdir_np, a GNU extension: the child starts in that folder. */
int outcry_spawn_in_folder(posix_spawn_file_actions_t *actions, const char *folder);

/* sigqueue(3) with an integer; the union it takes does not import. Returns 0 or an errno. */
int outcry_signal_with_value(int process, int signal_number, int value);

/* The name shown by ps and top for the calling thread (at most 15 bytes are kept). */
int outcry_name_thread(const char *name);

/* SCHED_BATCH for the calling thread: when it is woken it waits for its turn at a processor instead
 * of interrupting whoever runs there. Its share is the same. */
int outcry_wait_for_turn(void);

/* Takes a connection from a listening socket; it is closed in programs started later. Returns
 * the descriptor, or -1 with errno set. */
int outcry_accept(int listener);

/* How many connections wait at a listening socket for somebody to accept them, and how many may.
 * Returns 0, or an errno: not every kernel tells it of unix sockets. */
int outcry_listen_queue(int listener, uint32_t *waiting, uint32_t *most);

/* prctl(PR_SET_TIMERSLACK): how late the calling thread may be woken; 50 us otherwise. */
int outcry_timer_slack(int64_t nanos);

/* memmem(3), a GNU extension. */
const void *outcry_find(const void *bytes, size_t count, const void *wanted, size_t length);

/* The kernel's number of the calling thread. */
int outcry_thread_id(void);

/* Address space of which only the pages that are touched cost memory, all zero; or NULL, with the
 * errno in *error. */
void *outcry_reserve(size_t bytes, int *error);

/* Asks for a cache line that is going to be written. */
static inline void outcry_prefetch(const void *address) { __builtin_prefetch(address, 1); }

#endif
