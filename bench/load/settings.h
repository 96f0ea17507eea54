/* What is asked for on the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

struct settings {
  const char *mode;
  uint16_t port;
  /* Connections; in broadcast, the subscribers. */
  size_t connections;
  /* connect: how many are opened before the others, so that the server is warm. */
  size_t warm_connections;
  size_t payload_bytes;
  /* Messages of a connection under way at a time; connect: handshakes. */
  size_t in_flight;
  enum message_type type;
  bool tls;
  /* Whether permessage-deflate is offered, and messages are sent compressed. */
  bool deflate;
  /* By hand: how long to measure and to warm up. Otherwise 0: questions come on standard input. */
  double seconds;
  double warm_up_seconds;
  /* After so long without progress the other end has stalled. */
  double stall_seconds;
};

/* Ends the program where the arguments make no sense, with how they should be. */
struct settings read_settings(int count, char **arguments);
