/**
 * Reading header lists: lookups by name in any case, token lists over several lines, sizes. Nothing here builds an
 * object keyed by a name that a peer chose, and everything is one pass.
 */
import type { RawHeaders } from "./message.js";

const space = 0x20;
const tab = 0x09;

/** Whether a character is whitespace inside a header value: `OWS` of RFC 9110 §5.6.3. */
export function isWhitespace(code: number): boolean {
  return code === space || code === tab;
}

/** `text` without spaces and tabs at its ends. Not `trim`, which also removes line ends and Unicode's spaces. */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * Whether two strings are an "ASCII case-insensitive match" (RFC 6455 §2.1).
 *
 * @param text what the peer sent
 * @param lowercase what it is compared with, in lower case
 */
export function matchesIgnoringCase(text: string, lowercase: string): boolean {
  if (text.length !== lowercase.length) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const lowered = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (lowered !== lowercase.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * The values of every line with this name, in order, without the whitespace around them.
 *
 * RFC 6455 §4.1: "all header field names in both HTTP requests and HTTP responses are case-insensitive."
 *
 * @param rawHeaders names and values alternating; a name at the end without a value counts as one with an empty value
 * @param name the name in lower case
 */
export function headerValues(rawHeaders: RawHeaders, name: string): string[] {
  const values: string[] = [];
  let matched = false;
  let isName = true;
  for (const text of rawHeaders) {
    if (isName) matched = matchesIgnoringCase(text, name);
    else if (matched) values.push(trimWhitespace(text));
    isName = !isName;
  }
  // The list has ended and a value is still due.
  if (matched && !isName) values.push("");
  return values;
}

/**
 * The elements of a comma-separated list spread over any number of lines, without the whitespace around them.
 * Empty elements are kept, because some lists tolerate them and others do not.
 *
 * @param values the lines, from `headerValues`
 */
export function listElements(values: readonly string[]): string[] {
  // RFC 9110 §5.3: lines of one name are equivalent to one line with their values joined by commas.
  return values.flatMap((value) => value.split(",")).map(trimWhitespace);
}

/**
 * Whether a list contains a token, in any case: `Connection: keep-alive, Upgrade`.
 *
 * Empty elements are passed over. RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty
 * list elements".
 *
 * @param values the lines, from `headerValues`
 * @param token the token in lower case
 */
export function hasToken(values: readonly string[], token: string): boolean {
  return listElements(values).some((element) => matchesIgnoringCase(element, token));
}

/** How many lines there are, and how many octets their names and values have together. */
export function measureHeaders(rawHeaders: RawHeaders): { readonly count: number; readonly bytes: number } {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  return { count: Math.ceil(rawHeaders.length / 2), bytes };
}
