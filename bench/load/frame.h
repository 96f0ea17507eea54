/* Frames (RFC 6455 §5.2), encoded before anything is measured, and held against what comes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "payload.h"

enum { max_header_bytes = 14, mask_bytes = 4 };

/*
 * Octets that are sent, or expected, over and over: frames one behind the other. What belongs at a place of the endless
 * stream is octets[place % period], and from there on to `length`, which is a period or more: a burst of frames is in
 * one piece wherever it begins.
 */
struct cycle {
  uint8_t *octets;
  /* Of each frame; 0 where they differ, and `ends` has where each of a period ends. */
  size_t frame_bytes;
  size_t *ends;
  size_t kinds;
  size_t period;
  size_t length;
};

/* Octets of a header, with the masking key where there is one. */
size_t header_bytes(size_t payload_bytes, bool masked);

/*
 * Makes the frames of one connection.
 *
 * kinds: how many messages there are before the first comes again
 * burst: how many frames shall be in one piece at least
 * owner: goes into the payload, so that no connection can be given what belongs to another
 * masked: by a key of its own for each frame
 */
struct cycle create_cycle(enum message_type type, size_t payload_bytes, size_t kinds, size_t burst, uint32_t owner,
                          bool masked);

/* The same, masked and compressed (RFC 7692), each for itself: none refers to another. */
struct cycle create_deflated_cycle(enum message_type type, size_t payload_bytes, size_t kinds, size_t burst,
                                   uint32_t owner);

/*
 * Writes one masked frame, with room for max_header_bytes and the payload.
 *
 * returns: its octets
 */
size_t write_masked_frame(uint8_t *at, enum message_type type, const uint8_t *payload, size_t length);

/* The same of a pong, whose payload is that of the ping. */
size_t write_pong(uint8_t *at, const uint8_t *payload, size_t length);

/* Octets of so many frames, from number `first` of the endless stream on. */
uint64_t cycle_octets(const struct cycle *cycle, uint64_t first, uint64_t count);

void free_cycle(struct cycle *cycle);

/*
 * Compares octets that came with what belongs there.
 *
 * place: where in the endless stream they begin
 * returns how many octets are right before the first wrong one; `length` when all are
 */
size_t compare_with_cycle(const struct cycle *cycle, uint64_t place, const uint8_t *octets, size_t length);
