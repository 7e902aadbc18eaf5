/* Every record that crosses a process boundary, with its size and offsets asserted beside it.
 *
 * Rules for all of them: fixed width, little endian, no pointers, no implicit padding. A field is
 * written by the one party its comment names. Words that several processes touch are declared as
 * plain integers (C atomics do not import into Swift) and are only ever reached through Swift's
 * `Atomic` placed at their offset.
 */
#ifndef OUTCRY_LAYOUTS_H
#define OUTCRY_LAYOUTS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define OUTCRY_COMMAND_VERSION 1
#define OUTCRY_EVENT_VERSION 1
#define OUTCRY_RESULT_VERSION 1
#define OUTCRY_KEY_CAPACITY 40

/* What an order asks for. Prices in ticks, quantities in lots, quote amounts in tick x lot,
 * times in microseconds since 1970. Zero means "not given". */
typedef struct {
  int64_t price;
  int64_t stop_price;
  int64_t quantity;
  int64_t quote_quantity;
  int64_t display_quantity;
  int64_t expires_at;
  int64_t spare[2];
} outcry_terms;
static_assert(sizeof(outcry_terms) == 64, "terms");

/* The limits of a symbol, in its own ticks and lots. Zero means "no limit". */
typedef struct {
  int64_t min_quantity;
  int64_t max_quantity;
  int64_t min_notional;
  int64_t max_notional;
  int64_t max_price;
  uint32_t price_band_bps;    /* furthest a limit price may lie from the reference */
  uint32_t slippage_bps;      /* furthest a market order may trade from the touch */
  uint32_t max_open_orders;   /* an account */
  uint32_t spare[3];
} outcry_rules;
static_assert(sizeof(outcry_rules) == 64, "rules");

/* One thing asked of a symbol's engine. The worker writes all but sequence, time and, for a new
 * order, order_id, and the limits that a `configure` leaves as they are: these the engine stamps
 * when it accepts the command. */
typedef struct {
  uint16_t version;
  uint8_t kind;
  uint8_t side;
  uint8_t type;
  uint8_t time_in_force;
  uint8_t self_trade_prevention;
  uint8_t flags;
  uint64_t sequence;
  int64_t time;
  uint64_t account;
  uint64_t order_id;
  outcry_terms terms;         /* or, for `configure`, an outcry_rules */
  int64_t deadline;           /* CLOCK_MONOTONIC nanoseconds; later than this it is refused */
  uint8_t key_length;
  uint8_t changes;            /* for `configure`: a bit for each limit it sets; 0: all of them */
  uint8_t spare_bytes[6];
  uint8_t key[OUTCRY_KEY_CAPACITY];   /* idempotency key */
  uint8_t trace_id[16];       /* W3C Trace Context; zeros: of no trace; random for `epoch` */
  uint8_t span_id[8];         /* the worker's step of that trace */
  uint64_t origin;            /* ring position it came from; engine epoch for `epoch` */
} outcry_command;
static_assert(sizeof(outcry_command) == 192, "command");
static_assert(offsetof(outcry_command, sequence) == 8, "command.sequence");
static_assert(offsetof(outcry_command, terms) == 40, "command.terms");
static_assert(offsetof(outcry_command, deadline) == 104, "command.deadline");
static_assert(offsetof(outcry_command, key) == 120, "command.key");
static_assert(offsetof(outcry_command, origin) == 184, "command.origin");

/* One thing that happened because of a command. */
typedef struct {
  uint8_t kind;
  uint8_t reason;             /* why an order ended, for the kinds that end one */
  uint8_t side;               /* of the subject order; the taker's for a trade */
  uint8_t level_side;         /* which side's level changed; 0 when none did */
  uint8_t state;              /* market state, for `state` */
  uint8_t spare_bytes[3];
  uint64_t sequence;          /* of the command that caused it */
  int64_t time;
  uint64_t order_id;          /* the subject; the taker of a trade */
  uint64_t account;
  int64_t price;
  int64_t quantity;           /* traded, rested, cancelled, … */
  int64_t remaining;          /* of the subject, afterwards */
  uint64_t trade_id;
  uint64_t maker_order_id;
  uint64_t maker_account;
  int64_t maker_remaining;
  int64_t level_price;        /* the level that changed … */
  int64_t level_quantity;     /* … and what it shows afterwards */
  int64_t stop_price;         /* of an amended order … */
  int64_t filled_quote;       /* … and what its fills before came to, price x quantity */
} outcry_event;
static_assert(sizeof(outcry_event) == 128, "event");

/* The answer to one command, as the engine knows the order after it. */
typedef struct {
  uint16_t version;
  uint8_t refusal;            /* 0: accepted */
  uint8_t status;
  uint8_t reason;
  uint8_t flags;              /* duplicate, fills cut short */
  uint8_t side;
  uint8_t type;
  uint8_t time_in_force;
  uint8_t self_trade_prevention;
  uint8_t order_flags;
  uint8_t key_length;
  uint32_t fill_count;
  uint32_t first_fill;        /* index into the fills that follow the results */
  uint32_t affected;          /* orders cancelled by a cancel-all */
  uint64_t sequence;          /* of the command answered; of the first one for a duplicate */
  int64_t time;
  uint64_t order_id;
  outcry_terms terms;
  int64_t created_at;
  int64_t filled;
  int64_t remaining;
  int64_t filled_quote;       /* sum of price x quantity over all fills of the order */
  uint8_t key[OUTCRY_KEY_CAPACITY];
  uint64_t spare[3];
} outcry_result;
static_assert(sizeof(outcry_result) == 208, "result");

/* One fill of a command's own order, behind the results of an answer. */
typedef struct {
  uint64_t trade_id;
  int64_t price;
  int64_t quantity;
  uint64_t counter_order_id;
} outcry_fill;
static_assert(sizeof(outcry_fill) == 32, "fill");

/* In front of what an engine publishes for the streams of accounts: how its numbers are written,
 * and which sequences it covers. Behind it events, each `accepted` followed by its command. */
typedef struct {
  uint16_t version;           /* OUTCRY_EVENT_VERSION */
  uint8_t tick_digits;
  uint8_t lot_digits;
  uint32_t spare;
  int64_t tick_units;
  int64_t lot_units;
  uint64_t first_sequence;    /* one more than the last of the message before */
  uint64_t last_sequence;
} outcry_account_head;
static_assert(sizeof(outcry_account_head) == 40, "account head");

#endif
