/**
 * The client's half of the opening handshake (RFC 6455 §4.1).
 */
import { UsageError } from "../errors.js";
import { type ExtensionOffer, formatExtensions } from "./extension-header.js";
import { checkHeaders, formatHead, handshakeHeaders, isHeaderValue } from "./head.js";
import { isKey } from "./key.js";
import type { HandshakeRequest, RawHeaders } from "./message.js";
import { quote } from "./quote.js";
import { formatProtocols } from "./subprotocol.js";
import { checkAddress, defaultPort, type WebSocketAddress } from "./url.js";

/** What a client asks for, and of whom. `webSocketAddress` makes the part that comes from the URL. */
export interface UpgradeRequestOptions extends WebSocketAddress {
  /** A fresh key from `createKey`. */
  readonly key: string;
  /** Subprotocols to ask for, the most wanted first; none by default. */
  readonly protocols?: readonly string[] | undefined;
  /** Extensions to offer, the most wanted first; none by default. */
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  /** The origin of the code that connects; absent by default, as RFC 6455 §4.1 allows when that is no browser's. */
  readonly origin?: string | undefined;
  /** Further header lines, names and values alternating: cookies, authorization and the like. */
  readonly headers?: RawHeaders | undefined;
}

const ownedHeaders: ReadonlySet<string> = new Set([...handshakeHeaders, "host"]);
const ownedHeadersWithOrigin: ReadonlySet<string> = new Set([...ownedHeaders, "origin"]);

/**
 * Makes the request that opens a connection, for an HTTP client that writes its own bytes.
 *
 * RFC 6455 §4.1: "Once the client's opening handshake has been sent, the client MUST wait for a response from the
 * server before sending any further data." Give the response to `readUpgradeResponse`.
 *
 * @param options what to ask for
 * @throws UsageError `url-invalid`, `invalid-argument` (the key), `protocol-invalid`, `extension-invalid`,
 *   `header-invalid` or `header-not-allowed`
 */
export function createUpgradeRequest(options: UpgradeRequestOptions): HandshakeRequest {
  const { secure, host, port, target, key, protocols = [], extensions = [], origin, headers = [] } = options;
  checkAddress(options);
  if (!isKey(key)) {
    throw new UsageError("invalid-argument", undefined, undefined, "a key is the base64 of 16 octets");
  }
  checkHeaders(headers, origin === undefined ? ownedHeaders : ownedHeadersWithOrigin);
  const rawHeaders = [
    // RFC 6455 §4.1: "/host/ plus optionally ":" followed by /port/ (when not using the default port)".
    ...["Host", port === defaultPort(secure) ? host : `${host}:${port}`],
    ...["Upgrade", "websocket"],
    ...["Connection", "Upgrade"],
    ...["Sec-WebSocket-Key", key],
    ...["Sec-WebSocket-Version", "13"],
  ];
  if (origin !== undefined) rawHeaders.push("Origin", checkedOrigin(origin));
  if (protocols.length > 0) rawHeaders.push("Sec-WebSocket-Protocol", formatProtocols(protocols));
  if (extensions.length > 0) rawHeaders.push("Sec-WebSocket-Extensions", formatExtensions(extensions));
  return { method: "GET", httpVersion: "1.1", target, rawHeaders: [...rawHeaders, ...headers] };
}

/**
 * Writes the request that opens a connection: `createUpgradeRequest` as text.
 *
 * @param options what to ask for
 * @throws UsageError as `createUpgradeRequest` does
 * @returns the whole head; send it as Latin-1
 */
export function writeUpgradeRequest(options: UpgradeRequestOptions): string {
  const { method, target, httpVersion, rawHeaders } = createUpgradeRequest(options);
  return formatHead(`${method} ${target} HTTP/${httpVersion}`, rawHeaders);
}

function checkedOrigin(origin: string): string {
  if (!isHeaderValue(origin)) throw new UsageError("header-invalid", quote(origin), undefined, "the value of Origin");
  return origin;
}
