/* Octets to and from a non-blocking TCP socket, plain or through TLS. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport {
  int fd;
  /* The TLS session, or NULL. */
  void *tls;
};

enum transport_status { transport_ended = -1, transport_would_block = 0 };

/* Reads. Returns the number of octets, or a transport_status. */
long transport_read(struct transport *transport, uint8_t *buffer, size_t length);

/*
 * Takes octets out of the kernel without copying them where that can be had. As transport_read otherwise; `buffer` is
 * used where it cannot.
 */
long transport_discard(struct transport *transport, uint8_t *buffer, size_t length);

/* Whether there may be octets to read that the kernel no longer knows of: TLS reads ahead. */
bool transport_has_octets(const struct transport *transport);

/* Writes. Returns the number of octets taken, or a transport_status. */
long transport_write(struct transport *transport, const uint8_t *octets, size_t length);
