/*
 * What a server sends on a connection whose messages may be compressed: read frame by frame, since their lengths are
 * the server's affair. A message may come in fragments, and without compression (RFC 7692 §6), but it must be the one
 * that is due: the first ones are inflated and compared whole. After that a server with context takeover could only be
 * followed by going on like that; frames and octets are counted, and some connections are inflated to the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deflate.h"
#include "payload.h"

/* One connection in so many is inflated and compared to the end. */
enum { followed_every = 64 };

/* The payloads that are due, over and over. */
struct expectation {
  uint8_t *payloads;
  size_t payload_bytes;
  size_t kinds;
  uint8_t opcode;
};

/* As `create_cycle` and `create_deflated_cycle` make them. */
struct expectation create_expectation(enum message_type type, size_t payload_bytes, size_t kinds, uint32_t owner);

struct replies {
  const struct expectation *expectation;
  /* A text that comes before the others, or NULL. */
  const char *greeting;
  /* Of the connection, for messages to people. */
  uint32_t index;
  /* How many are compared. */
  uint64_t checked;
  /* Whole ones, and whether the greeting has come. */
  uint64_t messages;
  bool is_greeted;

  /* The frame that comes in. */
  uint8_t header[10];
  size_t header_length;
  uint64_t left;
  bool fin;
  /* The message that comes in. */
  bool is_within;
  bool is_compressed;
  size_t at;
  struct inflation *inflation;
};

/* Takes octets; ends the program at the first that is wrong. */
void replies_take(struct replies *replies, const uint8_t *octets, size_t length);
