/**
 * Why a client has no connection, where it sees what the server answers.
 */
import { quote } from "../protocol/handshake/quote.js";
import type { RawHeaders } from "../protocol/index.js";
import { OpenlineError } from "../protocol/openline-error.js";
import { parseRetryAfter } from "./retry-after.js";

/** The server answered with something else than 101: it declined (RFC 6455 §4.1). */
export class UpgradeRefusedError extends OpenlineError {
  override readonly name = "UpgradeRefusedError";
  override readonly code = "upgrade-refused";
  override readonly section = "RFC 6455 §4.1";
  /** The HTTP status. */
  readonly status: number;
  readonly headers: Headers;
  /** The body, up to 64 KiB of it. */
  readonly body: Uint8Array;

  constructor(status: number, rawHeaders: RawHeaders, body: Uint8Array) {
    super(`the server refused the WebSocket with HTTP status ${status}`);
    this.status = status;
    this.headers = new Headers();
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      this.headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string);
    }
    this.body = body;
  }

  /**
   * Milliseconds after which the server wants to be asked again, by its `Retry-After` (RFC 9110 §10.2.3), from 0.
   *
   * @param nowMs the time now, in milliseconds since 1970, for servers that name a date. Default: the system's
   * @returns undefined where the server does not say, or nothing that makes sense
   */
  retryAfterMs(nowMs: number = Date.now()): number | undefined {
    const value = this.headers.get("retry-after");
    return value === null ? undefined : parseRetryAfter(value, nowMs);
  }
}

const redirectRules = {
  "too-many-redirects": {
    section: "RFC 9110 §15.4",
    text: "there were more redirects than the limit redirects.max",
  },
  "redirect-location-missing": { section: "RFC 9110 §15.4", text: "the redirect has no Location header" },
  "redirect-location-repeated": {
    section: "RFC 9110 §10.2.2",
    text: "the redirect has more than one Location header",
  },
  "redirect-location-invalid": {
    section: "RFC 9110 §10.2.2",
    text: "the Location header of the redirect is not the URL of a WebSocket",
  },
  "redirect-scheme": {
    section: "RFC 6455 §3",
    text: "the redirect leads to another scheme than ws, wss, http and https",
  },
  "redirect-credentials": {
    section: "RFC 9110 §4.2.4",
    text: "the redirect brings a user name or a password of its own",
  },
  "redirect-insecure": {
    section: "RFC 6455 §10.6",
    text: "the redirect leads from wss to ws, which redirects.allowInsecure does not allow",
  },
} as const;

/** The codes of `RedirectError`: every reason not to follow a redirect. */
export type RedirectCode = keyof typeof redirectRules;

/** Every code of `RedirectError`, for documentation and tests. */
export const redirectCodes: readonly RedirectCode[] = Object.keys(redirectRules) as RedirectCode[];

/** What is known about a redirect that is not followed. */
export interface RedirectFacts {
  readonly status: number;
  readonly urls: readonly string[];
  readonly observed?: string | number | undefined;
  readonly limit?: number | undefined;
  readonly cause?: unknown;
}

/** A redirect that is not followed, though `redirects` asks for it. Nobody was asked at the place that it leads to. */
export class RedirectError extends OpenlineError {
  override readonly name = "RedirectError";
  override readonly code: RedirectCode;
  override readonly section: string;
  /** The HTTP status of the redirect. */
  readonly status: number;
  /** The URLs that were asked, in order, without user names and passwords; the last one answered with the redirect. */
  readonly urls: readonly string[];
  /** What was seen: a Location or a part of it, or a number of redirects. Not fit for a terminal. */
  readonly observed: string | number | undefined;
  /** What is allowed, where the rule is a limit. */
  readonly limit: number | undefined;

  constructor(code: RedirectCode, { status, urls, observed, limit, cause }: RedirectFacts) {
    const { section, text } = redirectRules[code];
    const shown = typeof observed === "string" ? quote(observed) : observed;
    const got = shown === undefined ? "" : `: got ${shown}${limit === undefined ? "" : `, the limit is ${limit}`}`;
    super(`${text}${got} (${section})`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = section;
    this.status = status;
    this.urls = urls;
    this.observed = observed;
    this.limit = limit;
  }
}

const cookieJarRules = {
  "cookie-jar-failed": { section: undefined, text: "the cookie jar threw, or rejected" },
  "cookie-jar-invalid": {
    section: "RFC 9110 §5.5",
    text: "the cookie jar has to give a string without control characters",
  },
} as const;

/** The codes of `CookieJarError`. */
export type CookieJarCode = keyof typeof cookieJarRules;

/** Every code of `CookieJarError`, for documentation and tests. */
export const cookieJarCodes: readonly CookieJarCode[] = Object.keys(cookieJarRules) as CookieJarCode[];

/** The cookie jar did not do what it is for. `cause` is what it threw. Cookies are not repeated: they are secrets. */
export class CookieJarError extends OpenlineError {
  override readonly name = "CookieJarError";
  override readonly code: CookieJarCode;
  override readonly section: string | undefined;

  constructor(code: CookieJarCode, cause?: unknown) {
    const { section, text } = cookieJarRules[code];
    super(`${text}${cause instanceof Error ? `: ${cause.message}` : ""}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = section;
  }
}

/** The server chose none of the subprotocols, which RFC 6455 allows and the WHATWG standard does not. */
export class ProtocolMissingError extends OpenlineError {
  override readonly name = "ProtocolMissingError";
  override readonly code = "response-protocol-missing";
  override readonly section = "WHATWG WebSockets §2.2";

  constructor() {
    super("the server chose none of the subprotocols that were asked for");
  }
}
