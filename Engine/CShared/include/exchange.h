/* The exchange segment: what all processes of one instance share. Sparse: a page that nobody
 * touched costs nothing.
 */
#ifndef OUTCRY_EXCHANGE_H
#define OUTCRY_EXCHANGE_H

#include "layouts.h"
#include "metrics.h"
#include "segment.h"

#define OUTCRY_EXCHANGE_LAYOUT 5

/* One symbol. Written once by the directory's writer; `version` is stored last, with release.
 * Afterwards only rules and shard change: into the copy that is not in force, then `version`
 * is raised, whose low bit names the copy in force. */
typedef struct {
  uint32_t version;           /* atomic; 0: empty */
  uint32_t id;
  uint32_t spare_word;
  uint8_t name_length;
  uint8_t base_length;
  uint8_t quote_length;
  uint8_t tick_digits;
  uint8_t lot_digits;
  uint8_t spare_bytes[7];
  int64_t tick_units;
  int64_t lot_units;
  uint8_t name[32];
  uint8_t base[16];
  uint8_t quote[16];
  uint64_t shards[2];         /* by copy, as the rules: shard | state << 32 | moving << 40 */
  uint64_t spare;
  outcry_rules rules[2];
} outcry_symbol_entry;
static_assert(sizeof(outcry_symbol_entry) == 256, "entry");
static_assert(offsetof(outcry_symbol_entry, tick_units) == 24, "entry.tick_units");

/* The head of one request's place; commands and reply lie in its body. Own cache line. */
typedef struct {
  uint64_t state;             /* atomic: generation(40) | engine epoch(16) | state(8) */
  uint32_t symbol_id;         /* worker, while idle */
  uint32_t command_count;     /* worker, while idle */
  uint32_t answer_count;      /* engine, while writing */
  uint32_t fill_count;        /* engine, while writing */
  /* CLOCK_MONOTONIC nanoseconds, for the histograms and for people */
  int64_t posted_at;          /* worker, while idle */
  int64_t taken_at;           /* engine, while copying */
  int64_t replied_at;         /* engine, while writing */
  uint64_t spare[2];
} outcry_mailbox;
static_assert(sizeof(outcry_mailbox) == 64, "mailbox");

/* The head of one worker's slot. */
typedef struct {
  uint32_t bell;              /* futex; engines raise it after a batch of replies */
  uint32_t waiters;           /* atomic; threads of the worker that sleep on the bell */
  uint32_t pid;               /* owner, for people */
  uint32_t claims;            /* owner: how often the slot was claimed */
  int64_t claimed_at;
  uint64_t spare[5];
} outcry_worker_slot;
static_assert(sizeof(outcry_worker_slot) == 64, "worker slot");

/* What one thread is doing, for people and metrics. Written by its owner only. */
typedef struct {
  uint32_t role;              /* 0: never used */
  uint32_t stage;
  uint32_t pid;
  uint32_t tid;
  uint32_t symbol_id;
  uint32_t number;            /* which of several of the same role */
  int64_t started_at;
  int64_t heartbeat;
  uint64_t counters[8];
  uint64_t resident_bytes;    /* of its process, when this line stands for all of it */
  uint64_t spare[2];
} outcry_score;
static_assert(sizeof(outcry_score) == 128, "score");
static_assert(offsetof(outcry_score, counters) == 40, "score.counters");

enum {
  OUTCRY_DIRECTORY_CAPACITY = 4096,
  OUTCRY_DIRECTORY_BUCKETS = 8192,
  OUTCRY_SYMBOL_IDS = 8192,
  OUTCRY_SCORES = 1024,
  OUTCRY_WORKER_SLOTS = 64,

  OUTCRY_SMALL_MAILBOXES = 960,
  OUTCRY_LARGE_MAILBOXES = 32,
  OUTCRY_MAILBOXES = OUTCRY_SMALL_MAILBOXES + OUTCRY_LARGE_MAILBOXES,
  OUTCRY_SMALL_COMMANDS = 16,
  OUTCRY_LARGE_COMMANDS = 1000,

  /* bodies: the commands, then the reply area (answers, then fills) */
  OUTCRY_SMALL_REPLY_OFFSET = OUTCRY_SMALL_COMMANDS * 192,
  OUTCRY_SMALL_BODY = 3 * OUTCRY_PAGE,
  OUTCRY_LARGE_REPLY_OFFSET = OUTCRY_LARGE_COMMANDS * 192,
  OUTCRY_LARGE_BODY = 130 * OUTCRY_PAGE,

