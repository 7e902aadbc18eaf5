/* Counters and histograms that live in shared memory, where whoever is asked for figures reads
 * those of every process. A word has one writer; only those that say "any" are added to atomically.
 * Nothing is ever set back: who takes over a dead owner's place counts on from what is there.
 */
#ifndef OUTCRY_METRICS_H
#define OUTCRY_METRICS_H

#include <assert.h>
#include <stdint.h>

enum {
  /* A histogram of durations: a word a bucket, the last one without a bound, then the sum in ns. */
  OUTCRY_HISTOGRAM_BOUNDS = 78,
  OUTCRY_HISTOGRAM_BUCKETS = OUTCRY_HISTOGRAM_BOUNDS + 1,
  OUTCRY_HISTOGRAM_SUM = 8 * OUTCRY_HISTOGRAM_BUCKETS,
  OUTCRY_HISTOGRAM_LENGTH = OUTCRY_HISTOGRAM_SUM + 8,
  OUTCRY_HISTOGRAM_CELLS = 108,

  /* A worker counts what has a name ("http/place_order/201") under the name's number. */
  OUTCRY_SERIES = 1024,
  OUTCRY_SERIES_NAME = 64,          /* length u8, then the name */

  /* Each writing thread of a worker has a lane of its own: counters by series, then histograms. */
  OUTCRY_LANES = 3,
  OUTCRY_LANE_HISTOGRAMS = 32,
  OUTCRY_LANE_HISTOGRAM = 8 * OUTCRY_SERIES,
  OUTCRY_LANE_LENGTH =
      OUTCRY_LANE_HISTOGRAM + OUTCRY_LANE_HISTOGRAMS * OUTCRY_HISTOGRAM_LENGTH,

  OUTCRY_GAUGES = 16,               /* of a worker: how many there are now */
  OUTCRY_ROLES = 16,                /* CPU time by role of processes */
  OUTCRY_FEED_COUNTERS = 16,
  OUTCRY_METRICS = 64,              /* of an engine */
  OUTCRY_ENGINE_HISTOGRAMS = 12,
};
static_assert(OUTCRY_HISTOGRAM_LENGTH % 64 == 0, "whole cache lines");
static_assert(OUTCRY_LANE_LENGTH % 4096 == 0, "whole pages");

/* The largest value of a bucket, in nanoseconds. */
int64_t outcry_histogram_bound(int bucket);

extern const int64_t outcry_histogram_bounds[OUTCRY_HISTOGRAM_BOUNDS];
extern const uint8_t outcry_histogram_cells[OUTCRY_HISTOGRAM_CELLS];

/* The bucket of a duration. No quarter of an octave holds two bounds, so the number of those below
 * it and one comparison are enough. */
static inline int outcry_histogram_index(int64_t nanos) {
  if (nanos <= 1000) return 0;
  if (nanos > 50000000000) return OUTCRY_HISTOGRAM_BOUNDS;
  int octave = 63 - __builtin_clzll((uint64_t)nanos);
  int cell = 4 * (octave - 9) + (int)(nanos >> (octave - 2) & 3);
  int bucket = outcry_histogram_cells[cell];
  return bucket + (nanos > outcry_histogram_bounds[bucket]);
}

#endif
