/*
 * One WebSocket connection of the load, of either role: the opening handshake, then a stream of octets out, of which is
 * known how many are due, and a stream of octets in, which the mode counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accept_value.h"
#include "frame.h"
#include "loop.h"
#include "transport.h"

struct connection;

/* What a mode wants to know. */
struct connection_listener {
  /* The handshake is done. */
  void (*on_open)(struct connection *connection);
  /* Octets have come after it; lent for the call. `octets` is NULL where `wants_octets` said that none are wanted. */
  void (*on_octets)(struct connection *connection, const uint8_t *octets, size_t length);
  /* Asked before each read of an open connection; may be NULL, which is yes. */
  bool (*wants_octets)(struct connection *connection);
};

enum phase { phase_connecting, phase_tls, phase_handshake, phase_open };

struct connection {
  struct source source;
  struct transport transport;
  const struct connection_listener *listener;
  enum phase phase;
  bool waits_for_room;
  /* From 0, among those of the run. */
  uint32_t index;

  /* Out: frames over and over, octets that are due since the beginning, and those that the kernel has taken. */
  struct cycle out;
  uint64_t due;
  uint64_t written;

  /* In: octets that have come since the handshake. */
  uint64_t received;

  /* Only during the handshake. */
  char *head;
  size_t head_length;
  const char *path;
  /* That is asked for, or NULL. */
  const char *subprotocol;
  /* 0, or permessage-deflate is to be used, and so long a message may be. */
  size_t deflated_bytes;
  char accept[accept_characters + 1];
  uint64_t began_ns;
};

/*
 * As a client: begins to connect to a port of 127.0.0.1.
 *
 * connection: zeroed, with index and listener set
 */
void connection_connect(struct connection *connection, uint16_t port, const char *path, bool tls);

/* As the server: takes over an accepted socket. */
void connection_serve(struct connection *connection, int fd);

/*
 * Sends octets at once, ahead of those that are due: little, and where the kernel is sure to take it. May be called
 * while no frame has been sent in part.
 */
void connection_say(struct connection *connection, const uint8_t *octets, size_t length);

/* Makes so many more octets due, and writes what can be written. */
void connection_send(struct connection *connection, uint64_t octets);
