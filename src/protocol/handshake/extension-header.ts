/**
 * `Sec-WebSocket-Extensions` (RFC 6455 §9.1), read and written.
 *
 *     extension-list  = 1#extension
 *     extension       = extension-token *( ";" extension-param )
 *     extension-param = token [ "=" (token | quoted-string) ]
 *
 * with the "implied *LWS rule": whitespace may stand between any two of these parts. The parser looks at every
 * character once and never goes back, so its time grows with the length of the header and nothing else. It returns
 * lists, not objects keyed by name: duplicates stay visible, and `__proto__` is a name like any other.
 */
import { UsageError } from "../errors.js";
import { isToken, tokenCharacters } from "./characters.js";
import { isWhitespace } from "./headers.js";
import { quote } from "./quote.js";

/** One parameter of an extension. */
export interface ExtensionParameter {
  readonly name: string;
  /** The value, unquoted; `undefined` for a parameter that stands alone. */
  readonly value: string | undefined;
}

/** An extension as a client offers it or a server accepts it. */
export interface ExtensionOffer {
  readonly name: string;
  /** In the order they came, duplicates included: what to make of them is the extension's business. */
  readonly parameters: readonly ExtensionParameter[];
}

/** What `parseExtensions` found. */
export type ExtensionHeader =
  | { readonly ok: true; readonly extensions: readonly ExtensionOffer[] }
  | {
      readonly ok: false;
      /** Which of the header lines does not conform to the grammar, from 0. */
      readonly line: number;
      /** Where in that line, in characters from 0; the line's length when more was expected. */
      readonly position: number;
    };

const quotationMark = 0x22;
const comma = 0x2c;
const semicolon = 0x3b;
const equalsSign = 0x3d;
const backslash = 0x5c;

/**
 * Parses the lines of a `Sec-WebSocket-Extensions` header.
 *
 * RFC 6455 §9.1: "this header field MAY be split or combined across multiple lines." Empty elements are passed over,
 * as in every list (RFC 9110 §5.6.1.2), but a header that is there must name one extension at least (`1#`).
 *
 * @param values the header's lines in order; none means that there is no such header, and no extension
 */
export function parseExtensions(values: readonly string[]): ExtensionHeader {
  const extensions: ExtensionOffer[] = [];
  for (const [line, text] of values.entries()) {
    const parser = new LineParser(text);
    if (!parser.readList(extensions)) return { ok: false, line, position: parser.position };
  }
  const last = values.at(-1);
  if (last !== undefined && extensions.length === 0) {
    return { ok: false, line: values.length - 1, position: last.length };
  }
  return { ok: true, extensions };
}

/** Reads one line. Where a method finds nothing it can use, `position` stays at the character that is wrong. */
class LineParser {
  readonly #text: string;
  position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Appends the extensions of the line to `into`; false where the line breaks the grammar. */
  readList(into: ExtensionOffer[]): boolean {
    for (;;) {
      this.#skipWhitespace();
      if (this.#isAtEnd()) return true;
      if (this.#take(comma)) continue;
      const extension = this.#readExtension();
      if (extension === undefined) return false;
      into.push(extension);
      if (!this.#isAtEnd() && !this.#take(comma)) return false;
    }
  }

  #readExtension(): ExtensionOffer | undefined {
    const name = this.#readToken();
    if (name === "") return undefined;
    const parameters: ExtensionParameter[] = [];
    this.#skipWhitespace();
    while (this.#take(semicolon)) {
      const parameter = this.#readParameter();
      if (parameter === undefined) return undefined;
      parameters.push(parameter);
    }
    return { name, parameters };
  }

  #readParameter(): ExtensionParameter | undefined {
    this.#skipWhitespace();
    const name = this.#readToken();
    if (name === "") return undefined;
    this.#skipWhitespace();
    if (!this.#take(equalsSign)) return { name, value: undefined };
    this.#skipWhitespace();
    const value = this.#take(quotationMark) ? this.#readQuotedToken() : this.#readToken();
    if (value === "") return undefined;
    this.#skipWhitespace();
    return { name, value };
  }

  /** A token, or the empty string where there is none. */
  #readToken(): string {
    const start = this.position;
    while (tokenCharacters.has(this.#text.charCodeAt(this.position))) this.position++;
    return this.#text.slice(start, this.position);
  }

  /**
   * The rest of a quoted-string, after its first quotation mark; the empty string where it is not what it should be.
   *
   * RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF." So a space, a comma
   * or an escaped quotation mark inside is already an error.
   */
  #readQuotedToken(): string {
    let value = "";
    while (!this.#take(quotationMark)) {
      this.#take(backslash);
      const code = this.#text.charCodeAt(this.position);
      if (!tokenCharacters.has(code)) return "";
      value += String.fromCharCode(code);
      this.position++;
    }
    return value;
  }

  #skipWhitespace(): void {
    while (isWhitespace(this.#text.charCodeAt(this.position))) this.position++;
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.position) !== code) return false;
    this.position++;
    return true;
  }

  #isAtEnd(): boolean {
    return this.position === this.#text.length;
  }
}

/**
 * Writes the value of a `Sec-WebSocket-Extensions` header: what `parseExtensions` reads back as the same list.
 *
 * @param extensions one or more; an empty list is an absent header, not an empty one
 * @throws UsageError `extension-invalid` for a name or value that is no token
 */
export function formatExtensions(extensions: readonly ExtensionOffer[]): string {
  return extensions.map(formatExtension).join(", ");
}

function formatExtension({ name, parameters }: ExtensionOffer): string {
  let text = checkedToken(name);
  for (const parameter of parameters) {
    text += `; ${checkedToken(parameter.name)}`;
    // The value is a token, so it never needs quoting.
    if (parameter.value !== undefined) text += `=${checkedToken(parameter.value)}`;
  }
  return text;
}

function checkedToken(text: string): string {
  if (!isToken(text)) throw new UsageError("extension-invalid", quote(text));
  return text;
}
