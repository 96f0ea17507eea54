/**
 * Getting an answer from a server: asks for a connection, and asks elsewhere where a redirect leads.
 */
import type { ExtensionOffer, HandshakeRequest, SentUpgradeRequest } from "../protocol/index.js";
import { createKey, createUpgradeRequest, OpenlineError } from "../protocol/index.js";
import type { Dialer, DialOptions, DialResult, Platform } from "../transport/index.js";
import { ConnectError } from "./connect-errors.js";
import type { CookieJar } from "./cookies.js";
import { keepCookies, withCookies } from "./cookies.js";
import type { Hop } from "./hop.js";
import type { Patience } from "./patience.js";
import type { ResolvedRedirects } from "./redirects.js";
import { isRedirect, nextHop } from "./redirects.js";

/** A request that is ready but for the cookies. */
export interface PreparedHop extends Hop {
  readonly request: HandshakeRequest;
  readonly sent: SentUpgradeRequest;
}

/** What holds for all requests. */
export interface AttemptOptions {
  readonly extensions: readonly ExtensionOffer[];
  readonly platform: Platform;
  readonly dial: Dialer;
  readonly dialLimits: Omit<DialOptions, "signal">;
  readonly patience: Patience;
  readonly jar: CookieJar | undefined;
  /** Undefined where none is followed. */
  readonly redirects: ResolvedRedirects | undefined;
}

/** The last answer, which is no redirect that is followed. */
export interface Answer {
  readonly result: DialResult;
  /** What it answers. */
  readonly hop: PreparedHop;
}

/**
 * Makes the request of a hop.
 *
 * @throws UsageError for what the application has put into it
 */
export function prepareHop(hop: Hop, extensions: readonly ExtensionOffer[], platform: Platform): PreparedHop {
  // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."
  const sent = { key: createKey(platform.randomBytes(16)), protocols: hop.protocols, extensions };
  const request = createUpgradeRequest({ ...hop.address, ...sent, headers: hop.headers });
  return { ...hop, request, sent };
}

/**
 * See the head of this file. What it returns may have a stream, which the caller has to use or to give up.
 *
 * @throws ConnectError, RedirectError, CookieJarError, or what ended the patience; nothing is left open then
 */
export async function attempt(first: PreparedHop, options: AttemptOptions): Promise<Answer> {
  const { extensions, platform, patience, jar, redirects } = options;
  const hops = [first];
  for (let hop = first; ; ) {
    const request = jar === undefined ? hop.request : await withCookies(hop.request, hop.url, jar, patience);
    const result = await dialHop(hop, request, options);
    try {
      // Of whatever answer: a browser keeps those of a refusal, too.
      if (jar !== undefined) await keepCookies(result.response, hop.url, jar, patience);
    } catch (error) {
      abandon(result);
      throw error;
    }
    if (redirects === undefined || result.isUpgraded || !isRedirect(result.response)) return { result, hop };
    hop = prepareHop(nextHop(hops, result.response, redirects), extensions, platform);
    hops.push(hop);
  }
}

/** Cuts what a dialer has brought and nobody wants. */
export function abandon(result: DialResult): void {
  if (result.isUpgraded) result.stream.destroy();
}

async function dialHop({ url, address }: Hop, request: HandshakeRequest, options: AttemptOptions): Promise<DialResult> {
  const { dial, dialLimits, patience } = options;
  try {
    return await patience.waitFor(() => dial(address, request, { signal: patience.signal, ...dialLimits }), abandon);
  } catch (error) {
    patience.signal.throwIfAborted();
    // A proxy's refusal, or a misuse: they say what they are themselves.
    if (error instanceof OpenlineError) throw error;
    throw new ConnectError(url.href, error);
  }
}
