#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int outcry_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  long outcome = syscall(SYS_futex, word, FUTEX_WAIT, expected,
                         timeout_ns < 0 ? NULL : &timeout, NULL, 0);
  if (outcome == 0 || errno == EAGAIN) return 0;
  return errno;
}

int outcry_futex_wake(uint32_t *word, int count) {
  return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

static struct flock byte_range(short type, int64_t offset) {
  struct flock range;
  memset(&range, 0, sizeof range);
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = offset;
  range.l_len = 1;
  return range;
}

int outcry_lock_byte(int descriptor, int64_t offset) {
  struct flock range = byte_range(F_WRLCK, offset);
  return fcntl(descriptor, F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

int outcry_unlock_byte(int descriptor, int64_t offset) {
  struct flock range = byte_range(F_UNLCK, offset);
  return fcntl(descriptor, F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

int outcry_byte_is_locked(int descriptor, int64_t offset, int *locked) {
  struct flock range = byte_range(F_WRLCK, offset);
  if (fcntl(descriptor, F_OFD_GETLK, &range) != 0) return errno;
  *locked = range.l_type != F_UNLCK;
  return 0;
}

int outcry_signal_on_parent_death(int signal_number) {
  return prctl(PR_SET_PDEATHSIG, signal_number) == 0 ? 0 : errno;
}

int outcry_name_thread(const char *name) {
  return prctl(PR_SET_NAME, name) == 0 ? 0 : errno;
}

int outcry_wait_for_turn(void) {
  struct sched_param none = {0};
  return sched_setscheduler(0, SCHED_BATCH, &none) == 0 ? 0 : errno;
}

int outcry_timer_slack(int64_t nanos) {
  return prctl(PR_SET_TIMERSLACK, nanos) == 0 ? 0 : errno;
}

const void *outcry_find(const void *bytes, size_t count, const void *wanted, size_t length) {
  return memmem(bytes, count, wanted, length);
}

char **outcry_environment(void) { return environ; }

int outcry_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

int outcry_thread_id(void) { return (int)syscall(SYS_gettid); }

int outcry_spawn_in_folder(posix_spawn_file_actions_t *actions, const char *folder) {
  return posix_spawn_file_actions_addchdir_np(actions, folder);
}

int outcry_signal_with_value(int process, int signal_number, int value) {
  union sigval payload = {.sival_int = value};
  return sigqueue(process, signal_number, payload) == 0 ? 0 : errno;
}

void *outcry_reserve(size_t bytes, int *error) {
  int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, kind, -1, 0);
  if (start != MAP_FAILED) return start;
  *error = errno;
  return NULL;
}
