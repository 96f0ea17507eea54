/* A kind of load: one file each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "settings.h"

struct mode {
  const char *name;
  /* Makes what can be made beforehand. Returns the port it listens on, where it does; 0 otherwise. */
  uint16_t (*prepare)(const struct settings *settings);
  /* Begins. */
  void (*start)(void);
  /* Whether all that is done before anything is measured has been done. */
  bool (*is_ready)(void);
  /* connect, members: opens the connections that count. NULL for the others. */
  void (*open)(void);
  /* members: has each connection subscribe to more, and whether each has. NULL for the others. */
  void (*more)(void);
  bool (*has_more)(void);
  /* Begins nothing more. */
  void (*stop)(void);
  /* Whether nothing is under way: no answer is due. */
  bool (*is_idle)(void);
};

/* What has been done since the beginning, and how long each took since it was last asked. */
struct tally {
  uint64_t messages;
  /* Octets of frames that have come. */
  uint64_t received_bytes;
  /* Anything at all that moved; while it stands still and something is due, the other end stalls. */
  uint64_t progress;
  struct histogram latency;
};

extern struct tally tally;

extern const struct mode echo_mode;
extern const struct mode broadcast_mode;
extern const struct mode connect_mode;
extern const struct mode serve_mode;
extern const struct mode channels_mode;
extern const struct mode members_mode;
