/**
 * Recognizes the head of an upgrade request in the first octets of a connection.
 *
 * This is no HTTP parser. It knows one kind of request, the one that a WebSocket client sends (RFC 6455 §4.1), written
 * without anything that one HTTP parser could read in another way than the next. Whatever else comes, ordinary HTTP as
 * well as what is odd, broken or too large, is "other": the caller hands all octets so far to a whole HTTP server,
 * which answers as it always does. So there is one judge for everything doubtful, and nothing can be smuggled past it:
 * what is recognized here, every strict parser reads with the same result.
 *
 * Every octet is looked at once when it arrives, and the lines once more when the head is complete, however it was cut
 * into chunks. What is kept of an incomplete head are its octets and two numbers for each line.
 */
import type { Limits } from "../limits.js";
import type { TextCodec } from "../utf8.js";
import { asciiBytes, CharacterSet, characterRange, tokenCharacters } from "./characters.js";
import { valueCharacters } from "./head.js";
import { hasToken, isWhitespace, matchesIgnoringCase } from "./headers.js";
import type { HandshakeRequest } from "./message.js";

/** What `RequestHeadReader` makes of the octets so far. */
export type RequestHeadResult =
  /** They may be the beginning of an upgrade request. */
  | { readonly kind: "more" }
  /** They are something else, or something in doubt. */
  | { readonly kind: "other" }
  | {
      readonly kind: "upgrade";
      /** As an HTTP parser would give it; whether it is a proper handshake is for `readUpgradeRequest` to say. */
      readonly request: HandshakeRequest;
      /** Where in the last chunk the octets behind the head begin. */
      readonly end: number;
    };

const more: RequestHeadResult = { kind: "more" };
const other: RequestHeadResult = { kind: "other" };

/** Lengths that `#scan` returns where there is no head. */
const incomplete = 0;
const unrecognized = -1;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const colon = 0x3a;
const tab = 0x09;
const firstNonAscii = 0x80;

/**
 * How the request begins: the method (RFC 6455 §4.1: "The method of the request MUST be GET"), and the slash of a target
 * in origin-form (RFC 9112 §3.2.1). The other forms carry a second authority, or none of a WebSocket's.
 */
const requestStart = asciiBytes("GET /");
const targetStart = requestStart.length - 1;

/** How the request line ends. Other versions of HTTP/1 have other rules for what follows. */
const requestLineEnd = asciiBytes(" HTTP/1.1");

/**
 * What a target is made of. RFC 3986 §2 allows fewer characters, which is for whoever reads the target to mind; "#" is
 * left out because RFC 6455 §3 forbids fragments, and parsers differ over whether they belong to the target.
 */
const targetCharacters = new CharacterSet(characterRange(0x21, 0x7e).replace("#", ""));

/** What a line is made of, but for obs-text. */
const asciiTextCharacters = new CharacterSet(`\t${characterRange(0x20, 0x7e)}`);

const nothing = new Uint8Array(0);

// Enough for the small pieces in which a slow head comes; doubled from there.
const smallestKeptBytes = 64;

/** See the head of this file. One for each connection; it is of no more use once it has said "other" or "upgrade". */
export class RequestHeadReader {
  readonly #limits: Pick<Limits, "maxHeaderCount" | "maxHeaderBytes">;
  readonly #text: TextCodec;
  /** The octets of earlier chunks, with room for more. */
  #kept = nothing;
  #keptBytes = 0;
  // Positions count from the first octet of the head.
  /** Up to where every octet was looked at. */
  #position = 0;
  /** Where the line begins in which that is; the empty line, in the end. */
  #lineStart = 0;
  #requestLineEnd = 0;
  /** For each header line, where its colon stands and where it ends. */
  readonly #lines: number[] = [];
  #hasObsText = false;

  /**
   * @param limits `maxHeaderCount` header lines are recognized, and `maxHeaderBytes` octets of the whole head: request
   *   line, separators, line ends. That is less than the same number of octets of names and values alone, so that a
   *   head within these limits is within those of `readUpgradeRequest`, too
   * @param text converts octets to text
   */
  constructor(limits: Pick<Limits, "maxHeaderCount" | "maxHeaderBytes">, text: TextCodec) {
    this.#limits = limits;
    this.#text = text;
  }

  /**
   * The octets of all chunks for which `read` said "more". When it then says "other", they come before the chunk that
   * it said so for. They stay as they are until the next call of `read`.
   */
  get earlier(): Uint8Array {
    return this.#kept.subarray(0, this.#keptBytes);
  }

