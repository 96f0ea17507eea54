/**
 * Cookies of a client (RFC 6265), for which somebody else's jar is used.
 */
import type { HandshakeRequest, HandshakeResponse } from "../protocol/index.js";
import { headerValues, isHeaderValue, matchesIgnoringCase, UsageError } from "../protocol/index.js";
import { CookieJarError } from "./errors.js";
import type { Patience } from "./patience.js";

/** Keeps cookies, and knows which are sent where. The `CookieJar` of the package tough-cookie is one as it is. */
export interface CookieJar {
  /**
   * The cookies for a URL, as they stand in the header `Cookie`; empty where there are none.
   *
   * @param url `http:` or `https:`, as cookies know no other schemes
   */
  getCookieString(url: string): string | PromiseLike<string>;
  /**
   * Keeps a cookie.
   *
   * @param cookie the value of one header `Set-Cookie`
   * @param url whence it came, as above
   * @param options says that a cookie which that server may not set, or which makes no sense, is no error
   * @returns anything; a promise is waited for
   */
  setCookie(cookie: string, url: string, options: { readonly ignoreError: boolean }): unknown;
}

/** @throws UsageError `invalid-argument` for what is no jar */
export function checkCookieJar(jar: CookieJar | undefined): void {
  if (jar === undefined) return;
  if (typeof jar?.getCookieString !== "function" || typeof jar.setCookie !== "function") {
    throw new UsageError("invalid-argument", undefined, undefined, "cookieJar has getCookieString and setCookie");
  }
}

/**
 * The request with the jar's cookies, behind those that the application has put into it: a server that looks for a name
 * finds the application's first.
 *
 * @throws CookieJarError, or that there is no patience any more
 */
export async function withCookies(
  request: HandshakeRequest,
  url: URL,
  jar: CookieJar,
  patience: Patience,
): Promise<HandshakeRequest> {
  const cookies: unknown = await ask(patience, () => jar.getCookieString(httpUrl(url)));
  if (typeof cookies !== "string" || !isHeaderValue(cookies)) throw new CookieJarError("cookie-jar-invalid");
  if (cookies === "") return request;
  const rawHeaders = [...request.rawHeaders];
  const place = rawHeaders.findIndex((text, index) => index % 2 === 0 && matchesIgnoringCase(text, "cookie"));
  // RFC 6265 §5.4: "the user agent MUST NOT attach more than one Cookie header field."
  if (place === -1) rawHeaders.push("Cookie", cookies);
  else rawHeaders[place + 1] = `${rawHeaders[place + 1] ?? ""}; ${cookies}`;
  return { ...request, rawHeaders };
}

/**
 * Gives the jar every cookie of a response, one after the other: a later one may replace an earlier one.
 *
 * @throws CookieJarError, or that there is no patience any more
 */
export async function keepCookies(
  { rawHeaders }: HandshakeResponse,
  url: URL,
  jar: CookieJar,
  patience: Patience,
): Promise<void> {
  for (const cookie of headerValues(rawHeaders, "set-cookie")) {
    await ask(patience, () => jar.setCookie(cookie, httpUrl(url), { ignoreError: true }));
  }
}

async function ask<T>(patience: Patience, call: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await patience.waitFor(call);
  } catch (error) {
    patience.signal.throwIfAborted();
    throw new CookieJarError("cookie-jar-failed", error);
  }
}

function httpUrl(url: URL): string {
  return url.href.replace(/^ws/u, "http");
}
