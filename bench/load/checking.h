/*
 * How much of what comes is compared whole. The number of octets is always exact; the rest is a matter of what the load
 * may cost: it must stay below what it measures.
 */
#pragma once

enum {
  /* Messages of each connection that are compared before anything is measured. */
  checked_messages = 64,
  /* After that, one read in so many is. */
  check_every = 64,
};
