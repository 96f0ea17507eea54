#include "histogram.h"

#include <string.h>

void histogram_clear(struct histogram *histogram) { memset(histogram, 0, sizeof *histogram); }

/* The middle of a bucket. */
static uint64_t value_of(unsigned bucket) {
  if (bucket < 64) return bucket;
  unsigned exponent = bucket / 64 + 5;
  uint64_t width = 1ull << (exponent - 6);
  return (1ull << exponent) + (bucket % 64) * width + width / 2;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)((double)histogram->total * share + 0.5);
  uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < histogram_buckets; bucket++) {
    seen += histogram->counts[bucket];
    if (seen > 0 && seen >= wanted) {
      uint64_t value = value_of(bucket);
      return value < histogram->highest_ns ? value : histogram->highest_ns;
    }
  }
  return histogram->highest_ns;
}
