/**
 * The decision about a connection, as the application makes it.
 */
import type { HandshakeRequest, UpgradeRequest } from "../protocol/index.js";
import type { HeadersInput } from "../socket/index.js";
import type { PlatformHttpRequest } from "../transport/index.js";

/** The client's opening handshake as a web `Request`. */
export interface IncomingRequest extends Request {
  /** The network address of whoever connects; a proxy's, where there is one that is not in `trustedProxies`. */
  readonly remoteAddress: string | undefined;
  /** The subprotocols that the client asked for, the most wanted first. */
  readonly protocols: readonly string[];
}

/** What `accept` gets beside the request. */
export interface AcceptContext {
  /** Aborted when the peer leaves, or `handshakeTimeoutMs` have passed, before there is a decision. */
  readonly signal: AbortSignal;
  /**
   * The request as your HTTP server handed it over, for middleware that wants one of its own kind: to read a session, for
   * instance. Undefined on a port of our own, and for streams of HTTP/2.
   */
  readonly httpRequest?: PlatformHttpRequest;
}

/** A connection accepted. */
export interface Acceptance<Data> {
  /** One of the subprotocols that the client asked for. Default: none. */
  readonly protocol?: string | undefined;
  /** Further headers of the response: cookies, for instance. */
  readonly headers?: HeadersInput | undefined;
  /** What to attach to the socket as `data`. */
  readonly data?: Data;
}

/** What `accept` may decide: an acceptance (nothing at all is one, too), or a `Response` that refuses. */
export type AcceptDecision<Data> = Acceptance<Data> | Response | undefined;

/**
 * Decides about a connection. An error that it throws is answered with 500 and goes to the `error` handler.
 */
export type Accept<Data> = (
  request: IncomingRequest,
  context: AcceptContext,
) => AcceptDecision<Data> | Promise<AcceptDecision<Data>>;

/**
 * Makes the web `Request`.
 *
 * @throws TypeError for what a `Request` cannot hold
 */
export function createIncomingRequest(
  head: HandshakeRequest,
  handshake: Pick<UpgradeRequest, "host" | "target" | "protocols">,
  isSecure: boolean,
  remoteAddress: string | undefined,
): IncomingRequest {
  const headers = new Headers();
  const { rawHeaders } = head;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  // Joined as strings: a target that begins with "//" must not be taken for a host.
  const url = `${isSecure ? "https" : "http"}://${handshake.host}${handshake.target}`;
  return Object.defineProperties(new Request(url, { headers }), {
    remoteAddress: { value: remoteAddress, enumerable: true },
    protocols: { value: handshake.protocols, enumerable: true },
  }) as IncomingRequest;
}
