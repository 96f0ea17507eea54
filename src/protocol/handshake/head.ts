/**
 * Writing the head of a message: start line and header lines, with what the application adds checked first. A line
 * end in a header that an option reaches would otherwise let its author write a request of their own (CVE-2026-1527).
 */
import { UsageError } from "../errors.js";
import { CharacterSet, characterRange, isToken, lowercaseAscii } from "./characters.js";
import type { RawHeaders } from "./message.js";
import { quote } from "./quote.js";

/** RFC 9110 §5.5: a value is visible characters, spaces, tabs, and octets from 0x80 up. So no CR, no LF, no NUL. */
export const valueCharacters: CharacterSet = new CharacterSet(
  `\t${characterRange(0x20, 0x7e)}${characterRange(0x80, 0xff)}`,
);

/**
 * What every message of the handshake sets itself, and what none may have: RFC 9110 §8.6 and RFC 9112 §6.1 forbid
 * Content-Length and Transfer-Encoding in a 101, and a request with a body could be taken for two requests.
 */
export const handshakeHeaders: readonly string[] = [
  "upgrade",
  "connection",
  "sec-websocket-key",
  "sec-websocket-accept",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
  "content-length",
  "transfer-encoding",
];

/** Fields that belong to a connection of HTTP/1.1, of which HTTP/2 has none (RFC 9113 §8.2.2). In lower case. */
export const connectionFields: readonly string[] = [
  "connection",
  "upgrade",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
];

/** Whether `value` may stand in a header line or be a reason phrase (RFC 9110 §5.5). */
export function isHeaderValue(value: string): boolean {
  return valueCharacters.containsAll(value);
}

/**
 * Refuses headers that would break the message or change what it means.
 *
 * @param headers what the application wants to send, names and values alternating
 * @param owned names, in lower case, that the message sets itself or must not have
 * @throws UsageError `header-invalid` for a name that is no token, a value with control characters, or a name without
 *   a value; `header-not-allowed` for an owned name. Values are not repeated in the error: they may be secrets.
 */
export function checkHeaders(headers: RawHeaders, owned: ReadonlySet<string>): void {
  if (headers.length % 2 !== 0) {
    throw new UsageError("header-invalid", undefined, undefined, "names and values must alternate");
  }
  let name = "";
  for (const [index, text] of headers.entries()) {
    if (index % 2 === 0) {
      name = text;
      if (!isToken(name)) throw new UsageError("header-invalid", quote(name));
      if (owned.has(lowercaseAscii(name))) throw new UsageError("header-not-allowed", name);
    } else if (!isHeaderValue(text)) {
      throw new UsageError("header-invalid", undefined, undefined, `the value of ${name}`);
    }
  }
}

/**
 * Joins a start line and header lines into the head of a message, with the empty line that ends it.
 *
 * @param startLine a request line or status line
 * @param rawHeaders names and values alternating, checked by the caller
 * @returns a string of characters up to U+00FF: one octet each, so send it as Latin-1
 */
export function formatHead(startLine: string, rawHeaders: RawHeaders): string {
  let head = startLine;
  for (const [index, text] of rawHeaders.entries()) head += index % 2 === 0 ? `\r\n${text}: ` : text;
  return `${head}\r\n\r\n`;
}
