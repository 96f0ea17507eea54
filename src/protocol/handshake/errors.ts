/**
 * Every way in which the other side's half of the opening handshake can be wrong, each with a code of its own.
 *
 * A server finds an `UpgradeRequestError`, which knows how to answer; a client finds an `UpgradeResponseError`, after
 * which there is nothing to do but to close the connection. Both are `HandshakeError`s, and both are returned, never
 * thrown.
 */
import { OpenlineError } from "../errors.js";
import { asciiBytes } from "./characters.js";
import type { RawHeaders } from "./message.js";
import { quote } from "./quote.js";

const reasonPhrases = {
  400: "Bad Request",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  505: "HTTP Version Not Supported",
} as const;

interface RequestRule {
  readonly section: string;
  /** ASCII only: it is the body of the response. */
  readonly text: string;
  /** The status to answer with. */
  readonly status: keyof typeof reasonPhrases;
  /** Header lines that this status needs. */
  readonly headers?: RawHeaders;
}

// RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
const upgradeHeaders: RawHeaders = ["Upgrade", "websocket"];
const versionHeaders: RawHeaders = ["Sec-WebSocket-Version", "13"];

/** The codes of `UpgradeRequestError`: every rule that a client's request can break. */
export type UpgradeRequestCode =
  | "request-header-count"
  | "request-header-bytes"
  | "request-method"
  | "request-upgrade-missing"
  | "request-upgrade-other"
  | "request-http-version"
  | "request-connection"
  | "request-connect-protocol"
  | "request-connect-field"
  | "request-connect-scheme"
  | "request-body"
  | "request-version-missing"
  | "request-version-repeated"
  | "request-version-unsupported"
  | "request-target"
  | "request-target-fragment"
  | "request-host-missing"
  | "request-host-repeated"
  | "request-host-malformed"
  | "request-host-mismatch"
  | "request-key-missing"
  | "request-key-repeated"
  | "request-key-malformed"
  | "request-origin-repeated"
  | "request-protocol-malformed"
  | "request-protocol-repeated"
  | "request-extensions-malformed";

const requestRules: Readonly<Record<UpgradeRequestCode, RequestRule>> = {
  "request-header-count": {
    section: "RFC 6455 §10.4",
    text: "the request has more header lines than the limit maxHeaderCount",
    status: 431,
  },
  "request-header-bytes": {
    section: "RFC 6455 §10.4",
    text: "the headers of the request are longer than the limit maxHeaderBytes",
    status: 431,
  },
  "request-method": {
    section: "RFC 6455 §4.2.1",
    text: "the method of the request must be GET",
    status: 405,
    // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response".
    headers: ["Allow", "GET"],
  },
  "request-upgrade-missing": {
    section: "RFC 6455 §4.2.1",
    text: "this is a WebSocket endpoint, and the request has no Upgrade header",
    status: 426,
    headers: upgradeHeaders,
  },
  "request-upgrade-other": {
    section: "RFC 6455 §4.2.1",
    text: "the Upgrade header of the request does not contain websocket",
    status: 426,
    headers: upgradeHeaders,
  },
  "request-http-version": {
    section: "RFC 6455 §4.2.1",
    text: "the HTTP version of the request must be at least 1.1",
    status: 505,
  },
  "request-connection": {
    section: "RFC 6455 §4.2.1",
    text: "the Connection header of the request does not contain the token Upgrade",
    status: 400,
  },
  "request-connect-protocol": {
    section: "RFC 8441 §5",
    text: "the :protocol of the CONNECT request is not websocket",
    // What RFC 9220 §3 recommends for HTTP/3, and RFC 8441 leaves open.
    status: 501,
  },
  "request-connect-field": {
    section: "RFC 8441 §5",
    text: "the CONNECT request has a field that belongs to connections of HTTP/1.1",
    status: 400,
  },
  "request-connect-scheme": {
    section: "RFC 8441 §4",
    text: "the CONNECT request has no :scheme, or one that is neither http nor https",
    status: 400,
  },
  "request-body": {
    section: "RFC 9110 §9.3.1",
    text: "the request announces a body, which an upgrade cannot have",
    status: 400,
  },
  "request-version-missing": {
    section: "RFC 6455 §4.2.1",
    text: "the request has no Sec-WebSocket-Version header",
    status: 400,
    headers: versionHeaders,
  },
  "request-version-repeated": {
    section: "RFC 6455 §11.3.5",
    text: "the request has more than one Sec-WebSocket-Version header",
    status: 400,
    headers: versionHeaders,
  },
  "request-version-unsupported": {
    section: "RFC 6455 §4.2.2",
    text: "the version of the WebSocket protocol must be 13",
    status: 426,
    headers: [...upgradeHeaders, ...versionHeaders],
  },
  "request-target": {
    section: "RFC 6455 §4.2.1",
    text: "the Request-URI is neither a path nor an absolute http or https URI",
    status: 400,
  },
  "request-target-fragment": {
    section: "RFC 6455 §3",
    text: "the Request-URI has a fragment",
    status: 400,
  },
  "request-host-missing": {
    section: "RFC 6455 §4.2.1",
    text: "the request has no Host header, or an empty one",
    status: 400,
  },
  "request-host-repeated": {
    section: "RFC 9112 §3.2",
    text: "the request has more than one Host header",
    status: 400,
  },
  "request-host-malformed": {
    section: "RFC 6455 §4.2.1",
    text: "the Host header of the request is not a host with or without a port",
    status: 400,
  },
  "request-host-mismatch": {
    section: "RFC 6455 §4.1",
    text: "the Host header of the request and its absolute Request-URI name different servers",
    status: 400,
  },
  "request-key-missing": {
    section: "RFC 6455 §4.2.1",
    text: "the request has no Sec-WebSocket-Key header",
    status: 400,
  },
  "request-key-repeated": {
    section: "RFC 6455 §11.3.1",
    text: "the request has more than one Sec-WebSocket-Key header",
    status: 400,
  },
  "request-key-malformed": {
    section: "RFC 6455 §4.2.1",
    text: "the Sec-WebSocket-Key header of the request is not the base64 of 16 octets",
    status: 400,
  },
  "request-origin-repeated": {
    section: "RFC 6454 §7.3",
    text: "the request has more than one Origin header",
    status: 400,
  },
  "request-protocol-malformed": {
    section: "RFC 6455 §4.1",
    text: "the Sec-WebSocket-Protocol header of the request is not a list of tokens",
    status: 400,
  },
  "request-protocol-repeated": {
    section: "RFC 6455 §4.1",
    text: "the request asks for the same subprotocol more than once",
    status: 400,
  },
  "request-extensions-malformed": {
    section: "RFC 6455 §9.1",
    text: "the Sec-WebSocket-Extensions header of the request is not a list of extensions",
    status: 400,
  },
};

