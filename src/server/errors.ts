/**
 * Why a server refuses a handshake that is proper, each reason with a code of its own and the option that decides it.
 */
import type { RawHeaders, Refusal } from "../protocol/index.js";
import { OpenlineError } from "../protocol/index.js";

const reasonPhrases = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

interface AdmissionRule {
  readonly section: string | undefined;
  /** ASCII only: it is the body of the response. */
  readonly text: string;
  readonly status: keyof typeof reasonPhrases;
  /** Whether it makes sense to come again. */
  readonly mayPass?: true;
}

/** The codes of `AdmissionError`. */
export type AdmissionCode =
  | "path-not-found"
  | "origin-not-allowed"
  | "host-not-allowed"
  | "forwarded-malformed"
  | "request-url-invalid"
  | "too-many-connections"
  | "too-many-connections-per-address"
  | "too-many-pending-upgrades"
  | "too-many-waiting-sockets"
  | "too-many-new-connections"
  | "overloaded"
  | "request-timeout"
  | "accept-timeout"
  | "accept-failed"
  | "server-closing";

// RFC 9110 §10.2.3. A wave of clients that were all refused at once shall not come back within the same second; beyond
// that, nobody knows when there is room, or when another server takes the place of one that closes.
const retryAfterSeconds = 5;

const admissionRules: Readonly<Record<AdmissionCode, AdmissionRule>> = {
  "path-not-found": {
    section: "RFC 6455 §4.2.2",
    text: "there are no WebSockets at this path; the server's option path says where they are",
    status: 404,
  },
  "origin-not-allowed": {
    section: "RFC 6455 §10.2",
    text: "the page that this comes from is not of this server's origin; the server's option origins lists others, and trustedProxies those who encrypt for it",
    status: 403,
  },
  "host-not-allowed": {
    section: "RFC 9110 §7.4",
    text: "the Host of the request is none that this server answers to; the server's option hosts lists them",
    status: 421,
  },
  "forwarded-malformed": {
    section: "RFC 7239 §4",
    text: "what a trusted proxy tells in Forwarded or X-Forwarded-For is malformed, or differs between the two",
    status: 400,
  },
  "request-url-invalid": {
    section: "RFC 6455 §4.2.1",
    text: "the Host and the target of the request make no URL",
    status: 400,
  },
  "too-many-connections": {
    section: "RFC 6455 §10.4",
    text: "the server's limit maxConnections is reached",
    status: 503,
    mayPass: true,
  },
  "too-many-connections-per-address": {
    section: "RFC 6585 §4",
    text: "the server's limit maxConnectionsPerAddress is reached for this address",
    status: 429,
    mayPass: true,
  },
  "too-many-pending-upgrades": {
    section: "RFC 6455 §10.4",
    text: "the server's limit maxPendingUpgrades is reached",
    status: 503,
    mayPass: true,
  },
  "too-many-waiting-sockets": {
    section: undefined,
    text: "the server's limit maxWaitingSockets is reached",
    status: 503,
    mayPass: true,
  },
  "too-many-new-connections": {
    section: "RFC 6455 §10.4",
    text: "the server's limit maxNewConnectionsPerSecond is reached",
    status: 503,
    mayPass: true,
  },
  overloaded: {
    section: "RFC 9110 §15.6.4",
    text: "the server's option isOverloaded says that it has no room at the moment",
    status: 503,
    mayPass: true,
  },
  "request-timeout": {
    section: "RFC 9110 §15.5.9",
    text: "the request took longer than the server's limit handshakeTimeoutMs",
    status: 408,
  },
  "accept-timeout": {
    section: undefined,
    text: "the handshake took longer than the server's limit handshakeTimeoutMs",
    status: 503,
  },
  "accept-failed": {
    section: undefined,
    text: "the server could not decide about this connection",
    status: 500,
  },
  "server-closing": {
    section: undefined,
    text: "the server is closing",
    status: 503,
    mayPass: true,
  },
};

/** Every admission code, for documentation and tests. */
export const admissionCodes: readonly AdmissionCode[] = Object.keys(admissionRules) as AdmissionCode[];

/** A handshake that the server does not accept, and at the same time the response to refuse it with. */
export class AdmissionError extends OpenlineError implements Refusal {
  override readonly name = "AdmissionError";
  override readonly code: AdmissionCode;
  override readonly section: string | undefined;
  readonly status: number;
  readonly reasonPhrase: string;
  /** Header lines for the refusal, names and values alternating. */
  readonly headers: RawHeaders;
  /** Seconds after which it makes sense to come again, as `Retry-After` says; undefined where nobody knows. */
  readonly retryAfterSeconds: number | undefined;
  /** The code and what it means, as plain text. Nothing that the client sent is in it. */
  readonly body: Uint8Array;
  /** What is allowed, where it is a limit. */
  readonly limit: number | undefined;

  /**
   * @param cause what the application threw, where it did
   * @param seconds after which there may be room, where somebody knows better than that they are some
   */
  constructor(code: AdmissionCode, limit?: number, cause?: unknown, seconds: number = retryAfterSeconds) {
    const rule = admissionRules[code];
    const text = limit === undefined ? rule.text : `${rule.text}: ${String(limit)}`;
    super(rule.section === undefined ? text : `${text} (${rule.section})`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = rule.section;
    this.status = rule.status;
    this.reasonPhrase = reasonPhrases[rule.status];
    this.retryAfterSeconds = rule.mayPass === true ? seconds : undefined;
    const retryAfter = this.retryAfterSeconds === undefined ? [] : ["Retry-After", String(this.retryAfterSeconds)];
    this.headers = [...retryAfter, "Content-Type", "text/plain; charset=utf-8"];
    this.body = new TextEncoder().encode(`${code}: ${text}\n`);
    this.limit = limit;
  }
}
