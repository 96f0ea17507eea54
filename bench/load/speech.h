/*
 * What clients of real-time servers say, and how what they are told is read: openline's protocol (docs/protocol.md of
 * openline) and that of Socket.IO (engine.io 4 and socket.io 5), as far as a load of channels needs it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum told { told_nothing, told_welcome, told_subscribed, told_alive, told_wrong };

struct speech {
  const char *name;
  /* Of the handshake; `subprotocol` may be NULL. */
  const char *path;
  const char *subprotocol;
  /* Said when the connection is open, and in answer to what may be answered (told_alive); NULL: nothing. */
  const char *hello;
  const char *alive;
  /* printf formats of a subscription (request number, channel), and of a message (request number, channel, value). */
  const char *subscribe;
  const char *publish;
  /* What a frame with deliveries begins with: one of these. At most max_opening characters each. */
  const char *openings[4];
  /* What a frame tells that has none. `request` is set by told_subscribed: the number of the request, or the highest. */
  enum told (*understand)(const char *text, uint32_t *request);
};

enum { max_opening = 6 };

/* Ends the program where there is none of this name. */
const struct speech *find_speech(const char *name);
