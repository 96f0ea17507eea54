// What takes a byte stream for Media Source Extensions apart into pieces that can be sent by themselves.

/** A piece of a byte stream. Those from one with `isKey` on can be played behind the initialization segment. */
export interface Piece {
  /** Whether it begins with a key frame. */
  readonly isKey: boolean;
  /** When its first picture is shown, in milliseconds of the byte stream's clock. */
  readonly mediaMs: number;
  readonly data: Uint8Array;
}

/** What takes a byte stream apart. */
export interface Splitter {
  /** What a player needs before the first piece; undefined before it has come. */
  readonly init: Uint8Array | undefined;
  /**
   * Takes the next octets, however they were cut.
   * @returns The pieces that are whole now.
   * @throws RangeError for what is no such byte stream
   */
  push(octets: Uint8Array): Piece[];
}

/** What one element may have: a second of 60 Mbit/s. */
export const ELEMENT_BYTES_MAX = 8_000_000;
