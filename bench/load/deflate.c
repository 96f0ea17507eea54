#include "deflate.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "memory.h"

#ifdef WITH_ZLIB
#include <zlib.h>

enum { raw_window = -15, tail_bytes = 4, inflated_bytes = 16 * 1024, longest_window = 32 * 1024 };

static const uint8_t tail[tail_bytes] = {0x00, 0x00, 0xff, 0xff};

bool deflate_is_available(void) { return true; }

void deflate_check_answer(const char *answer, size_t length, size_t message_bytes) {
  static const char name[] = "permessage-deflate";
  static const char client_window[] = "client_max_window_bits=";
  char copy[256];
  if (length >= sizeof copy) fail("the server's extensions take %zu octets", length);
  memcpy(copy, answer, length);
  copy[length] = '\0';
  char after = strncmp(copy, name, sizeof name - 1) == 0 ? copy[sizeof name - 1] : 'x';
  if ((after != '\0' && after != ';' && after != ' ') || strchr(copy, ',') != NULL) {
    fail("the server uses extensions that were not offered: %s", copy);
  }
  const char *window = strstr(copy, client_window);
  if (window == NULL) return;
  long bits = strtol(window + sizeof client_window - 1 + (window[sizeof client_window - 1] == '"'), NULL, 10);
  if (bits < 8 || bits > 15) fail("the server sent an invalid client_max_window_bits: %s", copy);
  if (message_bytes > (size_t)1 << bits) {
    fail("the server gives its clients a window of %d octets, shorter than a message of %zu", 1 << bits, message_bytes);
  }
}

static z_stream *deflater(void) {
  static z_stream stream;
  static bool is_ready;
  if (is_ready) {
    deflateReset(&stream);
  } else if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    fail("no deflate stream");
  }
  is_ready = true;
  return &stream;
}

size_t deflate_room(size_t length) { return length + length / 100 + 64; }

size_t deflate_message(const uint8_t *message, size_t length, uint8_t *into) {
  z_stream *stream = deflater();
  stream->next_in = (Bytef *)message;
  stream->avail_in = (uInt)length;
  stream->next_out = into;
  stream->avail_out = (uInt)deflate_room(length);
  if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_in > 0 || stream->avail_out == 0) fail("deflate failed");
  size_t count = deflate_room(length) - stream->avail_out;
  if (count < tail_bytes || memcmp(into + count - tail_bytes, tail, tail_bytes) != 0) fail("deflate did not flush");
  return count - tail_bytes;
}

struct inflation {
  z_stream stream;
};

struct inflation *inflation_create(void) {
  struct inflation *inflation = allocate(1, sizeof *inflation);
  if (inflateInit2(&inflation->stream, raw_window) != Z_OK) fail("no inflate stream");
  return inflation;
}

void inflation_free(struct inflation *inflation) {
  if (inflation == NULL) return;
  inflateEnd(&inflation->stream);
  free(inflation);
}

/* A final block ends zlib's stream, but not the connection's: the next block may refer to what came before it. */
static bool begin_anew(z_stream *stream) {
  static Bytef window[longest_window];
  uInt length = 0;
  return inflateGetDictionary(stream, window, &length) == Z_OK && inflateReset(stream) == Z_OK &&
         inflateSetDictionary(stream, window, length) == Z_OK;
}

bool inflation_compare(struct inflation *inflation, const uint8_t *octets, size_t length, const uint8_t *expected,
                       size_t expected_length, size_t *at) {
  static uint8_t inflated[inflated_bytes];
  z_stream *stream = &inflation->stream;
  stream->next_in = (Bytef *)octets;
  stream->avail_in = (uInt)length;
  do {
    stream->next_out = inflated;
    stream->avail_out = sizeof inflated;
    int status = inflate(stream, Z_SYNC_FLUSH);
    size_t count = sizeof inflated - stream->avail_out;
    if (count > expected_length - *at || memcmp(inflated, expected + *at, count) != 0) return false;
    *at += count;
    if (status == Z_STREAM_END) {
      if (!begin_anew(stream)) return false;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return false;
    }
  } while (stream->avail_in > 0 || stream->avail_out == 0);
  return true;
}

bool inflation_end_message(struct inflation *inflation, const uint8_t *expected, size_t expected_length, size_t *at) {
  return inflation_compare(inflation, tail, tail_bytes, expected, expected_length, at) && *at == expected_length;
}

#else

bool deflate_is_available(void) { return false; }

__attribute__((noreturn)) static void fail_without(void) { fail("this program was built without zlib"); }

void deflate_check_answer(const char *answer, size_t length, size_t message_bytes) {
  (void)answer, (void)length, (void)message_bytes;
  fail_without();
}

size_t deflate_room(size_t length) { return length; }

size_t deflate_message(const uint8_t *message, size_t length, uint8_t *into) {
  (void)message, (void)length, (void)into;
  fail_without();
}

struct inflation *inflation_create(void) { fail_without(); }

void inflation_free(struct inflation *inflation) { (void)inflation; }

bool inflation_compare(struct inflation *inflation, const uint8_t *octets, size_t length, const uint8_t *expected,
                       size_t expected_length, size_t *at) {
  (void)inflation, (void)octets, (void)length, (void)expected, (void)expected_length, (void)at;
  fail_without();
}

bool inflation_end_message(struct inflation *inflation, const uint8_t *expected, size_t expected_length, size_t *at) {
  (void)inflation, (void)expected, (void)expected_length, (void)at;
  fail_without();
}
#endif
