// What has come and has not been decoded. Who is too slow skips: what waits too long makes way for the newest key frame.

/** A frame that waits. */
export interface Waiting {
  readonly isKey: boolean;
  readonly bytes: number;
}

/** What is taken out of a queue. */
export interface Taken<Frame> {
  readonly frame: Frame;
  /** How long it waited. */
  readonly waitedMs: number;
  /** Whether something is missing before it: it is a key frame then, and a decoder has to begin anew. */
  readonly isAfterHole: boolean;
}

/** See the head of this file. Frames are first in, first out, and the lag that they gather is bounded by the time they may wait. */
export class FrameQueue<Frame extends Waiting> {
  readonly #maxWaitMs: number;
  readonly #maxBytes: number;
  #frames: { readonly frame: Frame; readonly cameMs: number }[] = [];
  #bytes = 0;
  /** Whether frames are dropped until the next key frame. */
  #needsKey = true;
  #hasHole = false;
  /** Frames that were skipped, here or before they got here, and how often. */
  skippedFrames = 0;
  skips = 0;
  /** Those of them that did not get here: for this viewer's line, and not for its pace, the server has skipped. */
  lostFrames = 0;

  /**
   * @param maxWaitMs A frame that has waited longer makes way for the newest key frame behind it. No less than the time
   * between key frames, or else there may be none.
   * @param maxBytes What may wait.
   */
  constructor(maxWaitMs: number, maxBytes: number) {
    this.#maxWaitMs = maxWaitMs;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#frames.length;
  }

  /** A frame has come. */
  push(frame: Frame, nowMs: number): void {
    if (!frame.isKey && this.#needsKey) {
      if (this.#hasHole) this.skippedFrames++;
      return;
    }
    if (this.#bytes + frame.bytes > this.#maxBytes) {
      // Nothing can be shown behind a hole; a key frame takes the place of all that waits.
      if (!frame.isKey) {
        this.#skipped(1);
        this.#needsKey = true;
        return;
      }
      this.#skipped(this.#frames.length);
      this.#frames = [];
      this.#bytes = 0;
    }
    if (frame.isKey) this.#needsKey = false;
    this.#frames.push({ frame, cameMs: nowMs });
    this.#bytes += frame.bytes;
  }

  /** Frames were lost before they got here: the server skipped for this viewer. A key frame comes next. */
  lost(count: number): void {
    this.#skipped(count);
    this.lostFrames += count;
    this.#needsKey = true;
  }

  /** The next frame to decode. */
  take(nowMs: number): Taken<Frame> | undefined {
    const [oldest] = this.#frames;
    if (oldest === undefined) return undefined;
    if (nowMs - oldest.cameMs > this.#maxWaitMs) {
      const newestKey = this.#frames.findLastIndex(({ frame }) => frame.isKey);
      if (newestKey > 0) {
        for (const { frame } of this.#frames.splice(0, newestKey)) this.#bytes -= frame.bytes;
        this.#skipped(newestKey);
      }
    }
    const next = this.#frames.shift();
    if (next === undefined) return undefined;
    this.#bytes -= next.frame.bytes;
    const isAfterHole = this.#hasHole && next.frame.isKey;
    if (isAfterHole) this.#hasHole = false;
    return { frame: next.frame, waitedMs: nowMs - next.cameMs, isAfterHole };
  }

  /** Forgets everything, as if nothing had come. */
  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
    this.#needsKey = true;
    this.#hasHole = false;
  }

  #skipped(count: number): void {
    if (count === 0) return;
    if (!this.#hasHole) this.skips++;
    this.#hasHole = true;
    this.skippedFrames += count;
  }
}
