#include "transport.h"

#include <errno.h>
#include <sys/socket.h>

#include "tls.h"

/* As much as one call may take out of the kernel without copying. */
enum { discard_bytes = 16 * 1024 * 1024 };

static long status_of(ssize_t count) {
  if (count > 0) return count;
  bool would_block = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return would_block ? transport_would_block : transport_ended;
}

long transport_read(struct transport *transport, uint8_t *buffer, size_t length) {
  if (transport->tls != NULL) return tls_read(transport->tls, buffer, length);
  return status_of(recv(transport->fd, buffer, length, 0));
}

long transport_discard(struct transport *transport, uint8_t *buffer, size_t length) {
  if (transport->tls != NULL) return tls_read(transport->tls, buffer, length);
  /* tcp(7): MSG_TRUNC "causes the received bytes of data to be discarded, rather than passed back in a caller-supplied
     buffer". */
  return status_of(recv(transport->fd, NULL, discard_bytes, MSG_TRUNC));
}

bool transport_has_octets(const struct transport *transport) {
  return transport->tls != NULL && tls_has_octets(transport->tls);
}

long transport_write(struct transport *transport, const uint8_t *octets, size_t length) {
  if (transport->tls != NULL) return tls_write(transport->tls, octets, length);
  return status_of(send(transport->fd, octets, length, MSG_NOSIGNAL));
}
