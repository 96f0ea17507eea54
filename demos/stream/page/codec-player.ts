// Low latency: pictures are decoded as they come, and drawn as soon as they are decoded.
import { readCodecConfig } from "../shared/stream-config.js";
import type { Arrived, Player, Shown } from "./player.js";

/** Pictures that a decoder may have before it: enough that it never waits. */
const MAX_DECODING = 4;

/** See the head of this file. */
export class CodecPlayer implements Player {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  readonly #shown: Shown;
  readonly #decoder: VideoDecoder;
  /** When the pictures were taken that are being decoded, by their timestamps. */
  readonly #timesMs = new Map<number, number>();
  /** Of the key frame before, so that a decoder is only told what is new. */
  #config = "";
  #error: Error | undefined;
  /** Goes on when the decoder has room, or is over. */
  #wake: () => void = () => undefined;
  shownMs: number | undefined;

  /** @throws Error when the browser has no decoder: it says what to do */
  constructor(canvas: HTMLCanvasElement, shown: Shown) {
    if (typeof VideoDecoder === "undefined") {
      throw new Error("This browser has no WebCodecs here. They need HTTPS or localhost; robust streams may work.");
    }
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#shown = shown;
    this.#decoder = new VideoDecoder({
      output: (picture) => this.#draw(picture),
      error: (error) => {
        this.#error = error;
        this.#wake();
      },
    });
    this.#decoder.addEventListener("dequeue", () => this.#wake());
  }

  async show({ isKey, frame, timeMs }: Arrived, isAfterHole: boolean): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    const decoder = this.#decoder;
    if (isKey) this.#configure(frame.config, isAfterHole);
    // What came without its key frame.
    if (decoder.state !== "configured") return;
    const timestamp = Math.round(frame.mediaMs * 1000);
    this.#timesMs.set(timestamp, timeMs);
    decoder.decode(new EncodedVideoChunk({ type: isKey ? "key" : "delta", timestamp, data: frame.data.slice() }));
    while (decoder.state === "configured" && decoder.decodeQueueSize >= MAX_DECODING) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #configure(octets: Uint8Array, isAfterHole: boolean): void {
    const config = readCodecConfig(octets);
    if (config === undefined) throw new Error("The stream does not say what it is encoded with.");
    const text = JSON.stringify(config);
    if (text === this.#config && !isAfterHole && this.#decoder.state === "configured") return;
    this.#config = text;
    // What it still had is older than this.
    if (this.#decoder.state === "configured") this.#decoder.reset();
    this.#timesMs.clear();
    this.#decoder.configure({ ...config, optimizeForLatency: true });
  }

  #draw(picture: VideoFrame): void {
    const { displayWidth, displayHeight, timestamp } = picture;
    if (this.#canvas.width !== displayWidth) this.#canvas.width = displayWidth;
    if (this.#canvas.height !== displayHeight) this.#canvas.height = displayHeight;
    this.#context?.drawImage(picture, 0, 0);
    this.shownMs = this.#timesMs.get(timestamp) ?? this.shownMs;
    this.#timesMs.delete(timestamp);
    this.#shown(picture, displayWidth, displayHeight);
    picture.close();
  }

  stop(): void {
    if (this.#decoder.state !== "closed") this.#decoder.close();
    this.#wake();
  }
}
