/*
 * Echo: each connection keeps so many messages in flight, and sends as many as have come back.
 */
#include "checking.h"
#include "clock.h"
#include "connection.h"
#include "fail.h"
#include "memory.h"
#include "mode.h"
#include "opening.h"

struct echo_connection {
  struct connection connection;
  /* What comes back. */
  struct cycle reply;
  uint64_t sent;
  uint64_t completed;
  uint32_t reads;
  /* When each message in flight was sent, by its number modulo how many there are. */
  uint64_t *sent_ns;
};

/* Handshakes at a time: below any server's backlog. */
enum { handshakes_at_once = 64 };

static const struct settings *settings;
static struct echo_connection *connections;
static size_t checked_connections;
static uint64_t in_flight_total;
static bool is_stopping;

static void send_messages(struct echo_connection *echo, uint64_t count, uint64_t now) {
  for (uint64_t i = 0; i < count; i++) echo->sent_ns[(echo->sent + i) % settings->in_flight] = now;
  echo->sent += count;
  in_flight_total += count;
  connection_send(&echo->connection, count * echo->connection.out.frame_bytes);
}

static bool wants_octets(struct connection *connection) {
  struct echo_connection *echo = (struct echo_connection *)connection;
  return echo->completed < checked_messages || ++echo->reads % check_every == 0;
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  struct echo_connection *echo = (struct echo_connection *)connection;
  uint64_t received = connection->received + length;
  uint64_t due = echo->sent * echo->reply.frame_bytes;
  if (octets != NULL) {
    size_t right = compare_with_cycle(&echo->reply, connection->received, octets, length);
    if (right < length) {
      fail("the server sent a wrong octet to connection %u, after %llu right ones", connection->index,
           (unsigned long long)(connection->received + right));
    }
  }
  if (received > due) {
    fail("the server sent %llu octets to connection %u where %llu were due", (unsigned long long)received,
         connection->index, (unsigned long long)due);
  }
  uint64_t completed = received / echo->reply.frame_bytes;
  uint64_t count = completed - echo->completed;
  tally.progress += length;
  if (count == 0) return;
  uint64_t now = now_ns();
  for (uint64_t i = echo->completed; i < completed; i++) {
    histogram_record(&tally.latency, now - echo->sent_ns[i % settings->in_flight]);
  }
  if (echo->completed < checked_messages && completed >= checked_messages) checked_connections++;
  echo->completed = completed;
  tally.messages += count;
  in_flight_total -= count;
  if (!is_stopping) send_messages(echo, count, now);
}

static void connect_one(uint32_t index) {
  connection_connect(&connections[index].connection, settings->port, "/", settings->tls);
}

static struct opening opening = {.connect = connect_one};

static void on_open(struct connection *connection) {
  (void)connection;
  opening_opened(&opening);
  tally.progress++;
  if (!opening_is_done(&opening)) return;
  for (size_t i = 0; i < settings->connections; i++) send_messages(&connections[i], settings->in_flight, now_ns());
}

static uint16_t prepare(const struct settings *given) {
  static const struct connection_listener listener = {
      .on_open = on_open, .on_octets = on_octets, .wants_octets = wants_octets};
  settings = given;
  connections = allocate(settings->connections, sizeof *connections);
  size_t kinds = message_kinds(settings->payload_bytes);
  for (uint32_t i = 0; i < settings->connections; i++) {
    struct echo_connection *echo = &connections[i];
    echo->connection.index = i;
    echo->connection.listener = &listener;
    echo->connection.out = create_cycle(settings->type, settings->payload_bytes, kinds, settings->in_flight, i, true);
    echo->reply = create_cycle(settings->type, settings->payload_bytes, kinds, 1, i, false);
    echo->sent_ns = allocate(settings->in_flight, sizeof *echo->sent_ns);
  }
  return 0;
}

static void start(void) { opening_begin(&opening, (uint32_t)settings->connections, handshakes_at_once); }

static bool is_ready(void) { return checked_connections == settings->connections; }

static void stop(void) { is_stopping = true; }

static bool is_idle(void) { return opening_is_done(&opening) && in_flight_total == 0; }

const struct mode echo_mode = {
    .name = "echo", .prepare = prepare, .start = start, .is_ready = is_ready, .stop = stop, .is_idle = is_idle};
