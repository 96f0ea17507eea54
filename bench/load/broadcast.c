/*
 * Broadcast: one connection publishes, the others are sent what it published. So many messages are in flight: number n
 * is published when every subscriber has had number n minus that.
 *
 * A subscriber is counted as one when the server has told it, with the text "subscribed": only then can nothing be
 * missed. Messages are numbered, so that one that is lost, doubled or in the wrong order is a wrong octet.
 */
#include <string.h>

#include "checking.h"
#include "clock.h"
#include "connection.h"
#include "fail.h"
#include "memory.h"
#include "mode.h"
#include "opening.h"
#include "replies.h"

struct subscriber {
  struct connection connection;
  /* With compression. */
  struct replies replies;
  uint64_t completed;
  uint32_t reads;
};

/* Far more kinds than are ever in flight. */
enum { handshakes_at_once = 64, published_kinds = 64 };

/* A text frame (RFC 6455 §5.2). */
static const char greeting[] = "\x81\x0asubscribed";
static const char greeting_text[] = "subscribed";
enum { greeting_bytes = sizeof greeting - 1 };

static const struct settings *settings;
static struct subscriber *subscribers;
static struct connection publisher;
/* What every subscriber is sent. */
static struct cycle delivery;
static struct expectation expectation;
static size_t greeted;
static uint64_t published;
/* Messages that every subscriber has had. */
static uint64_t completed;
/* Of each message in flight, by its number modulo how many there are: how many still lack it, and when it was sent. */
static uint64_t *lacking;
static uint64_t *published_ns;
static bool is_stopping;

static void publish(void) {
  uint64_t count = is_stopping ? 0 : settings->in_flight - (published - completed);
  uint64_t now = now_ns();
  for (uint64_t i = published; i < published + count; i++) {
    lacking[i % settings->in_flight] = settings->connections;
    published_ns[i % settings->in_flight] = now;
  }
  uint64_t octets = cycle_octets(&publisher.out, published, count);
  published += count;
  if (count > 0) connection_send(&publisher, octets);
}

static void count_greeted(void) {
  greeted++;
  if (greeted == settings->connections) connection_connect(&publisher, settings->port, "/publish", settings->tls);
}

/* The greeting comes first. Returns how many octets belong to it. */
static size_t take_greeting(struct connection *connection, const uint8_t *octets, size_t length) {
  if (connection->received >= greeting_bytes) return 0;
  size_t left = greeting_bytes - (size_t)connection->received;
  size_t count = length < left ? length : left;
  if (memcmp(octets, greeting + connection->received, count) != 0) {
    fail("the server did not tell connection %u that it is subscribed", connection->index);
  }
  if (count < left) return count;
  count_greeted();
  return count;
}

static bool wants_octets(struct connection *connection) {
  struct subscriber *subscriber = (struct subscriber *)connection;
  return settings->deflate || subscriber->completed < checked_messages || ++subscriber->reads % check_every == 0;
}

/* Looks at what has come. Returns how many messages are whole since the beginning. */
static uint64_t check_deflated(struct subscriber *subscriber, const uint8_t *octets, size_t length) {
  struct replies *replies = &subscriber->replies;
  bool was_greeted = replies->is_greeted;
  replies_take(replies, octets, length);
  if (replies->is_greeted && !was_greeted) count_greeted();
  if (replies->messages > published) {
    fail("the server sent %llu messages to subscriber %u where %llu were due", (unsigned long long)replies->messages,
         replies->index, (unsigned long long)published);
  }
  return replies->messages;
}

