/**
 * The server accepts: its half of the opening handshake (RFC 6455 §4.2.2).
 */
import { UsageError } from "../errors.js";
import { type ExtensionOffer, formatExtensions } from "./extension-header.js";
import { checkHeaders, formatHead, handshakeHeaders } from "./head.js";
import { acceptValue } from "./key.js";
import type { RawHeaders } from "./message.js";
import { quote } from "./quote.js";
import type { UpgradeRequest } from "./read-request.js";

/** What the server chose of what the client asked for, and what it adds. */
export interface UpgradeResponseOptions {
  /** One of the subprotocols asked for; none when absent. */
  readonly protocol?: string | undefined;
  /** Extensions out of those offered, with the parameters agreed on, in the order in which they apply. */
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  /** Further header lines, names and values alternating: cookies, for instance. */
  readonly headers?: RawHeaders | undefined;
}

const ownedHeaders: ReadonlySet<string> = new Set(handshakeHeaders);

/**
 * Writes the head of the response that accepts an upgrade. Once it is sent, "the server considers the WebSocket
 * connection to be established and that the WebSocket connection is in the OPEN state" (RFC 6455 §4.2.2).
 *
 * @param request what `readUpgradeRequest` returned
 * @param options what was chosen; by default no subprotocol and no extension
 * @throws UsageError `protocol-not-offered`, `extension-not-offered`, `extension-invalid`, `header-invalid`,
 *   `header-not-allowed`, or `invalid-argument` for a request that came without a key, over HTTP/2
 * @returns the whole head; send it as Latin-1
 */
export function writeUpgradeResponse(request: UpgradeRequest, options: UpgradeResponseOptions = {}): string {
  const { headers = [] } = options;
  const { key } = request;
  if (key === undefined) throw new UsageError("invalid-argument", undefined, undefined, "the request has no key");
  checkHeaders(headers, ownedHeaders);
  const lines = ["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", acceptValue(key)];
  return formatHead("HTTP/1.1 101 Switching Protocols", [...lines, ...chosenHeaders(request, options), ...headers]);
}

/**
 * The header lines that tell what was chosen of what the client asked for.
 *
 * @throws UsageError `protocol-not-offered`, `extension-not-offered`, `extension-invalid`
 */
export function chosenHeaders(
  request: UpgradeRequest,
  { protocol, extensions = [] }: UpgradeResponseOptions,
): RawHeaders {
  const lines: string[] = [];
  if (protocol !== undefined) {
    checkProtocol(protocol, request);
    lines.push("Sec-WebSocket-Protocol", protocol);
  }
  if (extensions.length > 0) {
    checkExtensions(extensions, request);
    lines.push("Sec-WebSocket-Extensions", formatExtensions(extensions));
  }
  return lines;
}

/**
 * RFC 6455 §4.2.2: "The value chosen MUST be derived from the client's handshake, specifically by selecting one of the
 * values from the |Sec-WebSocket-Protocol| field […] The empty string is not the same as the null value for these
 * purposes and is not a legal value for this field."
 */
function checkProtocol(protocol: string, request: UpgradeRequest): void {
  if (!request.protocols.includes(protocol)) throw new UsageError("protocol-not-offered", quote(protocol));
}

/** RFC 6455 §4.2.2: "Extensions not listed by the client MUST NOT be listed." */
function checkExtensions(extensions: readonly ExtensionOffer[], request: UpgradeRequest): void {
  const offered = new Set(request.extensions.map(({ name }) => name));
  const accepted = new Set<string>();
  for (const { name } of extensions) {
    if (accepted.has(name)) throw new UsageError("extension-invalid", name, undefined, "accepted twice");
    if (!offered.has(name)) throw new UsageError("extension-not-offered", quote(name));
    accepted.add(name);
  }
}
