/* What is asked for on the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

enum { max_ports = 16 };

/* Where something listens: one port, or one of each node of a system that has several. */
struct ports {
  uint16_t ports[max_ports];
  size_t count;
};

struct settings {
  const char *mode;
  /* The first of the nodes, which most modes have alone. */
  uint16_t port;
  struct ports nodes;
  /* Connections; in broadcast, the subscribers. */
  size_t connections;
  /* connect: how many are opened before the others, so that the server is warm. */
  size_t warm_connections;
  size_t payload_bytes;
  /* Messages of a connection under way at a time; connect: handshakes. */
  size_t in_flight;
  enum message_type type;
  /* channels, members: the protocol that is spoken, and rooms. */
  const char *speak;
  size_t rooms;
  /* channels: messages a second, to all rooms together; 0: as many as come back. */
  double rate;
  /* channels: who publishes: a client, or the server, told by a feed on that port. */
  bool publishes;
  bool publishes_by_client;
  struct ports feeds;
  /* channels, members, of several nodes: whether all who subscribe to a room are at the same one. */
  bool is_together;
  /* channels: how long nothing is published after all have subscribed. */
  double settle_seconds;
  /* members: how many further channels each subscribes to when asked. */
  size_t more;
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
