// Low latency: each picture is encoded as soon as it is drawn, and sent as soon as it is encoded.
import { FRAME_KINDS, NO_CONFIG } from "../shared/frame-header.js";
import {
  FRAMES_PER_SECOND,
  KEY_INTERVAL_MS,
  PICTURE_HEIGHT,
  PICTURE_WIDTH,
  VIDEO_BITS_PER_SECOND,
} from "../shared/limits.js";
import { configForCodec } from "../shared/stream-config.js";
import type { Sender } from "./sender.js";

/** Where an encoder has more to do than this, it is too slow, and pictures are left out. */
const MAX_ENCODING = 3;
/** The first that the browser has. VP8 is decoded everywhere; H.264 so that it needs no further configuration. */
const CONFIGS: readonly VideoEncoderConfig[] = [
  { codec: "vp8" },
  { codec: "avc1.42E01F", avc: { format: "annexb" as const } },
].map((codec) => ({
  ...codec,
  width: PICTURE_WIDTH,
  height: PICTURE_HEIGHT,
  bitrate: VIDEO_BITS_PER_SECOND,
  framerate: FRAMES_PER_SECOND,
  latencyMode: "realtime",
}));

/** What encodes, as the broadcaster sees it. */
export interface EncodingSource {
  /** What it is encoded with, for people. */
  readonly description: string;
  /** Pictures that were left out, since the encoder was busy. */
  readonly leftOut: number;
  /** A picture has been drawn. `timeMs`: of when it is, by the server's clock. */
  drawn(canvas: HTMLCanvasElement, timeMs: number): void;
  stop(): void;
}

/**
 * Makes an encoder.
 * @throws Error when the browser has none: it says what to do
 */
export async function createCodecSource(sender: Sender, failed: (error: unknown) => void): Promise<EncodingSource> {
  if (typeof VideoEncoder === "undefined") {
    throw new Error("This browser has no WebCodecs here. They need HTTPS or localhost; the robust mode may work.");
  }
  for (const config of CONFIGS) {
    const { supported } = await VideoEncoder.isConfigSupported(config);
    if (supported === true) return new CodecSource(sender, config, failed);
  }
  throw new Error("This browser encodes neither VP8 nor H.264. The robust mode may work.");
}

class CodecSource implements EncodingSource {
  readonly description: string;
  leftOut = 0;
  readonly #sender: Sender;
  readonly #encoder: VideoEncoder;
  readonly #take = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  readonly #config: Uint8Array;
  #beginMs: number | undefined;
  #keyMs = Number.NEGATIVE_INFINITY;
  /** When the pictures were taken that are being encoded, by their timestamps. */
  readonly #timesMs = new Map<number, number>();

  constructor(sender: Sender, config: VideoEncoderConfig, failed: (error: unknown) => void) {
    this.#sender = sender;
    this.description = config.codec === "vp8" ? "VP8 by WebCodecs" : "H.264 by WebCodecs";
    this.#config = configForCodec({ codec: config.codec, codedWidth: config.width, codedHeight: config.height });
    this.#encoder = new VideoEncoder({ output: (chunk) => this.#encoded(chunk), error: failed });
    this.#encoder.configure(config);
  }

  drawn(canvas: HTMLCanvasElement, timeMs: number): void {
    if (this.#encoder.state !== "configured") return;
    if (this.#encoder.encodeQueueSize >= MAX_ENCODING) {
      this.leftOut++;
      return;
    }
    this.#beginMs ??= timeMs;
    const timestamp = Math.round((timeMs - this.#beginMs) * 1000);
    // The clock may have been set back a little.
    if (this.#timesMs.has(timestamp) || timestamp < 0) return;
    // Every second, and at once where nothing else can be sent: after a reconnect, and after what was dropped.
    const keyFrame = timeMs - this.#keyMs >= KEY_INTERVAL_MS || this.#sender.needsKey;
    if (keyFrame) this.#keyMs = timeMs;
    this.#timesMs.set(timestamp, timeMs);
    const frame = new VideoFrame(canvas, { timestamp });
    this.#encoder.encode(frame, { keyFrame });
    frame.close();
  }

  #encoded(chunk: EncodedVideoChunk): void {
    const isKey = chunk.type === "key";
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const timeMs = this.#timesMs.get(chunk.timestamp) ?? 0;
    this.#timesMs.delete(chunk.timestamp);
    const config = isKey ? this.#config : NO_CONFIG;
    const frame = { kind: FRAME_KINDS.picture, take: this.#take, mediaMs: chunk.timestamp / 1000, config, data };
    this.#sender.send(frame, isKey, timeMs);
  }

  stop(): void {
    if (this.#encoder.state !== "closed") this.#encoder.close();
  }
}
