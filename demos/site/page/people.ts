// What somebody looks like on all pages.

const COLORS = 8;

/** The class, of people.css, with the color of somebody's mark: always the same for an id, whatever their name. */
export function colorOf(id: string): string {
  const sum = Array.from(id).reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 0);
  return `color-${sum % COLORS}`;
}
