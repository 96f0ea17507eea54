/*
 * What a real-time server sends on one connection: WebSocket frames, with any number of messages in each, whose
 * envelopes are the server's affair. A message is found by how its value begins, `{"id":"` and twelve digits; what is
 * behind that is known. It is read once, octet by octet only as far as the digits, whatever the protocol is, so that it
 * costs the same for each.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "speech.h"

enum { id_digits = 12, max_text = 4096 };

/* How the value of a message begins, before the digits. */
#define VALUE_START "{\"id\":\""

struct intake;

struct intake_listener {
  /* The value of a message has begun, and this is its number. */
  void (*on_number)(struct intake *intake, uint64_t number);
  /* A frame without messages: its text, or the first max_text octets of it. */
  void (*on_text)(struct intake *intake, const char *text);
  /* A ping. */
  void (*on_ping)(struct intake *intake, const uint8_t *payload, size_t length);
};

struct intake {
  const struct intake_listener *listener;
  const struct speech *speech;
  /* Of the connection, for messages to people. */
  uint32_t index;
  /* What stands behind the digits of a value, to its end. */
  const char *rest;
  size_t rest_length;
  /* Whether that is compared. */
  bool is_comparing;

  /* The frame that comes in. */
  enum { frame_head, frame_opening, frame_messages, frame_text } state;
  uint8_t head[10];
  size_t head_length;
  uint8_t opcode;
  uint64_t left;
  /* Of a frame whose messages have not begun, and of a text. */
  char opening[max_opening];
  size_t opening_length;
  char *text;
  size_t text_length;

  /* The value that comes in. */
  size_t matched;
  size_t digits;
  uint64_t number;
  size_t rest_left;
};

/* Takes octets; ends the program at the first that is wrong. */
void intake_take(struct intake *intake, const uint8_t *octets, size_t length);
