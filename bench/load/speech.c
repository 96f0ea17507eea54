#include "speech.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

/* One frame or a batch of them: what matters stands at the beginning of a frame, which is told apart from a text within. */
static const char *frame_in(const char *text, const char *beginning) {
  if (*text == '[' && text[1] == '[') text++;
  if (strncmp(text, beginning, strlen(beginning)) == 0) return text;
  for (const char *at = strstr(text, "],"); at != NULL; at = strstr(at + 2, "],")) {
    if (strncmp(at + 2, beginning, strlen(beginning)) == 0) return at + 2;
  }
  return NULL;
}

static enum told understand_openline(const char *text, uint32_t *request) {
  static const char *const wrongs[] = {"[\"err\",", "[\"lost\",", "[\"gap\",", "[\"closed\",", "[\"goaway\","};
  static const char ok[] = "[\"ok\",";
  for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
    if (frame_in(text, wrongs[i]) != NULL) return told_wrong;
  }
  *request = 0;
  for (const char *at = frame_in(text, ok); at != NULL; at = frame_in(at + sizeof ok - 1, ok)) {
    uint32_t number = (uint32_t)strtoul(at + sizeof ok - 1, NULL, 10);
    if (number > *request) *request = number;
  }
  if (*request > 0) return told_subscribed;
  return frame_in(text, "[\"welcome\",") != NULL ? told_welcome : told_nothing;
}

static enum told understand_socket_io(const char *text, uint32_t *request) {
  switch (text[0]) {
    case '0': return told_nothing;
    case '2': return told_alive;
    case '4': break;
    default: return told_wrong;
  }
  if (text[1] == '0') return told_welcome;
  if (text[1] != '3') return told_wrong;
  *request = (uint32_t)strtoul(text + 2, NULL, 10);
  return told_subscribed;
}

#define OPENLINE(kind, verb, letter)                                                    \
  {                                                                                     \
      .name = kind,                                                                     \
      .path = "/",                                                                      \
      .subprotocol = "openline.v1.json",                                                \
      .hello = "[\"hello\",{}]",                                                        \
      .subscribe = "[\"sub\",%u,\"%s\"]",                                               \
      .publish = "[\"" verb "\",%u,\"%s\",%s]",                                         \
      .openings = {"[\"" letter "\",", "[[\"" letter "\","},                            \
      .understand = understand_openline,                                                \
  }

static const struct speech speeches[] = {
    OPENLINE("openline", "pub", "m"),
    OPENLINE("openline-signal", "sig", "s"),
    {
        .name = "socket.io",
        .path = "/socket.io/?EIO=4&transport=websocket",
        .hello = "40",
        .alive = "3",
        .subscribe = "42%u[\"join\",\"%s\"]",
        .publish = "42%u[\"publish\",\"%s\",%s]",
        .openings = {"42["},
        .understand = understand_socket_io,
    },
};

const struct speech *find_speech(const char *name) {
  for (size_t i = 0; name != NULL && i < sizeof speeches / sizeof speeches[0]; i++) {
    if (strcmp(speeches[i].name, name) == 0) return &speeches[i];
  }
  fail("--speak must be openline, openline-signal or socket.io, not %s", name == NULL ? "nothing" : name);
}
