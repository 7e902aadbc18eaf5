/* The segment of one symbol: its request ring, its board and its engine's counters. */
#ifndef OUTCRY_SYMBOL_H
#define OUTCRY_SYMBOL_H

#include "metrics.h"
#include "segment.h"

#define OUTCRY_SYMBOL_LAYOUT 2

typedef struct {
  int64_t price;
  int64_t quantity;
} outcry_level;
static_assert(sizeof(outcry_level) == 16, "level");

/* The board without its levels. Whole words, copied one by one. */
typedef struct {
  uint64_t sequence;          /* of the last command that is in here; committed */
  int64_t time;
  int64_t best_bid_price;     /* 0: no bid */
  int64_t best_bid_quantity;
  int64_t best_ask_price;
  int64_t best_ask_quantity;
  uint64_t last_trade_id;     /* 0: none yet */
  int64_t last_price;
  int64_t last_quantity;
  int64_t last_time;
  int64_t reference_price;
  uint64_t open_orders;
  uint32_t bid_levels;        /* in the book, of which `bid_count` are in here */
  uint32_t ask_levels;
  uint32_t bid_count;
  uint32_t ask_count;
  uint8_t state;              /* market state */
  uint8_t last_side;          /* the taker's */
  uint8_t spare_bytes[6];
  uint64_t spare[17];
} outcry_board_summary;
static_assert(sizeof(outcry_board_summary) == 256, "board summary");
static_assert(offsetof(outcry_board_summary, bid_levels) == 96, "summary.bid_levels");

enum {
  OUTCRY_RING_BITS = 14,
  OUTCRY_RING_CAPACITY = 1 << OUTCRY_RING_BITS,
  OUTCRY_BOARD_LEVELS = 1024,

  OUTCRY_SYMBOL_TAIL = 128,         /* atomic u64: next position to fill; anyone helps it on */
  OUTCRY_SYMBOL_HEAD = 192,         /* atomic u64: first position not released; engine */
  OUTCRY_SYMBOL_BELL = 256,         /* futex u32: writers raise it for a waiting engine … */
  OUTCRY_SYMBOL_WAITING = 260,      /* … which put the number of its wait here; 0: awake */
  OUTCRY_SYMBOL_COMMITTED = 320,    /* atomic u64: sequence; engine */
  OUTCRY_SYMBOL_PROJECTED = 328,    /* atomic u64: sequence up to which the tables are; engine */
  OUTCRY_SYMBOL_BOARD_VERSION = 384,  /* atomic u64: boards published; low bit: current copy */
  OUTCRY_SYMBOL_WANTED = 448,       /* atomic u64: readers wait for the tables to be here; all */
  OUTCRY_SYMBOL_METRICS = 512,      /* atomic u64 each; engine, a thread a line */
  OUTCRY_SYMBOL_RING = OUTCRY_PAGE, /* atomic u64 each: lap(32) | reference(32), 0: free */
  OUTCRY_SYMBOL_BOARDS = OUTCRY_SYMBOL_RING + 8 * OUTCRY_RING_CAPACITY,
  OUTCRY_BOARD_BIDS = 256,
  OUTCRY_BOARD_ASKS = OUTCRY_BOARD_BIDS + 16 * OUTCRY_BOARD_LEVELS,
  OUTCRY_BOARD_LENGTH = 9 * OUTCRY_PAGE,
  OUTCRY_SYMBOL_HISTOGRAMS = OUTCRY_SYMBOL_BOARDS + 2 * OUTCRY_BOARD_LENGTH,   /* engine */
  OUTCRY_SYMBOL_LENGTH = OUTCRY_SYMBOL_HISTOGRAMS + 2 * OUTCRY_PAGE,
};
static_assert(OUTCRY_SYMBOL_METRICS + 8 * OUTCRY_METRICS <= OUTCRY_PAGE, "metrics");
static_assert(OUTCRY_ENGINE_HISTOGRAMS * OUTCRY_HISTOGRAM_LENGTH <= 2 * OUTCRY_PAGE, "histograms");
static_assert(OUTCRY_BOARD_ASKS + 16 * OUTCRY_BOARD_LEVELS <= OUTCRY_BOARD_LENGTH, "board");

#endif
