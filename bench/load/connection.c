#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "clock.h"
#include "deflate.h"
#include "fail.h"
#include "memory.h"
#include "tls.h"

enum {
  max_head_bytes = 16 * 1024,
  read_bytes = 256 * 1024,
  /* A source address has some 28,000 ports for one destination; addresses of the loopback network are plenty. */
  connections_per_address = 20000,
};

/* One for all: what is read is looked at before the next read. */
static uint8_t read_buffer[read_bytes];

static void set_no_delay(int fd) {
  int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail_errno("TCP_NODELAY");
}

__attribute__((noreturn)) static void fail_ended(const struct connection *connection) {
  fail("the other end ended connection %u, %s", connection->index,
       connection->phase == phase_open ? "which was open" : "which was not open yet");
}

static void write_due(struct connection *connection) {
  const struct cycle *out = &connection->out;
  while (connection->written < connection->due) {
    size_t at = (size_t)(connection->written % out->period);
    uint64_t left = connection->due - connection->written;
    size_t piece = out->length - at < left ? out->length - at : (size_t)left;
    long count = transport_write(&connection->transport, out->octets + at, piece);
    if (count == transport_ended) fail_ended(connection);
    if (count == transport_would_block) break;
    connection->written += (uint64_t)count;
  }
  bool waits_for_room = connection->written < connection->due;
  if (waits_for_room == connection->waits_for_room) return;
  connection->waits_for_room = waits_for_room;
  loop_change(connection->transport.fd, EPOLLIN | (waits_for_room ? EPOLLOUT : 0), &connection->source);
}

void connection_send(struct connection *connection, uint64_t octets) {
  connection->due += octets;
  if (!connection->waits_for_room) write_due(connection);
}

void connection_say(struct connection *connection, const uint8_t *octets, size_t length) {
  long count = transport_write(&connection->transport, octets, length);
  if (count == transport_ended) fail_ended(connection);
  if (count != (long)length) fail("the kernel took %ld of %zu octets that connection %u said", count, length, connection->index);
}

static void take_octets(struct connection *connection, const uint8_t *octets, size_t length) {
  connection->listener->on_octets(connection, octets, length);
  connection->received += length;
}

/* The value of a header field, without the spaces around it; NULL where there is none. */
static const char *header_value(const char *head, const char *name, size_t *length) {
  size_t name_length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, name_length) != 0 || line[name_length] != ':') continue;
    const char *value = line + name_length + 1;
    value += strspn(value, " \t");
    *length = strcspn(value, "\r");
    while (*length > 0 && (value[*length - 1] == ' ' || value[*length - 1] == '\t')) (*length)--;
    return value;
  }
  return NULL;
}

static void write_head(struct connection *connection, const char *head, int length) {
  long count = transport_write(&connection->transport, (const uint8_t *)head, (size_t)length);
  if (count == transport_ended) fail_ended(connection);
  /* The first octets of a connection: the kernel's buffer is empty. */
  if (count != length) fail("the kernel took %ld of %d octets of a handshake", count, length);
}

static void send_request(struct connection *connection) {
  char key[key_characters + 1];
  char head[512];
  create_key(key);
  accept_value(key, key_characters, connection->accept);
  int length = snprintf(head, sizeof head,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s\r\n",
                        connection->path, key, connection->subprotocol == NULL ? "" : "Sec-WebSocket-Protocol: ",
                        connection->subprotocol == NULL ? "" : connection->subprotocol,
                        connection->subprotocol == NULL ? "" : "\r\n",
                        connection->deflated_bytes > 0 ? "Sec-WebSocket-Extensions: " DEFLATE_OFFER "\r\n" : "");
  write_head(connection, head, length);
  connection->phase = phase_handshake;
  loop_change(connection->transport.fd, EPOLLIN, &connection->source);
}

static void check_response(struct connection *connection) {
  const char *head = connection->head;
  size_t length = 0;
  if (strncmp(head, "HTTP/1.1 101 ", 13) != 0) fail("the server refused the handshake: %.200s", head);
  const char *accept = header_value(head, "sec-websocket-accept", &length);
  if (accept == NULL || length != accept_characters || memcmp(accept, connection->accept, length) != 0) {
    fail("the server sent a wrong Sec-WebSocket-Accept: %.400s", head);
  }
  if (connection->subprotocol != NULL) {
    const char *chosen = header_value(head, "sec-websocket-protocol", &length);
    if (chosen == NULL || length != strlen(connection->subprotocol) ||
        memcmp(chosen, connection->subprotocol, length) != 0) {
      fail("the server does not speak %s: %.400s", connection->subprotocol, head);
    }
  }
  const char *extensions = header_value(head, "sec-websocket-extensions", &length);
  if (connection->deflated_bytes > 0) {
    if (extensions == NULL) fail("the server does not use permessage-deflate: %.400s", head);
    deflate_check_answer(extensions, length, connection->deflated_bytes);
  } else if (extensions != NULL) {
    /* None was offered; frames would not be what they are counted as. */
    fail("the server uses extensions: %.400s", head);
  }
}

