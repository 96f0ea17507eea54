/**
 * Text from elsewhere, made fit for a terminal.
 */

/** What a terminal obeys instead of showing it: control characters, and those that turn the direction of the text around. */
const obeyed = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Escapes everything that a terminal would obey: colors, cursor movements, titles, the clipboard.
 *
 * @param text anything; line ends are escaped, too, so that what is one line stays one
 */
export function printable(text: string): string {
  return text.replace(obeyed, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
