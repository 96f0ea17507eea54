// The films that the server streams, for whoever has no camera: made when the first visitor comes, and shown while one is
// there.

import type { FilmState } from "../shared/contract.js";
import { FFMPEG_MISSING, FILM_MS, type FilmFormat, makeFilm } from "./ffmpeg.js";
import { type Film, filmOfIvf, filmOfMp4 } from "./film.js";
import { Projector, type SendFrame } from "./projector.js";

/** What the cinema does in the hall. */
export interface Screens {
  /** A film is streamed from now on. */
  open(format: FilmFormat, startMs: number, lengthMs: number): SendFrame;
  tell(state: FilmState): void;
}

const FORMATS: readonly FilmFormat[] = ["ivf", "mp4"];
const READERS: Readonly<Record<FilmFormat, (octets: Uint8Array, lengthMs: number, take: number) => Film>> = {
  ivf: filmOfIvf,
  mp4: filmOfMp4,
};

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** See the head of this file. */
export class Cinema {
  readonly #screens: Screens;
  readonly #clockMs: () => number;
  readonly #make: (format: FilmFormat) => Promise<Uint8Array>;
  #making: Promise<void> | undefined;
  readonly #projectors: Projector[] = [];

  /**
   * @param clockMs The server's clock: Unix milliseconds.
   * @param folder Where films are kept.
   * @param make How they are made. Default: with ffmpeg.
   */
  constructor(
    screens: Screens,
    clockMs: () => number,
    folder: URL,
    make: (format: FilmFormat) => Promise<Uint8Array> = (format) => makeFilm(format, folder),
  ) {
    this.#screens = screens;
    this.#clockMs = clockMs;
    this.#make = make;
  }

  /** Makes the films, unless that was begun. Resolves when they are shown, or cannot be. */
  prepare(): Promise<void> {
    this.#making ??= this.#prepare();
    return this.#making;
  }

  async #prepare(): Promise<void> {
    this.#screens.tell({ status: "making", text: "ffmpeg is making the films." });
    const failures: string[] = [];
    for (const format of FORMATS) {
      try {
        this.#show(format, await this.#make(format));
      } catch (error) {
        if (isMissing(error)) {
          this.#screens.tell({ status: "missing", text: FFMPEG_MISSING });
          return;
        }
        failures.push(
          `ffmpeg could not make a film in ${format}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    const status = this.#projectors.length === 0 ? "missing" : "streaming";
    this.#screens.tell({ status, text: failures.join("\n") });
  }

  #show(format: FilmFormat, octets: Uint8Array): void {
    const startMs = this.#clockMs();
    const film = READERS[format](octets, FILM_MS, startMs % 2 ** 32);
    this.#projectors.push(new Projector(film, startMs, this.#screens.open(format, startMs, FILM_MS)));
  }

  /** Sends what is due of all films. */
  advance(): void {
    for (const projector of this.#projectors) projector.advance(this.#clockMs());
  }
}
