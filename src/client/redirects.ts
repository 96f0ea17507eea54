/**
 * Where a redirect leads (RFC 9110 §15.4), and what may go along. RFC 6455 §4.1: "the client MAY follow redirects when
 * the server redirects the client using a 3xx status code (but clients are not required to follow them)"; here they are
 * asked to.
 */
import type { HandshakeResponse } from "../protocol/index.js";
import { headerValues, isToken, lowercaseAscii, UsageError } from "../protocol/index.js";
import { wholeNumber } from "../socket/index.js";
import type { RedirectCode } from "./errors.js";
import { RedirectError } from "./errors.js";
import type { Hop } from "./hop.js";
import { webSocketUrl } from "./hop.js";

/** How redirects are followed, where they are. */
export interface RedirectOptions {
  /** Redirects that are followed one after the other, from 0 to 20. Default 5. */
  readonly max?: number;
  /** Whether one may lead from `wss:` to `ws:`, where everybody on the way reads along. Default false. */
  readonly allowInsecure?: boolean;
  /**
   * Names of headers that go along to another origin, too, beside `Accept-Language`, `Origin` and `User-Agent`. None of
   * `Authorization`, `Cookie` and `Proxy-Authorization`, which never do. Default none.
   */
  readonly keepHeaders?: readonly string[];
}

/** The options with every default filled in. */
export interface ResolvedRedirects {
  readonly max: number;
  readonly allowInsecure: boolean;
  /** In lower case. */
  readonly keptHeaders: ReadonlySet<string>;
}

/** The statuses that are followed. What is different about them are methods, and here is none but GET. */
const followedStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

// A host without its "www.", http to https, a load balancer that names its server; more is a loop, or ill-made.
const defaultMax = 5;
// What browsers follow (Fetch, "HTTP-redirect fetch"). A loop takes its round trips out of the deadline.
const maxMax = 20;

// What a header means that only the application knows cannot be told by its name: it may be a key (X-Api-Key). So others
// get what is known to be none. `Origin` stays, since a request without is taken for one that no page has made.
const harmlessHeaders = ["accept-language", "origin", "user-agent"];
const credentialHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);
// How a token travels as a subprotocol; what `protocolToken` of servers reads.
const tokenPrefix = "bearer.";

/**
 * Fills in the defaults.
 *
 * @returns undefined where none is to be followed
 * @throws UsageError `invalid-limit`, `invalid-argument`
 */
export function resolveRedirects(options: RedirectOptions | undefined): ResolvedRedirects | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null) {
    throw new UsageError("invalid-argument", typeof options, undefined, "redirects are options");
  }
  const { allowInsecure = false, keepHeaders = [] } = options;
  if (typeof allowInsecure !== "boolean") {
    throw new UsageError("invalid-argument", typeof allowInsecure, undefined, "allowInsecure is true or false");
  }
  if (!Array.isArray(keepHeaders)) {
    throw new UsageError("invalid-argument", typeof keepHeaders, undefined, "keepHeaders is a list of names");
  }
  const max = wholeNumber("redirects.max", options.max, defaultMax, maxMax);
  const kept = (keepHeaders as readonly string[]).map((name) => {
    if (!isToken(name)) throw new UsageError("header-invalid", undefined, undefined, "a name in keepHeaders");
    const lowercase = lowercaseAscii(name);
    if (credentialHeaders.has(lowercase)) throw new UsageError("header-not-allowed", name, undefined, "keepHeaders");
    return lowercase;
  });
  return max === 0 ? undefined : { max, allowInsecure, keptHeaders: new Set([...harmlessHeaders, ...kept]) };
}

/** Whether a response is a redirect of those that are followed. */
export function isRedirect({ status }: HandshakeResponse): boolean {
  return followedStatuses.has(status);
}

/**
 * The request to make next.
 *
 * @param hops the requests made so far, at least one; the last got `response`
 * @throws RedirectError
 */
export function nextHop(hops: readonly Hop[], response: HandshakeResponse, redirects: ResolvedRedirects): Hop {
  const urls = hops.map(({ url }) => url.href);
  const fail = (
    code: RedirectCode,
    observed?: string | number,
    more: { limit?: number; cause?: unknown } = {},
  ): never => {
    throw new RedirectError(code, { status: response.status, urls, observed, ...more });
  };
  const last = hops.at(-1) as Hop;
  if (hops.length > redirects.max) fail("too-many-redirects", hops.length, { limit: redirects.max });
  const { url, address } = webSocketUrlAt(locationOf(response, fail), last.url, fail);
  if (last.address.secure && !address.secure && !redirects.allowInsecure) fail("redirect-insecure", url.href);
  if (url.origin === last.url.origin) return { ...last, url, address };
  return {
    url,
    address,
    headers: keptHeaders(last.headers, redirects.keptHeaders),
    protocols: last.protocols.filter((protocol) => !protocol.startsWith(tokenPrefix)),
  };
}

type Fail = (code: RedirectCode, observed?: string | number, more?: { limit?: number; cause?: unknown }) => never;

/** The value of `Location`. A URL is visible ASCII (RFC 3986 §2); a parser of URLs would remove line ends from it. */
function locationOf({ rawHeaders }: HandshakeResponse, fail: Fail): string {
  const [location, ...others] = headerValues(rawHeaders, "location");
  if (location === undefined) return fail("redirect-location-missing");
  if (others.length > 0) return fail("redirect-location-repeated", others.length + 1);
  if (!/^[!-~]+$/u.test(location)) return fail("redirect-location-invalid", location);
  return location;
}

function webSocketUrlAt(location: string, base: URL, fail: Fail): ReturnType<typeof webSocketUrl> {
  let url: URL;
  try {
    url = new URL(location, base);
  } catch (cause) {
    return fail("redirect-location-invalid", location, { cause });
  }
  if (!/^(?:ws|http)s?:$/u.test(url.protocol)) return fail("redirect-scheme", url.protocol);
  // RFC 9110 §4.2.4: "a recipient SHOULD parse for userinfo and treat its presence as an error". It is not repeated.
  if (url.username !== "" || url.password !== "") return fail("redirect-credentials");
  try {
    return webSocketUrl(url);
  } catch (cause) {
    return fail("redirect-location-invalid", location, { cause });
  }
}

function keptHeaders(headers: Hop["headers"], kept: ReadonlySet<string>): string[] {
  return headers.filter((_text, index) => kept.has(headers[index - (index % 2)] ?? ""));
}
