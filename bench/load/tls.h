/* TLS for the client's end, by OpenSSL; without its headers this program is built without it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this program was built with TLS. Nothing else here may be called where it was not. */
bool tls_is_available(void);

/* A session on a connected socket. The certificate is not looked at: it was made for the run. */
void *tls_create(int fd);

enum tls_progress { tls_done, tls_wants_read, tls_wants_write, tls_failed };

/* Goes on with the handshake. */
enum tls_progress tls_handshake(void *session);

/* Read and write as transport_read and transport_write do. */
long tls_read(void *session, uint8_t *buffer, size_t length);
long tls_write(void *session, const uint8_t *octets, size_t length);

/* Whether octets have been read from the kernel that tls_read has not handed on. */
bool tls_has_octets(void *session);