  /**
   * Looks at the next octets of the connection, from `start` (inclusive) to `end` (exclusive). They are copied where
   * they are needed later.
   *
   * @returns never throws, whatever the octets
   */
  read(bytes: Uint8Array, start: number, end: number): RequestHeadResult {
    const earlierBytes = this.#keptBytes;
    const { maxHeaderBytes } = this.#limits;
    const readBytes = Math.min(end - start, maxHeaderBytes - earlierBytes);
    // A head whole in one chunk, which is what nearly all are, is read from where it lies.
    const isFirst = earlierBytes === 0;
    if (!isFirst) this.#keep(bytes, start, readBytes);
    const memory = isFirst ? bytes : this.#kept;
    const origin = isFirst ? start : 0;
    const headBytes = this.#scan(memory, origin, earlierBytes + readBytes);
    if (headBytes > 0) {
      const request = this.#decode(memory, origin);
      return request === undefined ? other : { kind: "upgrade", request, end: start + headBytes - earlierBytes };
    }
    if (headBytes === unrecognized || earlierBytes + readBytes >= maxHeaderBytes) return other;
    if (isFirst) this.#keep(bytes, start, readBytes);
    this.#keptBytes = earlierBytes + readBytes;
    return more;
  }

  /** Puts octets behind those that are kept, without counting them yet. */
  #keep(bytes: Uint8Array, start: number, count: number): void {
    const needed = this.#keptBytes + count;
    if (needed > this.#kept.byteLength) {
      const { maxHeaderBytes } = this.#limits;
      const grown = new Uint8Array(Math.min(Math.max(2 * needed, smallestKeptBytes), maxHeaderBytes));
      grown.set(this.earlier);
      this.#kept = grown;
    }
    this.#kept.set(bytes.subarray(start, start + count), this.#keptBytes);
  }

  /**
   * Looks at the octets that have not been looked at.
   *
   * @param origin where in `memory` the head begins
   * @param available octets of the head that are there
   * @returns the length of the head with the empty line at its end, or `incomplete`, or `unrecognized`
   */
  #scan(memory: Uint8Array, origin: number, available: number): number {
    if (this.#lineStart === 0 && !startsAlike(memory, origin, available, requestStart)) return unrecognized;
    let position = this.#position;
    for (;;) {
      position = this.#textEnd(memory, origin, position, available);
      if (position === available) break;
      // RFC 9112 §2.2 lets a recipient take a bare LF for a line end, and tells it what to do about a bare CR: two
      // parsers may differ, so neither is recognized.
      if (memory[origin + position] !== carriageReturn) return unrecognized;
      if (position + 1 === available) break;
      if (memory[origin + position + 1] !== lineFeed) return unrecognized;
      if (position === this.#lineStart) return position + 2;
      if (!this.#readLine(memory, origin, position)) return unrecognized;
      position += 2;
      this.#lineStart = position;
    }
    this.#position = position;
    return incomplete;
  }

  /** Where what may stand in a line ends: at `available`, or before. */
  #textEnd(memory: Uint8Array, origin: number, start: number, available: number): number {
    const end = asciiTextCharacters.spanEnd(memory, origin + start, origin + available) - origin;
    if (end === available || memory[origin + end]! < firstNonAscii) return end;
    this.#hasObsText = true;
    return valueCharacters.spanEnd(memory, origin + end, origin + available) - origin;
  }

  /** Whether the line that ends at `end` is what it should be. */
  #readLine(memory: Uint8Array, origin: number, end: number): boolean {
    const start = this.#lineStart;
    return start === 0 ? this.#readRequestLine(memory, origin, end) : this.#readHeaderLine(memory, origin, start, end);
  }

  /** RFC 9112 §3: method, target and version with a single space between them. */
  #readRequestLine(memory: Uint8Array, origin: number, end: number): boolean {
    const targetEnd = end - requestLineEnd.length;
    // At least the slash, which `requestStart` was compared with.
    if (targetEnd <= targetStart) return false;
    if (!startsAlike(memory, origin + targetEnd, requestLineEnd.length, requestLineEnd)) return false;
    if (targetCharacters.spanEnd(memory, origin + targetStart, origin + targetEnd) !== origin + targetEnd) return false;
    this.#requestLineEnd = end;
    return true;
  }

  /**
   * RFC 9112 §5: a name, which is a token, and a colon right behind it. §5.1: "No whitespace is allowed between the
   * field name and colon." §5.2: a line that begins with whitespace continues the one before it, which "a server MUST
   * either reject […] or replace"; a token does not begin with whitespace.
   */
  #readHeaderLine(memory: Uint8Array, origin: number, start: number, end: number): boolean {
    const nameEnd = tokenCharacters.spanEnd(memory, origin + start, origin + end) - origin;
    if (nameEnd === start || memory[origin + nameEnd] !== colon) return false;
    return this.#lines.push(nameEnd, end) <= 2 * this.#limits.maxHeaderCount;
  }

  /** Makes the request of a complete head; undefined where it is not the one that is looked for. */
  #decode(memory: Uint8Array, origin: number): HandshakeRequest | undefined {
    const lines = this.#lines;
    const head = this.#textOf(memory, origin, origin + this.#lineStart);
    const rawHeaders: string[] = [];
    let hosts = 0;
    let isWebSocket = false;
    let isUpgrade = false;
    let start = this.#requestLineEnd + 2;
    for (let index = 0; index < lines.length; index += 2) {
      const nameEnd = lines[index]!;
      const end = lines[index + 1]!;
      const name = head.slice(start, nameEnd);
      const value = this.#valueOf(memory, origin + nameEnd + 1, origin + end);
      start = end + 2;
      rawHeaders.push(name, value);
      switch (meaningOf(name)) {
        case "host":
          hosts++;
          break;
        case "upgrade":
          isWebSocket ||= isOrHasToken(value, "websocket");
          break;
        case "connection":
          // RFC 9110 §5.6.3 allows tabs in a list. There are parsers that do not find a token that stands before one.
          if (memory.subarray(origin + nameEnd, origin + end).includes(tab)) return undefined;
          isUpgrade ||= isOrHasToken(value, "upgrade");
          break;
        case "another-reader":
          return undefined;
        case undefined:
          break;
      }
    }
    // RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
    // lacks a Host header field and to any request message that contains more than one Host header field line".
    if (!isWebSocket || !isUpgrade || hosts !== 1) return undefined;
    const target = this.#textOf(memory, origin + targetStart, origin + this.#requestLineEnd - requestLineEnd.length);
    return { method: "GET", httpVersion: "1.1", target, rawHeaders };
  }

  /**
   * RFC 9110 §5.5: a value "does not include leading or trailing whitespace". It becomes a string of its own: a slice
   * would keep the whole head in memory for as long as anybody keeps a subprotocol or a cookie.
   */
  #valueOf(memory: Uint8Array, from: number, to: number): string {
    let start = from;
    let end = to;
    while (start < end && isWhitespace(memory[start]!)) start++;
    while (end > start && isWhitespace(memory[end - 1]!)) end--;
    return this.#textOf(memory, start, end);
  }

  #textOf(memory: Uint8Array, start: number, end: number): string {
    if (!this.#hasObsText) return this.#text.decodeAscii(memory, start, end);
    // RFC 9110 §5.5: obs-text is opaque data; everyone who makes text of it makes each octet a character.
    let text = "";
    for (let index = start; index < end; index++) text += String.fromCharCode(memory[index]!);
    return text;
  }
}