  /* inside a worker slot */
  OUTCRY_SLOT_MAILBOXES = 64,
  OUTCRY_SLOT_GAUGES = OUTCRY_SLOT_MAILBOXES + 64 * OUTCRY_MAILBOXES,   /* u64 each, any */
  OUTCRY_SLOT_SMALL = 16 * OUTCRY_PAGE,
  OUTCRY_SLOT_LARGE = OUTCRY_SLOT_SMALL + OUTCRY_SMALL_MAILBOXES * OUTCRY_SMALL_BODY,
  OUTCRY_SLOT_LANES = OUTCRY_SLOT_LARGE + OUTCRY_LARGE_MAILBOXES * OUTCRY_LARGE_BODY,
  OUTCRY_SLOT_LENGTH = OUTCRY_SLOT_LANES + OUTCRY_LANES * OUTCRY_LANE_LENGTH,

  /* inside the segment */
  OUTCRY_EXCHANGE_COUNT = 64,                 /* atomic u32: entries of the directory */
  OUTCRY_EXCHANGE_SCORE_COUNT = 68,           /* atomic u32: lines of the scoreboard ever used */
  OUTCRY_EXCHANGE_SLOT_COUNT = 72,            /* atomic u32: worker slots ever used */
  OUTCRY_EXCHANGE_SERIES_COUNT = 76,          /* atomic u32: names given to series */
  OUTCRY_EXCHANGE_CPU = 128,                  /* u64 each, any: microseconds by role */
  OUTCRY_EXCHANGE_FEED = 256,                 /* u64 each, any: what all feeds have counted */
  OUTCRY_EXCHANGE_NAMES = OUTCRY_PAGE,        /* atomic u32 each: 1 + entry, by hash of name */
  OUTCRY_EXCHANGE_IDS = OUTCRY_EXCHANGE_NAMES + 4 * OUTCRY_DIRECTORY_BUCKETS,
  OUTCRY_EXCHANGE_ENTRIES = OUTCRY_EXCHANGE_IDS + 4 * OUTCRY_SYMBOL_IDS,
  OUTCRY_EXCHANGE_SCORES = OUTCRY_EXCHANGE_ENTRIES + 256 * OUTCRY_DIRECTORY_CAPACITY,
  OUTCRY_EXCHANGE_SERIES = OUTCRY_EXCHANGE_SCORES + 128 * OUTCRY_SCORES,
  OUTCRY_EXCHANGE_SLOTS = OUTCRY_EXCHANGE_SERIES + OUTCRY_SERIES_NAME * OUTCRY_SERIES,
  OUTCRY_EXCHANGE_LIMITS = OUTCRY_EXCHANGE_SLOTS + OUTCRY_WORKER_SLOTS * OUTCRY_SLOT_LENGTH,
  OUTCRY_LIMIT_SETS = 4096,                   /* of 8 atomic u64: key(16) | microseconds(48) */
  OUTCRY_POOL_FIGURES = 64,                   /* atomic u64 each; written by the pool's master */
  OUTCRY_POOLS = 64,                          /* as many as there may be workers */
  OUTCRY_EXCHANGE_POOLS = OUTCRY_EXCHANGE_LIMITS + 64 * OUTCRY_LIMIT_SETS,
  OUTCRY_EXCHANGE_LENGTH = OUTCRY_EXCHANGE_POOLS + 8 * OUTCRY_POOL_FIGURES * OUTCRY_POOLS,
};
static_assert(OUTCRY_SMALL_REPLY_OFFSET == OUTCRY_SMALL_COMMANDS * sizeof(outcry_command), "");
static_assert(OUTCRY_LARGE_REPLY_OFFSET == OUTCRY_LARGE_COMMANDS * sizeof(outcry_command), "");
static_assert(OUTCRY_SLOT_GAUGES + 8 * OUTCRY_GAUGES <= OUTCRY_SLOT_SMALL, "heads and gauges");
static_assert(OUTCRY_EXCHANGE_CPU + 8 * OUTCRY_ROLES <= OUTCRY_EXCHANGE_FEED, "CPU times");
static_assert(OUTCRY_EXCHANGE_FEED + 8 * OUTCRY_FEED_COUNTERS <= OUTCRY_EXCHANGE_NAMES, "feeds");
static_assert(OUTCRY_SLOT_LENGTH % OUTCRY_PAGE == 0, "slots are whole pages");
static_assert(OUTCRY_SMALL_COMMANDS * sizeof(outcry_result) + 150 * sizeof(outcry_fill)
              <= OUTCRY_SMALL_BODY - OUTCRY_SMALL_REPLY_OFFSET, "small reply");
static_assert(OUTCRY_LARGE_COMMANDS * sizeof(outcry_result) + 4096 * sizeof(outcry_fill)
              <= OUTCRY_LARGE_BODY - OUTCRY_LARGE_REPLY_OFFSET, "large reply");
static_assert(OUTCRY_EXCHANGE_SLOTS % OUTCRY_PAGE == 0, "slots");
static_assert(OUTCRY_WORKER_SLOTS * OUTCRY_MAILBOXES < 65535, "a reference names any mailbox");

#endif
