/**
 * What an answer to a handshake tells about the next one. Only where answers are seen: browsers do not show them to pages.
 */
import type { Refusal } from "./policy.js";

// What is below 500 is about the request, which will be the same; but for 408 and 425, which are about time, and 429.
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);
// 501: not implemented; 505: not this version of HTTP.
const finalStatuses: ReadonlySet<number> = new Set([501, 505]);

// What a proxy says of us or of itself, beside the statuses of HTTP. Not among them is what it says of the server, which
// may come back.
const finalProxyCodes: ReadonlySet<string> = new Set([
  "proxy-response-malformed",
  "proxy-response-too-long",
  "socks-version",
  "socks-no-acceptable-method",
  "socks-method-not-offered",
  "socks-authentication-version",
  "socks-authentication-failed",
  "socks-not-allowed",
  "socks-command-not-supported",
  "socks-address-type-not-supported",
  "socks-reply-malformed",
]);

/**
 * Reads it from what `connect` rejected with. An answer that breaks the protocol is how that server is, and stays.
 *
 * @param error what the server or a proxy has answered: an `UpgradeRefusedError`, `UpgradeResponseError`, `RedirectError`
 *   or `ProxyError`, by what they have; of another, nothing is known
 * @param nowMs milliseconds since 1970
 */
export function refusalOf(error: unknown, nowMs: number): Refusal | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "UpgradeResponseError" || finalProxyCodes.has(String(Reflect.get(error, "code"))))
    return { mayPass: false, retryAfterMs: 0 };
  if (!("status" in error && typeof error.status === "number")) return undefined;
  const { status } = error;
  const mayPass = passingStatuses.has(status) || (status >= 500 && !finalStatuses.has(status));
  const headers = "headers" in error && error.headers instanceof Headers ? error.headers : new Headers();
  return { mayPass, retryAfterMs: retryAfterMs(headers, nowMs) };
}

/** RFC 9110 §10.2.3: `Retry-After = HTTP-date / delay-seconds`. */
function retryAfterMs(headers: Headers, nowMs: number): number {
  const value = headers.get("retry-after") ?? "";
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // A date is by the server's clock, and so is what it is compared with, where the answer tells it.
  const ms = Date.parse(value) - (Date.parse(headers.get("date") ?? "") || nowMs);
  return ms > 0 ? ms : 0;
}
