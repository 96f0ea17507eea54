/**
 * What the constructors check: URLs and subprotocols, as the standard wants them.
 */
import { isToken } from "../../protocol/index.js";
import { apiBaseUrl } from "./environment.js";

/**
 * Makes the "SyntaxError" DOMException that the standard throws for most arguments that make no sense.
 *
 * @param message what was wrong; it may repeat what the caller has given
 */
export function syntaxError(message: string): DOMException {
  return new DOMException(message, "SyntaxError");
}

/**
 * The URL record of a WebSocket (WebSockets §3.1, constructor steps 1 to 7).
 *
 * @param url absolute, or relative to the API base URL: `location` where there is such a thing
 * @returns a `ws:` or `wss:` URL without a fragment
 * @throws "SyntaxError" DOMException
 */
export function parseUrl(url: string): URL {
  // 1. "Let baseURL be this's relevant settings object's API base URL."
  const baseUrl = apiBaseUrl();
  // 2. "Let urlRecord be the result of applying the URL parser to url with baseURL."
  let urlRecord: URL;
  try {
    urlRecord = new URL(url, baseUrl);
  } catch {
    // 3. "If urlRecord is failure, then throw a "SyntaxError" DOMException."
    throw syntaxError(`the URL ${JSON.stringify(url)} is invalid`);
  }
  // 4. "If urlRecord's scheme is "http", then set urlRecord's scheme to "ws"."
  if (urlRecord.protocol === "http:") urlRecord.protocol = "ws:";
  // 5. "Otherwise, if urlRecord's scheme is "https", set urlRecord's scheme to "wss"."
  else if (urlRecord.protocol === "https:") urlRecord.protocol = "wss:";
  // 6. "If urlRecord's scheme is not "ws" or "wss", then throw a "SyntaxError" DOMException."
  if (urlRecord.protocol !== "ws:" && urlRecord.protocol !== "wss:") {
    throw syntaxError(`the scheme of a URL must be ws, wss, http or https, and not ${urlRecord.protocol.slice(0, -1)}`);
  }
  // 7. "If urlRecord's fragment is non-null, then throw a "SyntaxError" DOMException." `hash` does not tell an empty one
  // from none; the whole URL does.
  if (urlRecord.href.includes("#")) throw syntaxError("the URL must not have a fragment");
  return urlRecord;
}

/**
 * The subprotocols to ask for (WebSockets §3.1, constructor steps 8 and 9).
 *
 * @throws "SyntaxError" DOMException for one that is no token (RFC 6455 §4.1), or comes twice
 */
export function checkProtocols(protocols: string | readonly string[]): readonly string[] {
  // 8. "If protocols is a string, set protocols to a sequence consisting of just that string."
  const sequence = typeof protocols === "string" ? [protocols] : protocols;
  // 9. "If any of the values in protocols occur more than once or otherwise fail to match the requirements for elements
  // that comprise the value of `Sec-WebSocket-Protocol` fields ..., then throw a "SyntaxError" DOMException."
  const seen = new Set<string>();
  for (const protocol of sequence) {
    if (!isToken(protocol)) throw syntaxError(`the subprotocol ${JSON.stringify(protocol)} is invalid`);
    // Without regard to case: the text does not say it, and the web platform's tests ask for it.
    const folded = protocol.toLowerCase();
    if (seen.has(folded)) throw syntaxError(`the subprotocol ${JSON.stringify(protocol)} occurs more than once`);
    seen.add(folded);
  }
  return sequence;
}
