// Reads the clock out of a picture that is shown.
import { CLOCK_CELLS, CLOCK_HEIGHT_PART, readCells } from "../shared/picture-clock.js";

/** Samples of a cell, of which the middle one is far from its neighbors. */
const SAMPLES = 3;

/** See the head of this file. */
export class ClockReader {
  readonly #context: OffscreenCanvasRenderingContext2D | null;

  constructor() {
    const canvas = new OffscreenCanvas(CLOCK_CELLS * SAMPLES, 1);
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
  }

  /**
   * Reads it.
   * @param source What is shown, with its size.
   * @returns What the clock says; undefined where there is none, or it was too blurred.
   */
  read(source: CanvasImageSource, width: number, height: number): number | undefined {
    if (this.#context === null || width === 0 || height === 0) return undefined;
    const strip = height * CLOCK_HEIGHT_PART;
    // The middle third: what is above and below is blurred by the encoder.
    const top = height - (strip * 2) / 3;
    this.#context.drawImage(source, 0, top, width, strip / 3, 0, 0, CLOCK_CELLS * SAMPLES, 1);
    const { data } = this.#context.getImageData(0, 0, CLOCK_CELLS * SAMPLES, 1);
    const levels = Array.from({ length: CLOCK_CELLS }, (_, cell) => data[(cell * SAMPLES + 1) * 4 + 1] ?? 0);
    return readCells(levels);
  }
}
