#include "tls.h"

#include "fail.h"
#include "transport.h"

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

bool tls_is_available(void) { return true; }

static SSL_CTX *client_context(void) {
  static SSL_CTX *context;
  if (context != NULL) return context;
  context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) fail("no TLS context");
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  /* What a write did not take is written again, from wherever it lies then. */
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  /* Otherwise a system call for the five octets of each record's header, and another for the rest. */
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 64 * 1024);
  return context;
}

void *tls_create(int fd) {
  SSL *session = SSL_new(client_context());
  if (session == NULL || SSL_set_fd(session, fd) != 1) fail("no TLS session");
  SSL_set_connect_state(session);
  return session;
}

enum tls_progress tls_handshake(void *session) {
  ERR_clear_error();
  int result = SSL_do_handshake(session);
  if (result == 1) return tls_done;
  int reason = SSL_get_error(session, result);
  if (reason == SSL_ERROR_WANT_READ) return tls_wants_read;
  return reason == SSL_ERROR_WANT_WRITE ? tls_wants_write : tls_failed;
}

static long status_of(void *session, int result) {
  if (result > 0) return result;
  int reason = SSL_get_error(session, result);
  return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? transport_would_block : transport_ended;
}

long tls_read(void *session, uint8_t *buffer, size_t length) {
  ERR_clear_error();
  return status_of(session, SSL_read(session, buffer, (int)length));
}

long tls_write(void *session, const uint8_t *octets, size_t length) {
  ERR_clear_error();
  return status_of(session, SSL_write(session, octets, (int)length));
}

bool tls_has_octets(void *session) { return SSL_has_pending(session) == 1; }
#else
#define UNUSED __attribute__((unused))

static const char missing[] = "this program was built without TLS";

bool tls_is_available(void) { return false; }
void *tls_create(UNUSED int fd) { fail("%s", missing); }
enum tls_progress tls_handshake(UNUSED void *session) { fail("%s", missing); }
long tls_read(UNUSED void *session, UNUSED uint8_t *buffer, UNUSED size_t length) { fail("%s", missing); }
long tls_write(UNUSED void *session, UNUSED const uint8_t *octets, UNUSED size_t length) { fail("%s", missing); }
bool tls_has_octets(UNUSED void *session) { fail("%s", missing); }
#endif
