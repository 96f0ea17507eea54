/**
 * Why a client has no connection, on every platform.
 */

// By its file, so that a build for browsers gets no more with it.
import { OpenlineError } from "../protocol/openline-error.js";

/** There was no connection to be had: the name, the network or TLS failed. `cause` says which. */
export class ConnectError extends OpenlineError {
  override readonly name = "ConnectError";
  override readonly code = "connect-failed";
  override readonly section = "RFC 6455 §4.1";

  /** @param cause the error of the network */
  constructor(url: string, cause: unknown) {
    super(`no connection to ${url}${cause instanceof Error ? `: ${cause.message}` : ""}`, { cause });
  }
}

/** The opening handshake took longer than `handshakeTimeoutMs`. */
export class HandshakeTimeoutError extends OpenlineError {
  override readonly name = "HandshakeTimeoutError";
  override readonly code = "handshake-timeout";
  override readonly section: undefined;
  /** `handshakeTimeoutMs`. */
  readonly limit: number;

  constructor(limit: number) {
    super(`the handshake took longer than the limit handshakeTimeoutMs of ${limit} ms`);
    this.limit = limit;
  }
}
