/**
 * `ws`'s `subprotocol`: the header `Sec-WebSocket-Protocol` of a request as a set.
 */
import { isToken, tokenCharacters } from "../../protocol/handshake/characters.js";
import { isWhitespace, trimWhitespace } from "../../protocol/handshake/headers.js";
import { parseProtocols } from "../../protocol/handshake/subprotocol.js";

/**
 * Reads the header.
 *
 * @returns the subprotocols, the most wanted first
 * @throws SyntaxError for one that is no list of tokens, each of them once (RFC 6455 §4.1)
 */
function parse(header: string): Set<string> {
  const read = parseProtocols([header]);
  if (read.ok) return new Set(read.protocols);
  if (read.reason === "repeated") throw new SyntaxError(`The "${read.element}" subprotocol is duplicated`);
  const position = faultPosition(header);
  throw new SyntaxError(
    position < header.length ? `Unexpected character at index ${position}` : "Unexpected end of input",
  );
}

/** Where the first element goes wrong that is no token. */
function faultPosition(header: string): number {
  let position = 0;
  for (const element of header.split(",")) {
    const end = position + element.length;
    if (!isToken(trimWhitespace(element))) {
      position = afterWhitespace(header, position, end);
      while (position < end && tokenCharacters.has(header.charCodeAt(position))) position++;
      return afterWhitespace(header, position, end);
    }
    position = end + 1;
  }
  return header.length;
}

function afterWhitespace(header: string, start: number, end: number): number {
  let position = start;
  while (position < end && isWhitespace(header.charCodeAt(position))) position++;
  return position;
}

/** See the head of this file. */
export const subprotocol: { readonly parse: typeof parse } = { parse };
