/*
 * Serve: the load is the server, to measure clients. When as many clients have come as were asked for, it keeps so many
 * messages in flight to each, and the clients send them back, masked (RFC 6455 §5.3), each by a key of its own.
 */
#define _GNU_SOURCE /* accept4 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "checking.h"
#include "clock.h"
#include "connection.h"
#include "fail.h"
#include "memory.h"
#include "mode.h"

struct client {
  struct connection connection;
  uint64_t sent;
  uint64_t completed;
  uint32_t reads;
  uint64_t *sent_ns;
  /* Of the frame that is coming in. */
  uint8_t key[mask_bytes];
};

static const struct settings *settings;
static struct client *clients;
static struct source listening;
static int listening_fd;
static size_t accepted;
static size_t opened;
static size_t checked_clients;
static uint64_t in_flight_total;
static bool is_stopping;
/* Octets of a client's frame, and of its header with the key. */
static size_t reply_bytes;
static size_t reply_header_bytes;

static void send_messages(struct client *client, uint64_t count, uint64_t now) {
  for (uint64_t i = 0; i < count; i++) client->sent_ns[(client->sent + i) % settings->in_flight] = now;
  client->sent += count;
  in_flight_total += count;
  connection_send(&client->connection, count * client->connection.out.frame_bytes);
}

/* What belongs at a place of a client's frame, taken from the frame that was sent to it. */
static uint8_t expected_octet(const struct client *client, const uint8_t *frame, size_t at) {
  if (at >= reply_header_bytes) return frame[at - mask_bytes] ^ client->key[(at - reply_header_bytes) & 3];
  return at == 1 ? frame[1] | 0x80 : frame[at];
}

/* Keeps the part of a masking key that is among the octets, which begin at this place of a frame. */
static void keep_key(struct client *client, size_t at, const uint8_t *octets, size_t length) {
  for (size_t i = 0; i < mask_bytes; i++) {
    size_t key_at = reply_header_bytes - mask_bytes + i;
    if (key_at >= at && key_at < at + length) client->key[i] = octets[key_at - at];
  }
}

/* Looks at every octet. */
static void check(struct client *client, const uint8_t *octets, size_t length) {
  uint64_t received = client->connection.received;
  for (size_t done = 0; done < length;) {
    size_t at = (size_t)((received + done) % reply_bytes);
    size_t piece = reply_bytes - at < length - done ? reply_bytes - at : length - done;
    const struct cycle *out = &client->connection.out;
    const uint8_t *frame = out->octets + (received + done) / reply_bytes * out->frame_bytes % out->period;
    keep_key(client, at, octets + done, piece);
    for (size_t i = 0; i < piece; i++) {
      bool is_key = at + i < reply_header_bytes && at + i >= reply_header_bytes - mask_bytes;
      if (!is_key && octets[done + i] != expected_octet(client, frame, at + i)) {
        fail("client %u sent a wrong octet, after %llu right ones", client->connection.index,
             (unsigned long long)(received + done + i));
      }
    }
    done += piece;
  }
}

/* Keeps what is needed for a check of the next octets: the key of the frame that these end in. */
static void skip(struct client *client, const uint8_t *octets, size_t length) {
  size_t end = (size_t)((client->connection.received + length) % reply_bytes);
  size_t piece = end < length ? end : length;
  keep_key(client, end - piece, octets + length - piece, piece);
}

static void on_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  struct client *client = (struct client *)connection;
  uint64_t received = connection->received + length;
  uint64_t due = client->sent * reply_bytes;
  if (client->completed < checked_messages || ++client->reads % check_every == 0) check(client, octets, length);
  else skip(client, octets, length);
  if (received > due) {
    fail("client %u sent %llu octets where %llu were due", connection->index, (unsigned long long)received,
         (unsigned long long)due);
  }
  uint64_t completed = received / reply_bytes;
  uint64_t count = completed - client->completed;
  tally.progress += length;
  tally.received_bytes += length;
  if (count == 0) return;
  uint64_t now = now_ns();
  for (uint64_t i = client->completed; i < completed; i++) {
    histogram_record(&tally.latency, now - client->sent_ns[i % settings->in_flight]);
  }
  if (client->completed < checked_messages && completed >= checked_messages) checked_clients++;
  client->completed = completed;
  tally.messages += count;
  in_flight_total -= count;
  if (!is_stopping) send_messages(client, count, now);
}

static void on_open(struct connection *connection) {
  (void)connection;
  tally.progress++;
  if (++opened < settings->connections) return;
  for (size_t i = 0; i < settings->connections; i++) send_messages(&clients[i], settings->in_flight, now_ns());
}

static void on_listening(struct source *source, uint32_t events) {
  (void)source;
  (void)events;
  for (;;) {
    int fd = accept4(listening_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return;
    if (fd < 0) fail_errno("accept");
    if (accepted == settings->connections) fail("more than %zu clients came", settings->connections);
    connection_serve(&clients[accepted++].connection, fd);
  }
}

static uint16_t listen_on(uint16_t port) {
  int on = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  listening_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listening_fd < 0) fail_errno("no socket to listen on");
  setsockopt(listening_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listening_fd, (struct sockaddr *)&address, length) != 0) fail_errno("port %u cannot be had", port);
  if (listen(listening_fd, SOMAXCONN) != 0) fail_errno("listen");
  getsockname(listening_fd, (struct sockaddr *)&address, &length);
  listening.on_event = on_listening;
  loop_add(listening_fd, EPOLLIN, &listening);
  return ntohs(address.sin_port);
}

static uint16_t prepare(const struct settings *given) {
  static const struct connection_listener listener = {.on_open = on_open, .on_octets = on_octets};
  settings = given;
  if (settings->tls || settings->deflate) fail("serve knows neither TLS nor compression");
  reply_header_bytes = header_bytes(settings->payload_bytes, true);
  reply_bytes = reply_header_bytes + settings->payload_bytes;
  clients = allocate(settings->connections, sizeof *clients);
  size_t kinds = message_kinds(settings->payload_bytes);
  for (uint32_t i = 0; i < settings->connections; i++) {
    struct client *client = &clients[i];
    client->connection.index = i;
    client->connection.listener = &listener;
    client->connection.out =
        create_cycle(settings->type, settings->payload_bytes, kinds, settings->in_flight, i, false);
    client->sent_ns = allocate(settings->in_flight, sizeof *client->sent_ns);
  }
  return listen_on(settings->port);
}

static void start(void) {}

static bool is_ready(void) { return checked_clients == settings->connections; }

static void stop(void) { is_stopping = true; }

static bool is_idle(void) { return opened == settings->connections && in_flight_total == 0; }

const struct mode serve_mode = {
    .name = "serve", .prepare = prepare, .start = start, .is_ready = is_ready, .stop = stop, .is_idle = is_idle};
