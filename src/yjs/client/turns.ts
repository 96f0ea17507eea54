/**
 * Room for the page in between: what takes long is done in slices, none of which keeps a frame of the screen waiting for long.
 */

// Half of a frame at sixty a second.
const sliceMs = 8;

/** See the head of this file. */
export class Turns {
  #beganAtMs = performance.now();

  /** To be awaited after each step. It lets the page go on when a slice is over. */
  async passed(): Promise<void> {
    if (performance.now() - this.#beganAtMs >= sliceMs) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    else return;
    this.#beganAtMs = performance.now();
  }
}
