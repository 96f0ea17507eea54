/**
 * What an HTTP parser hands to the handshake, and what the handshake hands to an HTTP writer.
 */

/**
 * Header lines in the order they came, names and values alternating, names in any case and as often as they were
 * sent: what Node calls `rawHeaders`. A list and not an object, because an object keyed by names that a peer chose
 * hides duplicates and meets the prototype.
 */
export type RawHeaders = readonly string[];

/** The head of an HTTP request. */
export interface HandshakeRequest {
  readonly method: string;
  /** "1.1": major, dot, minor. */
  readonly httpVersion: string;
  /** The Request-URI as it stands in the request line. */
  readonly target: string;
  readonly rawHeaders: RawHeaders;
}

/** The head of an HTTP response. */
export interface HandshakeResponse {
  readonly status: number;
  /** "1.1": major, dot, minor. */
  readonly httpVersion: string;
  readonly rawHeaders: RawHeaders;
}

/**
 * Whether a version is at least 1.1, as RFC 6455 §4.1 and §4.2.1 demand of both messages.
 *
 * @param httpVersion one digit, a dot, one digit (RFC 9112 §2.3); anything else is no version and not enough
 */
export function isHttp11OrHigher(httpVersion: string): boolean {
  return /^(?:1\.[1-9]|[2-9]\.[0-9])$/.test(httpVersion);
}
