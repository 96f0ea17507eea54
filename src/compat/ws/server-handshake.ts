/**
 * The server's side of the opening handshake as `ws` has it: what a request has to say, and what it is answered.
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { AcceptedExtension, ServerExtension } from "../../protocol/index.js";
import { acceptExtensions, isToken, parseExtensions } from "../../protocol/index.js";

/** Why a request is not accepted. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** What a request asks for. */
export interface Asked {
  readonly key: string;
  readonly version: number;
  readonly protocols: Set<string>;
}

const supportedVersions: readonly number[] = [13, 8];

/** Checks the head of a request, but for subprotocols and extensions. */
export function checkHead({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method !== "GET") return { status: 405, message: "Invalid HTTP method" };
  if (headers.upgrade?.toLowerCase() !== "websocket") return { status: 400, message: "Invalid Upgrade header" };
  const { "sec-websocket-key": key, "sec-websocket-version": version } = headers;
  // RFC 6455 §4.1: 16 octets in base64.
  if (key === undefined || !/^[+/0-9A-Za-z]{22}==$/u.test(key)) {
    return { status: 400, message: "Missing or invalid Sec-WebSocket-Key header" };
  }
  if (supportedVersions.includes(Number(version))) return undefined;
  // RFC 6455 §4.2.2: with the versions that the server is able to understand.
  const supported = { "Sec-WebSocket-Version": supportedVersions.join(", ") };
  return { status: 400, message: "Missing or invalid Sec-WebSocket-Version header", headers: supported };
}

/** Reads what a request asks for whose head was checked. */
export function readAsked({ headers }: IncomingMessage): Asked | Refusal {
  const protocols = parseProtocols(headers["sec-websocket-protocol"]);
  if (protocols === undefined) return { status: 400, message: "Invalid Sec-WebSocket-Protocol header" };
  const key = headers["sec-websocket-key"] as string;
  return { key, version: Number(headers["sec-websocket-version"]), protocols };
}

/** RFC 6455 §4.1: one or more tokens, separated by commas, "with no duplicates". */
function parseProtocols(header: string | undefined): Set<string> | undefined {
  const protocols = new Set<string>();
  if (header === undefined) return protocols;
  for (const element of header.split(",")) {
    const name = element.replaceAll(/^[\t ]+|[\t ]+$/gu, "");
    if (!isToken(name) || protocols.has(name)) return undefined;
    protocols.add(name);
  }
  return protocols;
}

/**
 * Accepts extensions.
 *
 * @param available none where the server has none
 */
export function acceptOffers(
  { headers }: IncomingMessage,
  available: readonly ServerExtension[],
): readonly AcceptedExtension[] | Refusal {
  const { "sec-websocket-extensions": header } = headers;
  if (header === undefined || available.length === 0) return [];
  const refusal = { status: 400, message: "Invalid or unacceptable Sec-WebSocket-Extensions header" };
  const parsed = parseExtensions([header]);
  if (!parsed.ok) return refusal;
  const accepted = acceptExtensions(parsed.extensions, available);
  const isOffered = parsed.extensions.some(({ name }) => available.some((extension) => extension.name === name));
  return isOffered && accepted.length === 0 ? refusal : accepted;
}

/** Answers a request that is not accepted, and ends its connection. */
export function refuse(socket: Duplex, { status, message, headers }: Refusal): void {
  const lines: OutgoingHttpHeaders = {
    Connection: "close",
    "Content-Type": "text/html",
    "Content-Length": Buffer.byteLength(message),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  // When it has left; a peer that keeps its side open would hold the connection.
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head.join("")}\r\n${message}`);
}