/** Whether the octets from `origin` begin with `expected`, as far as they are there. */
function startsAlike(memory: Uint8Array, origin: number, available: number, expected: Uint8Array): boolean {
  const compared = Math.min(available, expected.length);
  for (let index = 0; index < compared; index++) {
    if (memory[origin + index] !== expected[index]) return false;
  }
  return true;
}

/**
 * What a header is to the recognizer. "another-reader" makes the request one with a body (RFC 9112 §6), whose end
 * parsers have found at different places, or one that waits for an interim response (RFC 9110 §10.1.1).
 */
function meaningOf(name: string): "host" | "upgrade" | "connection" | "another-reader" | undefined {
  switch (name.length) {
    case 4:
      return matchesIgnoringCase(name, "host") ? "host" : undefined;
    case 6:
      return matchesIgnoringCase(name, "expect") ? "another-reader" : undefined;
    case 7:
      return matchesIgnoringCase(name, "upgrade") ? "upgrade" : undefined;
    case 10:
      return matchesIgnoringCase(name, "connection") ? "connection" : undefined;
    case 14:
      return matchesIgnoringCase(name, "content-length") ? "another-reader" : undefined;
    case 17:
      return matchesIgnoringCase(name, "transfer-encoding") ? "another-reader" : undefined;
    default:
      return undefined;
  }
}

/** `hasToken` with a short way for the usual line, which is the token and nothing else. */
function isOrHasToken(value: string, token: string): boolean {
  return matchesIgnoringCase(value, token) || hasToken([value], token);
}
