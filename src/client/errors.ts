import type { RawHeaders } from "../protocol/index.js";
import { OpenlineError } from "../protocol/index.js";

/** The server answered with something else than 101: it declined (RFC 6455 §4.1). */
export class UpgradeRefusedError extends OpenlineError {
  override readonly name = "UpgradeRefusedError";
  override readonly code = "upgrade-refused";
  override readonly section = "RFC 6455 §4.1";
  /** The HTTP status. */
  readonly status: number;
  readonly headers: Headers;
  /** The body, up to 64 KiB of it. */
  readonly body: Uint8Array;

  constructor(status: number, rawHeaders: RawHeaders, body: Uint8Array) {
    super(`the server refused the WebSocket with HTTP status ${String(status)}`);
    this.status = status;
    this.headers = new Headers();
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      this.headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string);
    }
    this.body = body;
  }
}

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
    super(`the handshake took longer than the limit handshakeTimeoutMs of ${String(limit)} ms`);
    this.limit = limit;
  }
}

/** The server chose none of the subprotocols, which RFC 6455 allows and the WHATWG standard does not. */
export class ProtocolMissingError extends OpenlineError {
  override readonly name = "ProtocolMissingError";
  override readonly code = "response-protocol-missing";
  override readonly section = "WHATWG WebSockets §2.2";

  constructor() {
    super("the server chose none of the subprotocols that were asked for");
  }
}
