/*
 * Messages of a connection are of several kinds, in turns: one that is lost or doubled moves all that follow, for ever,
 * so that the next comparison finds it.
 *
 * How much of what comes is compared whole. The number of octets is always exact; the rest is a matter of what the load
 * may cost: it must stay below what it measures.
 */
#pragma once

#include <stddef.h>

enum {
  /* Messages of each connection that are compared before anything is measured. */
  checked_messages = 64,
  /* After that, one read in so many is. */
  check_every = 64,
};

/*
 * Of compressed messages: together more than the 32 KiB that the longest window spans, so that none is in it already,
 * whole, when it comes again.
 */
enum { deflated_kinds = 64 };

/* How many kinds there are: fewer of large messages, whose memory should stay in the caches. */
static inline size_t message_kinds(size_t payload_bytes) {
  enum { fewest = 2, most = 8, aim_bytes = 32 * 1024 };
  size_t kinds = payload_bytes < aim_bytes / most ? most : aim_bytes / payload_bytes;
  return kinds < fewest ? fewest : kinds;
}
