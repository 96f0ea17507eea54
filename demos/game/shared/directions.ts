// Directions in one octet: 0 is to the right, 64 down. Sine and cosine are tables of whole numbers, for both ends.

/** Directions that there are. */
export const DIRECTIONS: number = 256;

/** What 1 is in the tables. */
const ONE = 128;

const table = (of: (angle: number) => number): readonly number[] =>
  Array.from({ length: DIRECTIONS }, (_, direction) => Math.round(of((direction / DIRECTIONS) * 2 * Math.PI) * ONE));
const cosines = table(Math.cos);
const sines = table(Math.sin);

/** How far something that goes `length` in a direction comes to the right, in whole numbers. */
export function alongX(direction: number, length: number): number {
  return Math.trunc(((cosines[direction & 255] ?? 0) * length) / ONE);
}

/** The same downward. */
export function alongY(direction: number, length: number): number {
  return Math.trunc(((sines[direction & 255] ?? 0) * length) / ONE);
}

/** The direction of a vector; 0 where it has none. */
export function directionOf(x: number, y: number): number {
  return Math.round((Math.atan2(y, x) / (2 * Math.PI)) * DIRECTIONS) & 255;
}

/** The direction in radians. */
export function radiansOf(direction: number): number {
  return (direction / DIRECTIONS) * 2 * Math.PI;
}
