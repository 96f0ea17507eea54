#include "frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "random.h"

/* A burst is in one piece up to this; beyond it a write takes no less than one system call for a part of it anyway. */
enum { max_piece_bytes = 256 * 1024 };

size_t header_bytes(size_t payload_bytes, bool masked) {
  size_t length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  return 2 + length_bytes + (masked ? mask_bytes : 0);
}

static void write_header(uint8_t *at, enum message_type type, size_t payload_bytes, bool masked) {
  uint8_t mask_bit = masked ? 0x80 : 0;
  at[0] = 0x80 | (type == type_binary ? 2 : 1);
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

/* Who owns the message and which one it is, then a sentence over and over. Text is valid wherever it is cut off. */
static void write_payload(uint8_t *at, size_t length, enum message_type type, uint32_t owner, size_t kind) {
  static const char ascii[] = "the quick brown fox jumps over the lazy dog. ";
  static const char wide[] = "Ёж и Öl, 漢字 \U0001F98A; ";
  const char *sentence = type == type_utf8 ? wide : ascii;
  size_t sentence_bytes = type == type_utf8 ? sizeof wide - 1 : sizeof ascii - 1;
  char name[48];
  int name_bytes = snprintf(name, sizeof name, "%x.%zx ", owner, kind);
  for (size_t i = 0; i < length; i++) {
    at[i] = (uint8_t)(i < (size_t)name_bytes ? name[i] : sentence[(i - (size_t)name_bytes) % sentence_bytes]);
  }
  if (type == type_binary && length >= 32) {
    /* Octets of every value, as binary data has them. */
    for (size_t i = (size_t)name_bytes; i < length; i++) at[i] = (uint8_t)(at[i] * 167 + i * 13 + owner);
  }
  if (type != type_utf8) return;
  /* A code point that was cut off at the end gives way to dots. */
  size_t start = length;
  while (start > 0 && (at[start - 1] & 0xc0) == 0x80) start--;
  if (start == 0) return;
  uint8_t lead = at[start - 1];
  size_t whole = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (start - 1 + whole > length) memset(at + start - 1, '.', length - (start - 1));
}

struct cycle create_cycle(enum message_type type, size_t payload_bytes, size_t kinds, size_t burst, uint32_t owner,
                          bool masked) {
  size_t start = header_bytes(payload_bytes, masked);
  size_t frame_bytes = start + payload_bytes;
  size_t spare = burst > 1 ? burst - 1 : 0;
  if (spare * frame_bytes > max_piece_bytes) spare = max_piece_bytes / frame_bytes;
  struct cycle cycle = {.frame_bytes = frame_bytes, .period = kinds * frame_bytes};
  cycle.length = cycle.period + spare * frame_bytes;
  cycle.octets = allocate(cycle.length, 1);
  for (size_t kind = 0; kind < kinds; kind++) {
    uint8_t *frame = cycle.octets + kind * frame_bytes;
    write_header(frame, type, payload_bytes, masked);
    write_payload(frame + start, payload_bytes, type, owner, kind);
    if (!masked) continue;
    uint32_t key = (uint32_t)random_u64();
    memcpy(frame + start - mask_bytes, &key, mask_bytes);
    for (size_t i = 0; i < payload_bytes; i++) frame[start + i] ^= frame[start - mask_bytes + (i & 3)];
  }
  for (size_t at = cycle.period; at < cycle.length; at += frame_bytes) {
    memcpy(cycle.octets + at, cycle.octets + at % cycle.period, frame_bytes);
  }
  return cycle;
}

void free_cycle(struct cycle *cycle) {
  free(cycle->octets);
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
