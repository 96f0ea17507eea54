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
#include "replies.h"

struct echo_connection {
  struct connection connection;
  /* What comes back. */
  struct cycle reply;
  /* The same with compression. */
  struct expectation expectation;
  struct replies replies;
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
  uint64_t octets = cycle_octets(&echo->connection.out, echo->sent, count);
  echo->sent += count;
  in_flight_total += count;
  connection_send(&echo->connection, octets);
}

static bool wants_octets(struct connection *connection) {
  struct echo_connection *echo = (struct echo_connection *)connection;
  return settings->deflate || echo->completed < checked_messages || ++echo->reads % check_every == 0;
}

/* Looks at what has come. Returns how many messages are whole since the beginning. */
static uint64_t check_deflated(struct echo_connection *echo, const uint8_t *octets, size_t length) {
  replies_take(&echo->replies, octets, length);
  if (echo->replies.messages > echo->sent) {
    fail("the server sent %llu messages to connection %u where %llu were due",
         (unsigned long long)echo->replies.messages, echo->connection.index, (unsigned long long)echo->sent);
  }
  return echo->replies.messages;
}

static uint64_t check_plain(struct echo_connection *echo, const uint8_t *octets, size_t length) {
  struct connection *connection = &echo->connection;
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
  return received / echo->reply.frame_bytes;
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  struct echo_connection *echo = (struct echo_connection *)connection;
  uint64_t completed =
      settings->deflate ? check_deflated(echo, octets, length) : check_plain(echo, octets, length);
  uint64_t count = completed - echo->completed;
  tally.progress += length;
  tally.received_bytes += length;
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

static void prepare_messages(struct echo_connection *echo) {
  uint32_t index = echo->connection.index;
  enum message_type type = settings->type;
  size_t bytes = settings->payload_bytes;
  size_t burst = settings->in_flight;
  if (settings->deflate) {
    echo->connection.deflated_bytes = bytes;
    echo->connection.out = create_deflated_cycle(type, bytes, deflated_kinds, burst, index);
    echo->expectation = create_expectation(type, bytes, deflated_kinds, index);
    uint64_t checked = index % followed_every == 0 ? UINT64_MAX : checked_messages;
    echo->replies = (struct replies){.expectation = &echo->expectation, .index = index, .checked = checked};
  } else {
    size_t kinds = message_kinds(bytes);
    echo->connection.out = create_cycle(type, bytes, kinds, burst, index, true);
    echo->reply = create_cycle(type, bytes, kinds, 1, index, false);
  }
}

static uint16_t prepare(const struct settings *given) {
  static const struct connection_listener listener = {
      .on_open = on_open, .on_octets = on_octets, .wants_octets = wants_octets};
  settings = given;
  connections = allocate(settings->connections, sizeof *connections);
  for (uint32_t i = 0; i < settings->connections; i++) {
    struct echo_connection *echo = &connections[i];
    echo->connection.index = i;
    echo->connection.listener = &listener;
    prepare_messages(echo);
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
