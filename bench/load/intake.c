#include "intake.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "memory.h"

enum { opcode_text = 1, opcode_close = 8, opcode_ping = 9, opcode_pong = 10 };

static const char value_start[] = VALUE_START;
enum { start_length = sizeof value_start - 1 };

/* Takes what belongs to the frame's header. Returns how many octets that was. */
static size_t take_head(struct intake *intake, const uint8_t *octets, size_t length) {
  size_t taken = 0;
  while (taken < length) {
    intake->head[intake->head_length++] = octets[taken++];
    if (intake->head_length < 2) continue;
    uint8_t first = intake->head[0];
    uint8_t short_length = intake->head[1];
    size_t whole = short_length < 126 ? 2 : short_length == 126 ? 4 : 10;
    if (intake->head_length < whole) continue;
    intake->opcode = first & 0x0f;
    bool is_known = intake->opcode == opcode_text || (intake->opcode >= opcode_close && intake->opcode <= opcode_pong);
    if ((first & 0xf0) != 0x80 || (short_length & 0x80) != 0 || !is_known) {
      fail("the server sent a frame to connection %u that begins with %02x %02x", intake->index, first, short_length);
    }
    intake->left = short_length;
    if (whole > 2) {
      intake->left = 0;
      for (size_t i = 2; i < whole; i++) intake->left = intake->left << 8 | intake->head[i];
    }
    intake->head_length = 0;
    intake->opening_length = 0;
    intake->text_length = 0;
    intake->state = intake->opcode == opcode_text ? frame_opening : frame_text;
    break;
  }
  return taken;
}

static void take_text(struct intake *intake, const uint8_t *octets, size_t length) {
  if (intake->text == NULL) intake->text = allocate(max_text + 1, 1);
  size_t room = max_text - intake->text_length;
  size_t count = length < room ? length : room;
  memcpy(intake->text + intake->text_length, octets, count);
  intake->text_length += count;
}

/* The first octets tell whether there are messages in a frame. */
static size_t take_opening(struct intake *intake, const uint8_t *octets, size_t length) {
  size_t count = 0;
  while (count < length && intake->opening_length < max_opening) {
    intake->opening[intake->opening_length++] = (char)octets[count++];
  }
  if (intake->opening_length < max_opening && intake->left > count) return count;
  for (size_t i = 0; i < 4 && intake->speech->openings[i] != NULL; i++) {
    const char *opening = intake->speech->openings[i];
    size_t opening_length = strlen(opening);
    if (opening_length <= intake->opening_length && memcmp(opening, intake->opening, opening_length) == 0) {
      intake->state = frame_messages;
      return count;
    }
  }
  intake->state = frame_text;
  take_text(intake, (const uint8_t *)intake->opening, intake->opening_length);
  return count;
}

static size_t take_rest(struct intake *intake, const uint8_t *octets, size_t length) {
  size_t count = intake->rest_left < length ? intake->rest_left : length;
  const char *due = intake->rest + intake->rest_length - intake->rest_left;
  if (intake->is_comparing && memcmp(octets, due, count) != 0) {
    fail("the server sent a wrong value to subscriber %u, in message %llu", intake->index,
         (unsigned long long)intake->number);
  }
  intake->rest_left -= count;
  return count;
}

static void take_messages(struct intake *intake, const uint8_t *octets, size_t length) {
  size_t at = 0;
  while (at < length) {
    if (intake->rest_left > 0) {
      at += take_rest(intake, octets + at, length - at);
    } else if (intake->matched == 0) {
      const uint8_t *found = memchr(octets + at, value_start[0], length - at);
      if (found == NULL) return;
      at = (size_t)(found - octets) + 1;
      intake->matched = 1;
    } else if (intake->matched < start_length) {
      /* Only its first octet could begin it anew, and stays to be looked at. */
      if ((char)octets[at] != value_start[intake->matched]) intake->matched = 0;
      else intake->matched++, at++;
      intake->digits = 0;
      intake->number = 0;
    } else {
      uint8_t digit = (uint8_t)(octets[at++] - '0');
      if (digit > 9) fail("the server sent an id to subscriber %u that is none", intake->index);
      intake->number = intake->number * 10 + digit;
      if (++intake->digits < id_digits) continue;
      intake->matched = 0;
      intake->rest_left = intake->rest_length;
      intake->listener->on_number(intake, intake->number);
    }
  }
}

static void end_frame(struct intake *intake) {
  if (intake->state == frame_messages) {
    if (intake->rest_left > 0 || intake->matched >= start_length) {
      fail("the server sent subscriber %u a frame that ends within a value", intake->index);
    }
    intake->matched = 0;
  } else {
    if (intake->text == NULL) intake->text = allocate(max_text + 1, 1);
    intake->text[intake->text_length] = '\0';
    if (intake->opcode == opcode_close) {
      const char *reason = intake->text_length > 2 ? intake->text + 2 : "";
      fail("the server closes connection %u: %s", intake->index, reason);
    }
    if (intake->opcode == opcode_ping) {
      intake->listener->on_ping(intake, (const uint8_t *)intake->text, intake->text_length);
    } else if (intake->opcode == opcode_text) {
      intake->listener->on_text(intake, intake->text);
    }
    free(intake->text);
    intake->text = NULL;
  }
  intake->state = frame_head;
}

void intake_take(struct intake *intake, const uint8_t *octets, size_t length) {
  size_t at = 0;
  while (at < length) {
    if (intake->state == frame_head) {
      at += take_head(intake, octets + at, length - at);
    } else {
      size_t count = intake->left < length - at ? (size_t)intake->left : length - at;
      if (intake->state == frame_opening) count = take_opening(intake, octets + at, count);
      else if (intake->state == frame_messages) take_messages(intake, octets + at, count);
      else take_text(intake, octets + at, count);
      at += count;
      intake->left -= count;
    }
    if (intake->state != frame_head && intake->left == 0) {
      if (intake->state == frame_opening) take_opening(intake, NULL, 0);
      end_frame(intake);
    }
  }
}
