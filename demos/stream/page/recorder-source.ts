// Robust: the browser's recorder makes WebM or fragmented MP4, with sound, which every browser can play through Media Source
// Extensions. It is taken apart here, so that each key frame begins a group.
import { Mp4Splitter } from "../shared/containers/mp4-splitter.js";
import type { Splitter } from "../shared/containers/splitter.js";
import { WebmSplitter } from "../shared/containers/webm-splitter.js";
import { FRAME_KINDS, NO_CONFIG } from "../shared/frame-header.js";
import { AUDIO_BITS_PER_SECOND, FRAMES_PER_SECOND, KEY_INTERVAL_MS, VIDEO_BITS_PER_SECOND } from "../shared/limits.js";
import { configForType } from "../shared/stream-config.js";
import type { EncodingSource } from "./codec-source.js";
import type { Sender } from "./sender.js";

/** How often the recorder hands out what it has. */
const SLICE_MS = 100;
/** WebM first: it comes block by block, where fragments of MP4 come when they are whole. */
const TYPES = ['video/webm;codecs="vp8,opus"', 'video/mp4;codecs="avc1.42E01E,mp4a.40.2"', "video/webm", "video/mp4"];
const SILENT_TYPES = ['video/webm;codecs="vp8"', 'video/mp4;codecs="avc1.42E01E"', "video/webm", "video/mp4"];

/**
 * Makes a recorder.
 * @param sound What is to be heard, if anything.
 * @param clockMs The server's clock.
 * @throws Error when the browser has none
 */
export function createRecorderSource(
  sender: Sender,
  canvas: HTMLCanvasElement,
  sound: MediaStreamTrack | undefined,
  clockMs: () => number,
  failed: (error: unknown) => void,
): EncodingSource {
  const types = sound === undefined ? SILENT_TYPES : TYPES;
  const type =
    typeof MediaRecorder === "undefined" ? undefined : types.find((known) => MediaRecorder.isTypeSupported(known));
  if (type === undefined) throw new Error("This browser records neither WebM nor MP4.");
  return new RecorderSource(sender, canvas, sound, type, clockMs, failed);
}

class RecorderSource implements EncodingSource {
  readonly leftOut = 0;
  readonly #sender: Sender;
  readonly #recorder: MediaRecorder;
  readonly #splitter: Splitter;
  readonly #clockMs: () => number;
  readonly #failed: (error: unknown) => void;
  readonly #take = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  /** The server's clock when the recorder's stood at 0. */
  #beginMs = 0;
  /** What comes is read in order. */
  #reading: Promise<void> = Promise.resolve();

  constructor(
    sender: Sender,
    canvas: HTMLCanvasElement,
    sound: MediaStreamTrack | undefined,
    type: string,
    clockMs: () => number,
    failed: (error: unknown) => void,
  ) {
    this.#sender = sender;
    this.#clockMs = clockMs;
    this.#failed = failed;
    const stream = canvas.captureStream(FRAMES_PER_SECOND);
    if (sound !== undefined) stream.addTrack(sound);
    const options: MediaRecorderOptions & { readonly videoKeyFrameIntervalDuration: number } = {
      mimeType: type,
      videoBitsPerSecond: VIDEO_BITS_PER_SECOND,
      audioBitsPerSecond: AUDIO_BITS_PER_SECOND,
      // Where a browser does not know it, key frames come as it likes, and who comes late waits longer.
      videoKeyFrameIntervalDuration: KEY_INTERVAL_MS,
    };
    this.#recorder = new MediaRecorder(stream, options);
    this.#splitter = type.startsWith("video/mp4") ? new Mp4Splitter() : new WebmSplitter();
    this.#recorder.addEventListener("start", () => {
      this.#beginMs = this.#clockMs();
    });
    this.#recorder.addEventListener("dataavailable", ({ data }) => {
      this.#reading = this.#reading.then(() => this.#recorded(data)).catch(failed);
    });
    this.#recorder.addEventListener("error", () => failed(new Error("The recorder gave up.")));
    this.#recorder.start(SLICE_MS);
  }

  get description(): string {
    return `${this.#recorder.mimeType} by MediaRecorder`;
  }

  drawn(): void {
    // The recorder looks at the canvas by itself.
  }

  async #recorded(blob: Blob): Promise<void> {
    if (blob.size === 0) return;
    const pieces = this.#splitter.push(new Uint8Array(await blob.arrayBuffer()));
    const { init } = this.#splitter;
    if (init === undefined) return;
    for (const { isKey, mediaMs, data } of pieces) {
      const config = isKey ? configForType(this.#recorder.mimeType, init) : NO_CONFIG;
      const frame = { kind: FRAME_KINDS.piece, take: this.#take, mediaMs, config, data };
      this.#sender.send(frame, isKey, this.#beginMs + mediaMs);
    }
  }

  stop(): void {
    if (this.#recorder.state === "inactive") return;
    try {
      this.#recorder.stop();
    } catch (error) {
      this.#failed(error);
    }
  }
}
