/**
 * `Sec-WebSocket-Protocol` in a request: an ordered list of tokens, each of them once (RFC 6455 §4.1).
 */
import { UsageError } from "../errors.js";
import { isToken } from "./characters.js";
import { listElements } from "./headers.js";
import { quote } from "./quote.js";

/** What `parseProtocols` found. */
export type ProtocolList =
  | { readonly ok: true; readonly protocols: readonly string[] }
  | { readonly ok: false; readonly reason: "malformed" | "repeated"; readonly element: string };

/**
 * Parses the lines of a `Sec-WebSocket-Protocol` header of a request.
 *
 * RFC 6455 §11.3.4: it "MAY appear multiple times in an HTTP request (which is logically the same as a single
 * |Sec-WebSocket-Protocol| header field that contains all values)".
 *
 * @param values the header's lines in order; none means that there is no such header, and no subprotocol
 */
export function parseProtocols(values: readonly string[]): ProtocolList {
  const protocols = new Set<string>();
  for (const element of listElements(values)) {
    // RFC 6455 §4.1: "The elements that comprise this value MUST be non-empty strings with characters in the range
    // U+0021 to U+007E not including separator characters as defined in [RFC2616] and MUST all be unique strings."
    if (!isToken(element)) return { ok: false, reason: "malformed", element };
    if (protocols.has(element)) return { ok: false, reason: "repeated", element };
    protocols.add(element);
  }
  return { ok: true, protocols: [...protocols] };
}

/**
 * Writes the value of a `Sec-WebSocket-Protocol` header of a request.
 *
 * @param protocols one or more, the most wanted first; an empty list is an absent header, not an empty one
 * @throws UsageError `protocol-invalid` for one that is no token or is listed twice
 */
export function formatProtocols(protocols: readonly string[]): string {
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (!isToken(protocol) || seen.has(protocol)) throw new UsageError("protocol-invalid", quote(protocol));
    seen.add(protocol);
  }
  return protocols.join(", ");
}
