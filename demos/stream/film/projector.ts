// Shows a film without end: each frame is sent when its time has come, by the clock, so that nothing drifts.
import type { Film, FilmFrame } from "./film.js";

/** Sends a frame. `timeMs`: when it was due, by the server's clock. */
export type SendFrame = (octets: Uint8Array, isKey: boolean, timeMs: number) => void;

/** See the head of this file. */
export class Projector {
  readonly #film: Film;
  readonly #startMs: number;
  readonly #send: SendFrame;
  /** Counts the frames from the first of the first round; undefined while nobody looks. */
  #next: number | undefined;

  /** @param startMs When the first round begins, by the server's clock. */
  constructor(film: Film, startMs: number, send: SendFrame) {
    this.#film = film;
    this.#startMs = startMs;
    this.#send = send;
  }

  /** Sends what is due. After a pause it goes on with the newest key frame, as if it had been running. */
  advance(nowMs: number): void {
    this.#next = Math.max(this.#next ?? 0, this.#newestKey(nowMs));
    for (;;) {
      const { frame, round, dueMs } = this.#at(this.#next);
      if (dueMs > nowMs) return;
      this.#send(frame.pack(round), frame.isKey, dueMs);
      this.#next++;
    }
  }

  #at(place: number): { readonly frame: FilmFrame; readonly round: number; readonly dueMs: number } {
    const { frames, lengthMs } = this.#film;
    const round = Math.floor(place / frames.length);
    const frame = frames[place % frames.length];
    if (frame === undefined) throw new RangeError("a film without frames");
    return { frame, round, dueMs: this.#startMs + round * lengthMs + frame.mediaMs };
  }

  /** The place of the newest key frame whose time has come. */
  #newestKey(nowMs: number): number {
    const { frames, lengthMs } = this.#film;
    const elapsedMs = Math.max(0, nowMs - this.#startMs);
    const round = Math.floor(elapsedMs / lengthMs);
    const inRoundMs = elapsedMs - round * lengthMs;
    const inRound = frames.findLastIndex(({ isKey, mediaMs }) => isKey && mediaMs <= inRoundMs);
    return round * frames.length + Math.max(0, inRound);
  }
}
