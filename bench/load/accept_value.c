#include "accept_value.h"

#include <stdint.h>
#include <string.h>

#include "fail.h"
#include "random.h"

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static uint32_t rotate(uint32_t value, unsigned bits) { return value << bits | value >> (32 - bits); }

/* One block of SHA-1 (FIPS 180-4 §6.1.2). */
static void sha1_block(uint32_t hash[5], const uint8_t block[64]) {
  uint32_t schedule[80];
  for (int t = 0; t < 16; t++) {
    schedule[t] = (uint32_t)block[t * 4] << 24 | (uint32_t)block[t * 4 + 1] << 16 | (uint32_t)block[t * 4 + 2] << 8 |
                  block[t * 4 + 3];
  }
  for (int t = 16; t < 80; t++) {
    schedule[t] = rotate(schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16], 1);
  }
  uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
  for (int t = 0; t < 80; t++) {
    uint32_t mixed = t < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                     : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                     : t < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                              : (b ^ c ^ d) + 0xca62c1d6;
    uint32_t next = rotate(a, 5) + mixed + e + schedule[t];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e;
}

/* SHA-1 of at most 119 octets, which are two blocks with the padding. */
static void sha1_short(const uint8_t *octets, size_t length, uint8_t digest[20]) {
  uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint8_t padded[128] = {0};
  size_t padded_length = length < 56 ? 64 : 128;
  memcpy(padded, octets, length);
  padded[length] = 0x80;
  uint64_t bits = (uint64_t)length * 8;
  for (int i = 0; i < 8; i++) padded[padded_length - 1 - (size_t)i] = (uint8_t)(bits >> (8 * i));
  for (size_t at = 0; at < padded_length; at += 64) sha1_block(hash, padded + at);
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64(const uint8_t *octets, size_t length, char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < length; at += 3) {
    size_t left = length - at;
    uint32_t group = (uint32_t)octets[at] << 16 | (left > 1 ? (uint32_t)octets[at + 1] << 8 : 0) |
                     (left > 2 ? octets[at + 2] : 0);
    *text++ = digits[group >> 18];
    *text++ = digits[group >> 12 & 63];
    *text++ = left > 1 ? digits[group >> 6 & 63] : '=';
    *text++ = left > 2 ? digits[group & 63] : '=';
  }
  *text = '\0';
}

void create_key(char key[key_characters + 1]) {
  uint64_t nonce[2] = {random_u64(), random_u64()};
  base64((const uint8_t *)nonce, sizeof nonce, key);
}

void accept_value(const char *key, size_t key_length, char accept[accept_characters + 1]) {
  uint8_t text[119];
  uint8_t digest[20];
  if (key_length + sizeof guid - 1 > sizeof text) fail("a Sec-WebSocket-Key of %zu characters", key_length);
  memcpy(text, key, key_length);
  memcpy(text + key_length, guid, sizeof guid - 1);
  sha1_short(text, key_length + sizeof guid - 1, digest);
  base64(digest, sizeof digest, accept);
}