static uint64_t check_plain(struct connection *connection, const uint8_t *octets, size_t length) {
  size_t skipped = take_greeting(connection, octets, length);
  if (skipped == length) return 0;
  uint64_t place = connection->received + skipped - greeting_bytes;
  uint64_t received = connection->received + length - greeting_bytes;
  uint64_t due = published * delivery.frame_bytes;
  if (received > due) {
    fail("the server sent %llu octets to subscriber %u where %llu were due", (unsigned long long)received,
         connection->index, (unsigned long long)due);
  }
  if (octets != NULL) {
    size_t right = compare_with_cycle(&delivery, place, octets + skipped, length - skipped);
    if (right < length - skipped) {
      fail("the server sent a wrong octet to subscriber %u, after %llu right ones", connection->index,
           (unsigned long long)(place + right));
    }
  }
  return received / delivery.frame_bytes;
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  struct subscriber *subscriber = (struct subscriber *)connection;
  uint64_t had =
      settings->deflate ? check_deflated(subscriber, octets, length) : check_plain(connection, octets, length);
  tally.progress += length;
  tally.received_bytes += length;
  if (had == subscriber->completed) return;
  uint64_t now = now_ns();
  for (uint64_t i = subscriber->completed; i < had; i++) {
    lacking[i % settings->in_flight]--;
    histogram_record(&tally.latency, now - published_ns[i % settings->in_flight]);
  }
  tally.messages += had - subscriber->completed;
  subscriber->completed = had;
  uint64_t before = completed;
  while (completed < published && lacking[completed % settings->in_flight] == 0) completed++;
  if (completed > before) publish();
}

static void connect_one(uint32_t index) {
  connection_connect(&subscribers[index].connection, settings->port, "/subscribe", settings->tls);
}

static struct opening opening = {.connect = connect_one};

static void on_open(struct connection *connection) {
  (void)connection;
  tally.progress++;
  opening_opened(&opening);
}

static void on_publisher_open(struct connection *connection) {
  (void)connection;
  publish();
}

static void on_publisher_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  (void)connection;
  (void)octets;
  fail("the server sent %zu octets to the publisher, to whom none are due", length);
}

static uint16_t prepare(const struct settings *given) {
  static const struct connection_listener subscriber_listener = {
      .on_open = on_open, .on_octets = on_octets, .wants_octets = wants_octets};
  static const struct connection_listener publisher_listener = {
      .on_open = on_publisher_open, .on_octets = on_publisher_octets};
  settings = given;
  enum message_type type = settings->type;
  size_t bytes = settings->payload_bytes;
  if (settings->deflate) {
    expectation = create_expectation(type, bytes, published_kinds, 0);
    publisher.out = create_deflated_cycle(type, bytes, published_kinds, settings->in_flight, 0);
    publisher.deflated_bytes = bytes;
  } else {
    delivery = create_cycle(type, bytes, published_kinds, settings->in_flight, 0, false);
    publisher.out = create_cycle(type, bytes, published_kinds, settings->in_flight, 0, true);
  }
  lacking = allocate(settings->in_flight, sizeof *lacking);
  published_ns = allocate(settings->in_flight, sizeof *published_ns);
  subscribers = allocate(settings->connections, sizeof *subscribers);
  for (uint32_t i = 0; i < settings->connections; i++) {
    subscribers[i].connection.index = i;
    subscribers[i].connection.listener = &subscriber_listener;
    if (!settings->deflate) continue;
    subscribers[i].connection.deflated_bytes = bytes;
    uint64_t checked = i % followed_every == 0 ? UINT64_MAX : checked_messages;
    subscribers[i].replies =
        (struct replies){.expectation = &expectation, .greeting = greeting_text, .index = i, .checked = checked};
  }
  publisher.index = (uint32_t)settings->connections;
  publisher.listener = &publisher_listener;
  return 0;
}

static void start(void) { opening_begin(&opening, (uint32_t)settings->connections, handshakes_at_once); }

static bool is_ready(void) { return completed >= checked_messages; }

static void stop(void) { is_stopping = true; }

static bool is_idle(void) { return published > 0 && completed == published; }

const struct mode broadcast_mode = {
    .name = "broadcast", .prepare = prepare, .start = start, .is_ready = is_ready, .stop = stop, .is_idle = is_idle};
