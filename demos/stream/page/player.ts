// What shows a stream, as the stage sees it.
import type { StreamFrame } from "../shared/frame-header.js";

/** A frame of the stream, as it came. */
export interface Arrived {
  readonly isKey: boolean;
  readonly bytes: number;
  readonly frame: StreamFrame;
  /** When it was taken, by the server's clock. */
  readonly timeMs: number;
}

/** A picture has been shown. */
export type Shown = (source: CanvasImageSource, width: number, height: number) => void;

/** See the head of this file. */
export interface Player {
  /** When that was taken what is shown now, by the server's clock; undefined: nothing is shown. */
  readonly shownMs: number | undefined;
  /**
   * Takes the next frame. Resolves when it can take another one.
   * @param isAfterHole Whether something is missing before it, which is a key frame then.
   * @throws Error for what it cannot show, in words for people
   */
  show(arrived: Arrived, isAfterHole: boolean): Promise<void>;
  stop(): void;
}
