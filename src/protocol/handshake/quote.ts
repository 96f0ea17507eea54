/**
 * Characters of a peer's text that an error message repeats. Enough to recognize a header by; the whole of it is in
 * the error's `observed`.
 */
const maxQuotedLength = 64;

/**
 * Text from outside, made fit for a message that ends up in a log or on a terminal: everything but visible ASCII and
 * the space is escaped, and a long text is cut.
 *
 * @param text anything
 */
export function quote(text: string): string {
  let quoted = "";
  for (let index = 0; index < Math.min(text.length, maxQuotedLength); index++) {
    const code = text.charCodeAt(index);
    const isPlain = code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c;
    quoted += isPlain ? text.charAt(index) : `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return text.length > maxQuotedLength ? `"${quoted}"… (${text.length} characters)` : `"${quoted}"`;
}
