/*
 * Connect: opens connections, with so many handshakes under way at a time, and holds them. What counts as a message is
 * a connection opened, and its latency is from the first packet to the response.
 */
#include "clock.h"
#include "connection.h"
#include "fail.h"
#include "memory.h"
#include "mode.h"
#include "opening.h"

static const struct settings *settings;
static struct connection *connections;

static void connect_one(uint32_t index) {
  connection_connect(&connections[index], settings->port, "/", settings->tls);
}

static struct opening opening = {.connect = connect_one};

static void on_open(struct connection *connection) {
  tally.progress++;
  tally.messages++;
  histogram_record(&tally.latency, now_ns() - connection->began_ns);
  opening_opened(&opening);
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  (void)octets;
  fail("the server sent %zu octets to connection %u, to which none are due", length, connection->index);
}

static uint16_t prepare(const struct settings *given) {
  static const struct connection_listener listener = {.on_open = on_open, .on_octets = on_octets};
  settings = given;
  size_t count = settings->connections + settings->warm_connections;
  connections = allocate(count, sizeof *connections);
  for (uint32_t i = 0; i < count; i++) {
    connections[i].index = i;
    connections[i].listener = &listener;
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