static void answer_request(struct connection *connection) {
  const char *head = connection->head;
  size_t length = 0;
  const char *key = header_value(head, "sec-websocket-key", &length);
  if (strncmp(head, "GET ", 4) != 0 || key == NULL) fail("the client sent no WebSocket handshake: %.200s", head);
  accept_value(key, length, connection->accept);
  char response[256];
  int response_length = snprintf(response, sizeof response,
                                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: %s\r\n\r\n",
                                 connection->accept);
  write_head(connection, response, response_length);
}

/* Collects the head; what comes behind it is the first of the stream. */
static void read_head(struct connection *connection, const uint8_t *octets, size_t length) {
  if (connection->head == NULL) connection->head = allocate(max_head_bytes + 1, 1);
  if (length > max_head_bytes - connection->head_length) fail("a handshake of more than %d octets", max_head_bytes);
  memcpy(connection->head + connection->head_length, octets, length);
  connection->head_length += length;
  connection->head[connection->head_length] = '\0';
  char *end = strstr(connection->head, "\r\n\r\n");
  if (end == NULL) return;
  /* The last line keeps its end, the stream's first octets leave the head. */
  end += 2;
  *end = '\0';
  size_t rest = connection->head_length - (size_t)(end + 2 - connection->head);
  if (connection->path != NULL) check_response(connection);
  else answer_request(connection);
  free(connection->head);
  connection->head = NULL;
  connection->phase = phase_open;
  connection->listener->on_open(connection);
  if (rest > 0) take_octets(connection, octets + length - rest, rest);
}

static void read_octets(struct connection *connection) {
  do {
    bool wanted = connection->phase != phase_open || connection->listener->wants_octets == NULL ||
                  connection->listener->wants_octets(connection);
    long count = wanted ? transport_read(&connection->transport, read_buffer, read_bytes)
                        : transport_discard(&connection->transport, read_buffer, read_bytes);
    if (count == transport_would_block) return;
    if (count == transport_ended) fail_ended(connection);
    if (connection->phase == phase_open) take_octets(connection, wanted ? read_buffer : NULL, (size_t)count);
    else read_head(connection, read_buffer, (size_t)count);
  } while (transport_has_octets(&connection->transport));
}

static void continue_tls(struct connection *connection) {
  enum tls_progress progress = tls_handshake(connection->transport.tls);
  if (progress == tls_failed) fail("the TLS handshake of connection %u failed", connection->index);
  if (progress == tls_done) send_request(connection);
  else loop_change(connection->transport.fd, progress == tls_wants_read ? EPOLLIN : EPOLLOUT, &connection->source);
}

static void finish_connect(struct connection *connection) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(connection->transport.fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) fail("connection %u could not be opened: %s", connection->index, strerror(error));
  if (connection->phase == phase_connecting) send_request(connection);
}

static void on_event(struct source *source, uint32_t events) {
  struct connection *connection = (struct connection *)source;
  if (connection->phase == phase_connecting) {
    finish_connect(connection);
  } else if (connection->phase == phase_tls) {
    if (connection->transport.tls == NULL) {
      finish_connect(connection);
      connection->transport.tls = tls_create(connection->transport.fd);
    }
    continue_tls(connection);
  } else {
    if (events & ~(uint32_t)EPOLLOUT) read_octets(connection);
    if (events & EPOLLOUT) write_due(connection);
  }
}

void connection_connect(struct connection *connection, uint16_t port, const char *path, bool tls) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno("no socket for connection %u", connection->index);
  set_no_delay(fd);
  uint32_t address = connection->index / connections_per_address;
  if (address > 0) {
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + address)};
    if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) fail_errno("no source address for a connection");
  }
  connection->source.on_event = on_event;
  connection->transport = (struct transport){.fd = fd};
  connection->phase = tls ? phase_tls : phase_connecting;
  connection->path = path;
  connection->began_ns = now_ns();
  struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
    fail_errno("connection %u could not be opened", connection->index);
  }
  loop_add(fd, EPOLLOUT, &connection->source);
}

void connection_serve(struct connection *connection, int fd) {
  set_no_delay(fd);
  connection->source.on_event = on_event;
  connection->transport = (struct transport){.fd = fd};
  connection->phase = phase_handshake;
  connection->path = NULL;
  connection->began_ns = now_ns();
  loop_add(fd, EPOLLIN, &connection->source);
}
