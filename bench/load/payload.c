#include "payload.h"

#include <stdio.h>
#include <string.h>

/* Numbers that are the same in every run, and others for each message. */
static uint32_t next_number(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state >> 8;
}

static const char *any_word(uint32_t *state) {
  static const char *const words[] = {
      "amber",  "basalt", "copper", "delta",  "ember",  "fjord",   "garnet", "harbor", "indigo", "juniper", "kestrel",
      "linden", "marble", "nimbus", "onyx",   "prairie", "quartz", "russet", "sierra", "tundra", "umber",   "vesper",
      "willow", "xenon",  "yarrow", "zephyr", "orchard", "signal", "ledger", "beacon", "cinder", "meadow"};
  return words[next_number(state) % (sizeof words / sizeof words[0])];
}

/*
 * A list of records as an application sends it: the same names in each, values that differ. What is left at the end is
 * filled with words.
 */
static void write_json(char *at, size_t length, uint32_t owner, size_t kind) {
  static const char before_note[] = "],\"note\":\"";
  static const char end[] = "\"}";
  uint32_t state = (owner + 1) * 2654435761u ^ (uint32_t)(kind + 1) * 40503u;
  if (state == 0) state = 1;
  char piece[256];
  size_t count = (size_t)snprintf(piece, sizeof piece, "{\"id\":\"%x.%zx\",\"at\":%u%03u,\"records\":[", owner, kind,
                                  1700000000u + next_number(&state) % 100000000u, next_number(&state) % 1000u);
  size_t closing = sizeof before_note - 1 + sizeof end - 1;
  if (length < count + closing) {
    /* Too short for any of it: a string of who and which, or a digit. */
    int name_bytes = snprintf(piece, sizeof piece, "%x.%zx ", owner, kind);
    for (size_t i = 0; i < length; i++) at[i] = piece[i % (size_t)name_bytes];
    if (length > 0) at[0] = length > 1 ? '"' : '1';
    if (length > 1) at[length - 1] = '"';
    return;
  }
  size_t length_left = length - closing;
  size_t done = 0;
  for (unsigned number = 0; done + count <= length_left; number++) {
    memcpy(at + done, piece, count);
    done += count;
    const char *name = any_word(&state);
    const char *place = any_word(&state);
    unsigned identifier = next_number(&state) % 1000000u;
    count = (size_t)snprintf(piece, sizeof piece,
                             "%s{\"id\":%u,\"name\":\"%s %s\",\"price\":%u.%02u,\"amount\":%u,\"state\":\"%s\"}",
                             number == 0 ? "" : ",", identifier, name, place, next_number(&state) % 1000u,
                             next_number(&state) % 100u, next_number(&state) % 64u,
                             next_number(&state) % 3 == 0 ? "waiting" : "settled");
  }
  memcpy(at + done, before_note, sizeof before_note - 1);
  done += sizeof before_note - 1;
  size_t note_end = length - (sizeof end - 1);
  while (done < note_end) {
    const char *word = any_word(&state);
    size_t word_length = strlen(word);
    size_t left = note_end - done;
    memcpy(at + done, word, word_length < left ? word_length : left);
    done += word_length < left ? word_length : left;
    if (done < note_end) at[done++] = ' ';
  }
  memcpy(at + note_end, end, sizeof end - 1);
}

/* Who owns the message and which one it is, then a sentence over and over. Text is valid wherever it is cut off. */
void write_payload(uint8_t *at, size_t length, enum message_type type, uint32_t owner, size_t kind) {
  if (type == type_json) {
    write_json((char *)at, length, owner, kind);
    return;
  }
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