interface ResponseRule {
  readonly section: string;
  readonly text: string;
}

/** The codes of `UpgradeResponseError`: every rule that a server's response can break. */
export type UpgradeResponseCode =
  | "response-status"
  | "response-connect-status"
  | "response-header-count"
  | "response-header-bytes"
  | "response-http-version"
  | "response-upgrade-missing"
  | "response-upgrade-other"
  | "response-connection"
  | "response-accept-missing"
  | "response-accept-repeated"
  | "response-accept-wrong"
  | "response-protocol-repeated"
  | "response-protocol-malformed"
  | "response-protocol-not-requested"
  | "response-extensions-malformed"
  | "response-extension-not-offered"
  | "response-extension-repeated"
  | "response-extension-parameters";

const responseRules: Readonly<Record<UpgradeResponseCode, ResponseRule>> = {
  "response-status": {
    section: "RFC 6455 §4.1",
    text: "the server did not switch protocols: the status must be 101",
  },
  "response-connect-status": {
    section: "RFC 8441 §5",
    text: "the server made no tunnel of the HTTP/2 stream: the status must be from 200 to 299",
  },
  "response-header-count": {
    section: "RFC 6455 §10.4",
    text: "the response has more header lines than the limit maxHeaderCount",
  },
  "response-header-bytes": {
    section: "RFC 6455 §10.4",
    text: "the headers of the response are longer than the limit maxHeaderBytes",
  },
  "response-http-version": {
    section: "RFC 6455 §4.2.2",
    text: "the HTTP version of the response must be at least 1.1",
  },
  "response-upgrade-missing": {
    section: "RFC 6455 §4.1",
    text: "the response has no Upgrade header",
  },
  "response-upgrade-other": {
    section: "RFC 6455 §4.1",
    text: "the Upgrade header of the response is not websocket",
  },
  "response-connection": {
    section: "RFC 6455 §4.1",
    text: "the Connection header of the response does not contain the token Upgrade",
  },
  "response-accept-missing": {
    section: "RFC 6455 §4.1",
    text: "the response has no Sec-WebSocket-Accept header",
  },
  "response-accept-repeated": {
    section: "RFC 6455 §11.3.3",
    text: "the response has more than one Sec-WebSocket-Accept header",
  },
  "response-accept-wrong": {
    section: "RFC 6455 §4.1",
    text: "the Sec-WebSocket-Accept header of the response does not answer the key of the request",
  },
  "response-protocol-repeated": {
    section: "RFC 6455 §11.3.4",
    text: "the response has more than one Sec-WebSocket-Protocol header",
  },
  "response-protocol-malformed": {
    section: "RFC 6455 §4.2.2",
    text: "the Sec-WebSocket-Protocol header of the response is not a single token",
  },
  "response-protocol-not-requested": {
    section: "RFC 6455 §4.1",
    text: "the server chose a subprotocol that was not asked for",
  },
  "response-extensions-malformed": {
    section: "RFC 6455 §9.1",
    text: "the Sec-WebSocket-Extensions header of the response is not a list of extensions",
  },
  "response-extension-not-offered": {
    section: "RFC 6455 §4.1",
    text: "the server chose an extension that was not offered",
  },
  "response-extension-repeated": {
    section: "RFC 6455 §9.1",
    text: "the server chose the same extension more than once",
  },
  "response-extension-parameters": {
    section: "RFC 7692 §7",
    text: "the server chose an extension with parameters that are invalid or were not offered",
  },
};

