/*
 * Connect: opens connections, with so many handshakes under way at a time, and holds them. What counts as a message is
 * a connection opened, and its latency is from the first packet to the response.
 *
 * With compression each sends one message first, and counts as open when that has come back.
 */
#include "clock.h"
#include "connection.h"
#include "fail.h"
#include "memory.h"
#include "mode.h"
#include "opening.h"
#include "replies.h"

static const struct settings *settings;
struct held_connection {
  struct connection connection;
  /* With compression, until the message has come back. */
  struct expectation expectation;
  struct replies replies;
};

static struct held_connection *connections;

static void connect_one(uint32_t index) {
  connection_connect(&connections[index].connection, settings->port, "/", settings->tls);
}

static struct opening opening = {.connect = connect_one};

static void count_opened(struct connection *connection) {
  tally.messages++;
  histogram_record(&tally.latency, now_ns() - connection->began_ns);
  opening_opened(&opening);
}

static void on_open(struct connection *connection) {
  tally.progress++;
  if (!settings->deflate) {
    count_opened(connection);
    return;
  }
  struct held_connection *held = (struct held_connection *)connection;
  uint32_t index = connection->index;
  connection->out = create_deflated_cycle(settings->type, settings->payload_bytes, 1, 1, index);
  held->expectation = create_expectation(settings->type, settings->payload_bytes, 1, index);
  held->replies = (struct replies){.expectation = &held->expectation, .index = index, .checked = 1};
  connection_send(connection, connection->out.period);
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  struct replies *replies = &((struct held_connection *)connection)->replies;
  if (settings->deflate && replies->messages == 0) {
    tally.progress += length;
    tally.received_bytes += length;
    replies_take(replies, octets, length);
    if (replies->messages == 1) count_opened(connection);
    if (replies->messages <= 1) return;
    fail("the server sent %llu messages to connection %u, where 1 was due", (unsigned long long)replies->messages,
         connection->index);
  }
  fail("the server sent %zu octets to connection %u, to which none are due", length, connection->index);
}

static uint16_t prepare(const struct settings *given) {
  static const struct connection_listener listener = {.on_open = on_open, .on_octets = on_octets};
  settings = given;
  size_t count = settings->connections + settings->warm_connections;
  connections = allocate(count, sizeof *connections);
  for (uint32_t i = 0; i < count; i++) {
    connections[i].connection.index = i;
    connections[i].connection.listener = &listener;
    connections[i].connection.deflated_bytes = settings->deflate ? settings->payload_bytes : 0;
  }
  return 0;
}

static void start(void) {
  opening_begin(&opening, (uint32_t)settings->warm_connections, (uint32_t)settings->in_flight);
}

static bool is_ready(void) { return opening_is_done(&opening); }

static void open_more(void) {
  uint32_t end = (uint32_t)(settings->warm_connections + settings->connections);
  opening_begin(&opening, end, (uint32_t)settings->in_flight);
}

static void stop(void) {}

const struct mode connect_mode = {.name = "connect",
                                  .prepare = prepare,
                                  .start = start,
                                  .is_ready = is_ready,
                                  .open = open_more,
                                  .stop = stop,
                                  .is_idle = is_ready};
