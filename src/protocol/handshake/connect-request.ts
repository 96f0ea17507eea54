/**
 * The client's half of the opening handshake over HTTP/2 (RFC 8441 §4, §5).
 */
import { lowercaseAscii } from "./characters.js";
import { connectionFields } from "./head.js";
import type { HandshakeRequest } from "./message.js";
import type { ConnectRequest } from "./read-connect.js";

/** What a request over HTTP/1.1 has, and one over HTTP/2 has not. */
const leftOut: ReadonlySet<string> = new Set([...connectionFields, "host", "sec-websocket-key"]);

/**
 * Makes of a request over HTTP/1.1 the one that asks for the same over HTTP/2.
 *
 * RFC 8441 §5: Connection and Upgrade "MUST NOT be included", "The Host information is conveyed as part of the
 * :authority pseudo-header field", and the key is not processed. It may only be sent to a peer that has said
 * SETTINGS_ENABLE_CONNECT_PROTOCOL (§3). Give the response to `readConnectResponse`.
 *
 * @param request what `createUpgradeRequest` made
 * @param secure whether it goes over TLS: the scheme "MUST be "https" for "wss"-schemed WebSockets"
 */
export function createConnectRequest({ target, rawHeaders }: HandshakeRequest, secure: boolean): ConnectRequest {
  const kept: string[] = [];
  let authority = "";
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = lowercaseAscii(rawHeaders[index] as string);
    const value = rawHeaders[index + 1] as string;
    if (name === "host") authority = value;
    if (!leftOut.has(name)) kept.push(name, value);
  }
  return { protocol: "websocket", scheme: secure ? "https" : "http", authority, path: target, rawHeaders: kept };
}
