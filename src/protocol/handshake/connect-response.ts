/**
 * Both ends of the server's half of the opening handshake over HTTP/2 (RFC 8441 §5): the server makes it, the client
 * reads it.
 */
import { UsageError } from "../errors.js";
import type { Limits } from "../limits.js";
import { lowercaseAscii } from "./characters.js";
import type { Refusal } from "./errors.js";
import { UpgradeResponseError } from "./errors.js";
import { checkHeaders, connectionFields, handshakeHeaders } from "./head.js";
import type { RawHeaders } from "./message.js";
import type { UpgradeRequest } from "./read-request.js";
import {
  checkResponseLimits,
  readChoice,
  type SentUpgradeRequest,
  type UpgradeResponseResult,
} from "./read-response.js";
import { checkRefusal } from "./refusal.js";
import { chosenHeaders, type UpgradeResponseOptions } from "./write-response.js";

/** The head of a response over HTTP/2. */
export interface ConnectResponse {
  /** `:status`. */
  readonly status: number;
  /** The other fields, names in lower case and values alternating. */
  readonly rawHeaders: RawHeaders;
}

const ownedHeaders: ReadonlySet<string> = new Set([...handshakeHeaders, ...connectionFields]);
const ownedRefusalHeaders: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);
const fieldsOfConnections: ReadonlySet<string> = new Set(connectionFields);

/**
 * Makes the response that accepts an extended CONNECT. Once it is sent, "the peers should proceed with the WebSocket
 * Protocol using the HTTP/2 stream from the CONNECT transaction as if it were the TCP connection" (RFC 8441 §5).
 *
 * @param request what `readConnectRequest` returned
 * @param options what was chosen; by default no subprotocol and no extension
 * @throws UsageError as `writeUpgradeResponse` does; the fields of HTTP/1.1's connections are not allowed either
 */
export function connectResponse(request: UpgradeRequest, options: UpgradeResponseOptions = {}): ConnectResponse {
  const { headers = [] } = options;
  checkHeaders(headers, ownedHeaders);
  return { status: 200, rawHeaders: lowercaseNames([...chosenHeaders(request, options), ...headers]) };
}

/**
 * Makes a response that refuses an extended CONNECT. Send the body after it, and then end the stream.
 *
 * Fields that belong to connections are left out. 426 becomes 400: RFC 9110 §15.5.22 has it with an Upgrade field.
 *
 * @throws UsageError as `writeRefusal` does, and `invalid-argument` for a status below 300 (RFC 9110 §9.3.6: "Any 2xx
 *   (Successful) response indicates that the sender […] will switch to tunnel mode")
 */
export function connectRefusal(refusal: Refusal): ConnectResponse {
  const { status, headers = [], body } = refusal;
  checkRefusal(refusal, ownedRefusalHeaders);
  if (status < 300) {
    throw new UsageError("invalid-argument", status, undefined, "over HTTP/2, any status below 300 makes a tunnel");
  }
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string;
    if (!fieldsOfConnections.has(lowercaseAscii(name))) kept.push(name, headers[index + 1] as string);
  }
  if (body !== undefined && body.byteLength > 0) kept.push("content-length", String(body.byteLength));
  return { status: status === 426 ? 400 : status, rawHeaders: lowercaseNames(kept) };
}

/** RFC 8441 §5: "HTTP/2 requires they be encoded as lowercase." */
function lowercaseNames(rawHeaders: RawHeaders): RawHeaders {
  return rawHeaders.map((text, index) => (index % 2 === 0 ? lowercaseAscii(text) : text));
}

/**
 * Checks a response to an extended CONNECT. RFC 8441 §5: implementations "do not do the processing of the
 * Sec-WebSocket-Key and Sec-WebSocket-Accept header fields"; the rest is as over HTTP/1.1.
 *
 * @param response the head of the response, from any HTTP/2 implementation
 * @param sent what the request said; its key does not count
 * @param limits of which `maxHeaderCount` and `maxHeaderBytes` count here
 * @returns never throws, whatever the response; `response-connect-status` is a server that declines
 */
export function readConnectResponse(
  { status, rawHeaders }: ConnectResponse,
  sent: Omit<SentUpgradeRequest, "key">,
  limits: Limits,
): UpgradeResponseResult {
  // RFC 9110 §9.3.6: "Any 2xx (Successful) response indicates that the sender […] will switch to tunnel mode".
  if (status < 200 || status > 299) {
    return { ok: false, error: new UpgradeResponseError("response-connect-status", status) };
  }
  const error = checkResponseLimits(rawHeaders, limits);
  return error === undefined ? readChoice(rawHeaders, sent) : { ok: false, error };
}
