/* The head of every shared segment. Nothing in a segment is a pointer; everything is found by the
 * offsets named here and in the headers of the two kinds.
 */
#ifndef OUTCRY_SEGMENT_H
#define OUTCRY_SEGMENT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define OUTCRY_SEGMENT_MAGIC 0x4D5359524354554Fu   /* "OUTCRYSM" */
#define OUTCRY_PAGE 4096

typedef struct {
  uint64_t magic;
  uint32_t kind;              /* 1 exchange, 2 symbol */
  uint32_t layout_version;    /* atomic; stored last, with release: zero means "not ready" */
  uint64_t length;
  int64_t created_at;         /* microseconds since 1970 */
  uint64_t nonce;             /* differs for every creation, also under the same name */
  uint32_t creator;           /* its pid, in its own PID namespace: for people only */
  uint32_t tag;               /* symbol id; 0 for the exchange */
  uint64_t epoch;             /* atomic; of the newest engine, written under its lock */
  uint64_t spare;
} outcry_segment_header;
static_assert(sizeof(outcry_segment_header) == 64, "segment header");
static_assert(offsetof(outcry_segment_header, layout_version) == 12, "segment.layout_version");
static_assert(offsetof(outcry_segment_header, epoch) == 48, "segment.epoch");

/* Bytes that owners lock (never read or written): the kernel lets go of them when they die. */
enum {
  OUTCRY_LOCK_CREATION = 0,
  OUTCRY_LOCK_ENGINE = 1,
  OUTCRY_LOCK_DIRECTORY = 2,
  OUTCRY_LOCK_SERIES = 3,
  OUTCRY_LOCK_POOLS = 512,
  OUTCRY_LOCK_WORKER_SLOTS = 1024,
  OUTCRY_LOCK_SCOREBOARD = 4096,
};

#endif