/** Every code of `UpgradeRequestError`, for documentation and tests. */
export const upgradeRequestCodes: readonly UpgradeRequestCode[] = Object.keys(requestRules) as UpgradeRequestCode[];

/** Every code of `UpgradeResponseError`, for documentation and tests. */
export const upgradeResponseCodes: readonly UpgradeResponseCode[] = Object.keys(responseRules) as UpgradeResponseCode[];

/** A response that refuses an upgrade. `writeRefusal` writes its head. */
export interface Refusal {
  /** From 200 to 599. */
  readonly status: number;
  /** The text after the status; empty when absent. */
  readonly reasonPhrase?: string | undefined;
  readonly headers?: RawHeaders | undefined;
  readonly body?: Uint8Array | undefined;
}

/** The other side's half of the opening handshake breaks a rule or passes a limit (RFC 6455 §4). */
export abstract class HandshakeError extends OpenlineError {
  abstract override readonly code: UpgradeRequestCode | UpgradeResponseCode;
  override readonly section: string;
  /** What was seen: the value of a header, or a number of header lines, octets or the like. Not fit for a terminal. */
  readonly observed: string | number | undefined;
  /** What is allowed, where the rule is a limit. */
  readonly limit: number | undefined;

  constructor(rule: ResponseRule, observed: string | number | undefined, limit: number | undefined) {
    super(`${rule.text}${describe(observed, limit)} (${rule.section})`);
    this.section = rule.section;
    this.observed = observed;
    this.limit = limit;
  }
}

/** A client's request that must not be accepted, and at the same time the response to refuse it with. */
export class UpgradeRequestError extends HandshakeError implements Refusal {
  override readonly name = "UpgradeRequestError";
  override readonly code: UpgradeRequestCode;
  readonly status: number;
  readonly reasonPhrase: string;
  /** Header lines for the refusal, names and values alternating. */
  readonly headers: RawHeaders;
  /** What the rule says, as plain text. Nothing that the client sent is in it. */
  readonly body: Uint8Array;

  constructor(code: UpgradeRequestCode, observed?: string | number, limit?: number) {
    const rule = requestRules[code];
    super(rule, observed, limit);
    this.code = code;
    this.status = rule.status;
    this.reasonPhrase = reasonPhrases[rule.status];
    this.headers = [...(rule.headers ?? []), "Content-Type", "text/plain; charset=utf-8"];
    this.body = asciiBytes(`${rule.text}\n`);
  }
}

/** A server's response after which a client must fail the connection. */
export class UpgradeResponseError extends HandshakeError {
  override readonly name = "UpgradeResponseError";
  override readonly code: UpgradeResponseCode;

  constructor(code: UpgradeResponseCode, observed?: string | number, limit?: number) {
    super(responseRules[code], observed, limit);
    this.code = code;
  }
}

function describe(observed: string | number | undefined, limit: number | undefined): string {
  if (observed === undefined) return "";
  const shown = typeof observed === "string" ? quote(observed) : observed;
  return limit === undefined ? `: got ${shown}` : `: got ${shown}, the limit is ${limit}`;
}
