/**
 * Tunnels by the method CONNECT of HTTP (RFC 9110 §9.3.6), without I/O.
 *
 * RFC 6455 §4.1: "if the client is configured to use a proxy when using the WebSocket Protocol to connect to host /host/
 * and port /port/, then the client SHOULD connect to that proxy and ask it to open a TCP connection to the host given by
 * /host/ and the port given by /port/."
 */
import { isToken } from "../../../protocol/handshake/characters.js";
import { checkHeaders, formatHead, isHeaderValue } from "../../../protocol/handshake/head.js";
import { quote } from "../../../protocol/handshake/quote.js";
import type { RawHeaders } from "../../../protocol/index.js";
import { trimWhitespace } from "../../../protocol/index.js";
import type { Negotiation, NegotiationStep } from "./negotiation.js";
import type { ProxyFailure } from "./proxy-error.js";

/** What a request for a tunnel says. */
export interface ConnectRequest {
  /** An IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of `Proxy-Authorization`. */
  readonly authorization?: string | undefined;
  /** Further header lines, names and values alternating. */
  readonly headers?: RawHeaders | undefined;
}

/** Of the header lines of CONNECT, those that are not the application's. */
export const connectOwnedHeaders: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding"]);

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Writes the request.
 *
 * @throws UsageError `header-invalid`, `header-not-allowed`
 */
export function writeConnectRequest({ host, port, authorization, headers = [] }: ConnectRequest): Uint8Array {
  // RFC 9112 §3.2.3: "a client MUST send only the host and port of the tunnel destination as the request-target."
  const authority = `${host}:${String(port)}`;
  const all = authorization === undefined ? headers : ["Proxy-Authorization", authorization, ...headers];
  checkHeaders(all, connectOwnedHeaders);
  return Buffer.from(formatHead(`CONNECT ${authority} HTTP/1.1`, ["Host", authority, ...all]), "latin1");
}

/** See the head of this file. */
export class ConnectNegotiation implements Negotiation {
  readonly opening: Uint8Array;
  readonly #maxHeadBytes: number;
  /** What has come of a head that has not ended. */
  #head = "";
  #headBytes = 0;
  /** Octets of the line that is coming, without its end. */
  #lineBytes = 0;
  #lastOctet = 0;

  /** @param maxHeadBytes octets that the heads of all responses together may have */
  constructor(request: ConnectRequest, maxHeadBytes: number) {
    this.opening = writeConnectRequest(request);
    this.#maxHeadBytes = maxHeadBytes;
  }

  receive(chunk: Uint8Array): NegotiationStep {
    let octets = chunk;
    for (;;) {
      const room = this.#maxHeadBytes - this.#headBytes;
      const end = this.#findEnd(octets.subarray(0, room));
      // RFC 9112 §2.2 allows a bare LF to end a line; whoever sends one is no proxy that we know of.
      if (end === "bare line feed") return failed({ code: "proxy-response-malformed", observed: end });
      this.#headBytes += end ?? octets.byteLength;
      if (end === undefined) {
        if (octets.byteLength > room) {
          return failed({ code: "proxy-response-too-long", observed: this.#headBytes, limit: this.#maxHeadBytes });
        }
        this.#head += latin1(octets);
        return { kind: "more" };
      }
      const failure = judgeResponse(this.#head + latin1(octets.subarray(0, end)));
      const rest = octets.subarray(end);
      if (failure === undefined) return { kind: "open", rest };
      if (failure !== "informational") return failed(failure);
      // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final response".
      this.#head = "";
      octets = rest;
    }
  }

  /** @returns where the head ends in `octets`: behind its empty line */
  #findEnd(octets: Uint8Array): number | "bare line feed" | undefined {
    for (const [index, octet] of octets.entries()) {
      if (octet !== lineFeed) {
        this.#lineBytes++;
        this.#lastOctet = octet;
        continue;
      }
      if (this.#lastOctet !== carriageReturn) return "bare line feed";
      // The carriage return has been counted.
      const isEmpty = this.#lineBytes === 1;
      this.#lineBytes = 0;
      this.#lastOctet = octet;
      if (isEmpty) return index + 1;
    }
    return undefined;
  }
}

/** A character for each octet. */
function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1");
}

function failed(failure: ProxyFailure): NegotiationStep {
  return { kind: "failed", failure };
}

/** @returns undefined for a tunnel: RFC 9110 §9.3.6, "Any 2xx (Successful) response indicates" one */
function judgeResponse(head: string): ProxyFailure | "informational" | undefined {
  const [statusLine = "", ...lines] = head.slice(0, -"\r\n\r\n".length).split("\r\n");
  const match = /^HTTP\/1\.[01] ([1-5][0-9][0-9])(?: |$)/.exec(statusLine);
  if (match === null || !isHeaderValue(statusLine)) return malformed(statusLine);
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    const value = trimWhitespace(line.slice(colon + 1));
    if (!isToken(name) || !isHeaderValue(value)) return malformed(line);
    rawHeaders.push(name, value);
  }
  const status = Number(match[1]);
  // We asked for nothing that is switched to.
  if (status < 200 && status !== 101) return "informational";
  // RFC 9110 §9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding header fields received in a
  // successful response to CONNECT." What follows is the tunnel's.
  if (status >= 200 && status < 300) return undefined;
  return { code: status === 407 ? "proxy-authentication-required" : "proxy-refused", status, rawHeaders };
}

function malformed(line: string): ProxyFailure {
  return { code: "proxy-response-malformed", observed: quote(line) };
}
