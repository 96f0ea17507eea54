#include "replies.h"

#include <string.h>

#include "fail.h"
#include "memory.h"

enum { fin_bit = 0x80, rsv1 = 0x40, reserved_bits = 0x70, mask_bit = 0x80, opcode_bits = 0x0f, opcode_text = 1 };

struct expectation create_expectation(enum message_type type, size_t payload_bytes, size_t kinds, uint32_t owner) {
  struct expectation expectation = {.payload_bytes = payload_bytes, .kinds = kinds};
  expectation.opcode = type == type_binary ? 2 : opcode_text;
  expectation.payloads = allocate(kinds * payload_bytes + 1, 1);
  for (size_t kind = 0; kind < kinds; kind++) {
    write_payload(expectation.payloads + kind * payload_bytes, payload_bytes, type, owner, kind);
  }
  return expectation;
}

static bool is_greeting(const struct replies *replies) { return replies->greeting != NULL && !replies->is_greeted; }

static bool is_checked(const struct replies *replies) { return replies->messages < replies->checked; }

__attribute__((noreturn)) static void fail_wrong(const struct replies *replies, const char *what) {
  fail("the server sent %s to connection %u, after %llu right messages", what, replies->index,
       (unsigned long long)replies->messages);
}

static const uint8_t *expected(const struct replies *replies, size_t *length) {
  if (is_greeting(replies)) {
    *length = strlen(replies->greeting);
    return (const uint8_t *)replies->greeting;
  }
  const struct expectation *expectation = replies->expectation;
  *length = expectation->payload_bytes;
  return expectation->payloads + replies->messages % expectation->kinds * expectation->payload_bytes;
}

/* Octets of the header that are there, or would be with the two first ones. */
static size_t header_needs(const struct replies *replies) {
  if (replies->header_length < 2) return 2;
  uint8_t length = replies->header[1] & 0x7f;
  return length < 126 ? 2 : length == 126 ? 4 : 10;
}

static void begin_frame(struct replies *replies) {
  uint8_t first = replies->header[0];
  uint8_t opcode = first & opcode_bits;
  uint8_t due = replies->is_within ? 0 : is_greeting(replies) ? opcode_text : replies->expectation->opcode;
  if (opcode != due) fail_wrong(replies, "a frame of another kind");
  if (replies->header[1] & mask_bit) fail_wrong(replies, "a masked frame");
  if (first & reserved_bits & ~(replies->is_within ? 0 : rsv1)) fail_wrong(replies, "reserved bits");
  if (!replies->is_within) {
    replies->is_compressed = (first & rsv1) != 0;
    replies->at = 0;
  }
  replies->is_within = true;
  replies->fin = (first & fin_bit) != 0;
  size_t needs = header_needs(replies);
  replies->left = needs == 2 ? replies->header[1] & 0x7f : 0;
  for (size_t i = 2; i < needs; i++) replies->left = replies->left << 8 | replies->header[i];
}

static void take_payload(struct replies *replies, const uint8_t *octets, size_t length) {
  replies->left -= length;
  if (length == 0 || !(is_checked(replies) || is_greeting(replies))) return;
  size_t due;
  const uint8_t *payload = expected(replies, &due);
  bool is_right;
  if (replies->is_compressed) {
    if (replies->inflation == NULL) replies->inflation = inflation_create();
    is_right = inflation_compare(replies->inflation, octets, length, payload, due, &replies->at);
  } else {
    is_right = length <= due - replies->at && memcmp(octets, payload + replies->at, length) == 0;
    replies->at += length;
  }
  if (!is_right) fail_wrong(replies, "a wrong message");
}

static void end_message(struct replies *replies) {
  if (is_checked(replies) || is_greeting(replies)) {
    size_t due;
    const uint8_t *payload = expected(replies, &due);
    bool is_right = replies->at == due;
    if (replies->is_compressed) {
      if (replies->inflation == NULL) fail_wrong(replies, "a compressed message without an octet");
      is_right = inflation_end_message(replies->inflation, payload, due, &replies->at);
    }
    if (!is_right) fail_wrong(replies, "a message that ends too early");
  }
  replies->is_within = false;
  if (is_greeting(replies)) replies->is_greeted = true;
  else replies->messages++;
  if (is_checked(replies)) return;
  inflation_free(replies->inflation);
  replies->inflation = NULL;
}

void replies_take(struct replies *replies, const uint8_t *octets, size_t length) {
  size_t done = 0;
  while (done < length) {
    size_t needs = header_needs(replies);
    if (replies->header_length < needs) {
      replies->header[replies->header_length++] = octets[done++];
      if (replies->header_length < header_needs(replies)) continue;
      begin_frame(replies);
    }
    size_t piece = length - done < replies->left ? length - done : (size_t)replies->left;
    take_payload(replies, octets + done, piece);
    done += piece;
    if (replies->left > 0) return;
    replies->header_length = 0;
    if (replies->fin) end_message(replies);
  }
}
