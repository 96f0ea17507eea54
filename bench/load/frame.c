#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "deflate.h"
#include "fail.h"
#include "memory.h"
#include "random.h"

/* A burst is in one piece up to this; beyond it a write takes no less than one system call for a part of it anyway. */
enum { max_piece_bytes = 256 * 1024 };

/* RFC 7692 §6: the message is compressed. */
enum { rsv1 = 0x40 };

size_t header_bytes(size_t payload_bytes, bool masked) {
  size_t length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  return 2 + length_bytes + (masked ? mask_bytes : 0);
}

static void write_header(uint8_t *at, enum message_type type, size_t payload_bytes, bool masked, bool deflated) {
  uint8_t mask_bit = masked ? 0x80 : 0;
  at[0] = 0x80 | (type == type_binary ? 2 : 1) | (deflated ? rsv1 : 0);
  if (payload_bytes < 126) {
    at[1] = mask_bit | (uint8_t)payload_bytes;
  } else if (payload_bytes < 65536) {
    at[1] = mask_bit | 126;
    at[2] = (uint8_t)(payload_bytes >> 8);
    at[3] = (uint8_t)payload_bytes;
  } else {
    at[1] = mask_bit | 127;
    for (int i = 0; i < 8; i++) at[2 + i] = (uint8_t)((uint64_t)payload_bytes >> (56 - 8 * i));
  }
}

/* By a new key, which goes before the payload. */
static void mask(uint8_t *payload, size_t length) {
  uint32_t key = (uint32_t)random_u64();
  memcpy(payload - mask_bytes, &key, mask_bytes);
  for (size_t i = 0; i < length; i++) payload[i] ^= payload[(long)(i & 3) - mask_bytes];
}

size_t write_masked_frame(uint8_t *at, enum message_type type, const uint8_t *payload, size_t length) {
  size_t start = header_bytes(length, true);
  write_header(at, type, length, true, false);
  memcpy(at + start, payload, length);
  mask(at + start, length);
  return start + length;
}

size_t write_pong(uint8_t *at, const uint8_t *payload, size_t length) {
  size_t frame_bytes = write_masked_frame(at, type_binary, payload, length);
  at[0] = 0x8a;
  return frame_bytes;
}

struct cycle create_cycle(enum message_type type, size_t payload_bytes, size_t kinds, size_t burst, uint32_t owner,
                          bool masked) {
  size_t start = header_bytes(payload_bytes, masked);
  size_t frame_bytes = start + payload_bytes;
  size_t spare = burst > 1 ? burst - 1 : 0;
  if (spare * frame_bytes > max_piece_bytes) spare = max_piece_bytes / frame_bytes;
  struct cycle cycle = {.frame_bytes = frame_bytes, .kinds = kinds, .period = kinds * frame_bytes};
  cycle.length = cycle.period + spare * frame_bytes;
  cycle.octets = allocate(cycle.length, 1);
  for (size_t kind = 0; kind < kinds; kind++) {
    uint8_t *frame = cycle.octets + kind * frame_bytes;
    write_header(frame, type, payload_bytes, masked, false);
    write_payload(frame + start, payload_bytes, type, owner, kind);
    if (!masked) continue;
    mask(frame + start, payload_bytes);
  }
  for (size_t at = cycle.period; at < cycle.length; at += frame_bytes) {
    memcpy(cycle.octets + at, cycle.octets + at % cycle.period, frame_bytes);
  }
  return cycle;
}

struct cycle create_deflated_cycle(enum message_type type, size_t payload_bytes, size_t kinds, size_t burst,
                                   uint32_t owner) {
  struct cycle cycle = {.kinds = kinds};
  cycle.ends = allocate(kinds, sizeof *cycle.ends);
  size_t room = kinds * (max_header_bytes + deflate_room(payload_bytes));
  uint8_t *payload = allocate(payload_bytes + 1, 1);
  uint8_t *deflated = allocate(deflate_room(payload_bytes), 1);
  cycle.octets = allocate(2 * room, 1);
  for (size_t kind = 0; kind < kinds; kind++) {
    write_payload(payload, payload_bytes, type, owner, kind);
    size_t count = deflate_message(payload, payload_bytes, deflated);
    uint8_t *frame = cycle.octets + cycle.period;
    size_t start = header_bytes(count, true);
    write_header(frame, type, count, true, true);
    memcpy(frame + start, deflated, count);
    mask(frame + start, count);
    cycle.period += start + count;
    cycle.ends[kind] = cycle.period;
  }
  size_t spare = burst > kinds ? cycle.period : burst > 1 ? cycle.ends[burst - 2] : 0;
  if (spare > max_piece_bytes) spare = max_piece_bytes;
  memcpy(cycle.octets + cycle.period, cycle.octets, spare);
  cycle.length = cycle.period + spare;
  cycle.octets = realloc(cycle.octets, cycle.length);
  if (cycle.octets == NULL) fail("out of memory");
  free(payload);
  free(deflated);
  return cycle;
}

/* Where frame number `number` of the endless stream begins. */
static uint64_t place_of(const struct cycle *cycle, uint64_t number) {
  uint64_t turns = number / cycle->kinds * cycle->period;
  size_t kind = (size_t)(number % cycle->kinds);
  return turns + (kind == 0 ? 0 : cycle->ends[kind - 1]);
}

uint64_t cycle_octets(const struct cycle *cycle, uint64_t first, uint64_t count) {
  if (cycle->ends == NULL) return count * cycle->frame_bytes;
  return place_of(cycle, first + count) - place_of(cycle, first);
}

void free_cycle(struct cycle *cycle) {
  free(cycle->octets);
  free(cycle->ends);
  *cycle = (struct cycle){0};
}

size_t compare_with_cycle(const struct cycle *cycle, uint64_t place, const uint8_t *octets, size_t length) {
  size_t done = 0;
  while (done < length) {
    size_t at = (size_t)((place + done) % cycle->period);
    size_t piece = cycle->length - at < length - done ? cycle->length - at : length - done;
    if (memcmp(octets + done, cycle->octets + at, piece) != 0) {
      while (octets[done] == cycle->octets[at]) done++, at++;
      return done;
    }
    done += piece;
  }
  return length;
}
