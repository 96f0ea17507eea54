// A clock that is part of the picture, for people and machines: a strip of black and white cells along the bottom edge. A
// viewer reads it back from the pixels that it shows, and so knows how old they are, whatever happened on the way:
// encoding, the network, buffers, decoding.
//
// From the left: 24 cells with the bits of the milliseconds, the highest first, and 8 with a check. White is 1.

/** Cells of the strip. */
export const CLOCK_CELLS = 32;
/** The strip's height, as a part of the picture's. */
export const CLOCK_HEIGHT_PART: number = 1 / 18;
/** After so many milliseconds the clock begins anew: 4.66 hours. */
export const CLOCK_PERIOD_MS: number = 2 ** 24;

/** So that neither all black nor all white is a time. */
const CHECK_SEED = 0xa5;
/** Between what is read as black and what is read as white there has to be so much of 255. */
const MIN_CONTRAST = 96;
/** What comes back from a future that is no further than this is a clock that is a little off. */
const CLOCK_ERROR_MS = 1_000;

/** What a picture's clock counts from, and when it begins anew. */
export interface ClockBase {
  /** Where it stood at 0, by the server's clock. */
  readonly baseMs: number;
  readonly periodMs: number;
}

/** The clock of a picture that is drawn with the server's time. */
export const SERVER_CLOCK: ClockBase = { baseMs: 0, periodMs: CLOCK_PERIOD_MS };

function checkOf(value: number): number {
  return ((value >>> 16) ^ (value >>> 8) ^ value ^ CHECK_SEED) & 0xff;
}

/** The cells of a time in milliseconds, of which only what is within the period is told. */
export function cellsOf(timeMs: number): boolean[] {
  const value = Math.floor(((timeMs % CLOCK_PERIOD_MS) + CLOCK_PERIOD_MS) % CLOCK_PERIOD_MS);
  const word = value * 256 + checkOf(value);
  return Array.from({ length: CLOCK_CELLS }, (_, cell) => Math.floor(word / 2 ** (CLOCK_CELLS - 1 - cell)) % 2 === 1);
}

/**
 * Reads the cells.
 * @param levels How light each is, 0 to 255.
 * @returns The time within the period; undefined when there is no clock, or it cannot be read.
 */
export function readCells(levels: readonly number[]): number | undefined {
  if (levels.length !== CLOCK_CELLS) return undefined;
  const [darkest, lightest] = [Math.min(...levels), Math.max(...levels)];
  if (lightest - darkest < MIN_CONTRAST) return undefined;
  const middle = (darkest + lightest) / 2;
  const word = levels.reduce((bits, level) => bits * 2 + (level > middle ? 1 : 0), 0);
  const value = Math.floor(word / 256);
  return checkOf(value) === word % 256 ? value : undefined;
}

/**
 * How old a picture is.
 * @param serverMs The server's clock now.
 * @param pictureMs What was read from the picture.
 * @returns Milliseconds, less than the period.
 */
export function ageOf(serverMs: number, pictureMs: number, { baseMs, periodMs }: ClockBase): number {
  const age = (((serverMs - baseMs - pictureMs) % periodMs) + periodMs) % periodMs;
  return age > periodMs - CLOCK_ERROR_MS ? 0 : age;
}
