// Robust: pieces of a byte stream go into the browser's own player, which has sound, and keeps a little in hand.
import { followLiveEdge } from "../shared/live-edge.js";
import { readTypeConfig } from "../shared/stream-config.js";
import type { Arrived, Player, Shown } from "./player.js";

/** What has been played is kept for so long. */
const KEPT_S = 10;
const EDGE_INTERVAL_MS = 200;

/** See the head of this file. */
export class MediaSourcePlayer implements Player {
  readonly #video: HTMLVideoElement;
  readonly #shown: Shown;
  readonly #timer: number;
  #source: MediaSource | undefined;
  #buffer: SourceBuffer | undefined;
  #url = "";
  #take: number | undefined;
  /** From the stream's own time to the server's. */
  #toServerMs: number | undefined;
  #isStopped = false;

  /** @throws Error when the browser has no Media Source Extensions */
  constructor(video: HTMLVideoElement, shown: Shown) {
    if (typeof MediaSource === "undefined") throw new Error("This browser has no Media Source Extensions.");
    this.#video = video;
    this.#shown = shown;
    this.#timer = setInterval(() => this.#followEdge(), EDGE_INTERVAL_MS);
    this.#watchFrames();
  }

  get shownMs(): number | undefined {
    const { readyState, currentTime } = this.#video;
    if (this.#toServerMs === undefined || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
    return currentTime * 1000 + this.#toServerMs;
  }

  async show({ isKey, frame, timeMs }: Arrived, isAfterHole: boolean): Promise<void> {
    const isNew = isKey && frame.take !== this.#take;
    if (isNew) await this.#open(frame.take, frame.config);
    const buffer = this.#buffer;
    // What came without its key frame.
    if (buffer === undefined || frame.take !== this.#take) return;
    this.#toServerMs = timeMs - frame.mediaMs;
    if (isAfterHole || isNew) {
      // The piece before may have ended in the middle of an element.
      if (this.#source?.readyState === "open") buffer.abort();
      await this.#append(buffer, readTypeConfig(frame.config)?.init ?? frame.config);
    }
    await this.#append(buffer, frame.data);
  }

  /** Begins with a publisher's take, whose clock is another one. */
  async #open(take: number, config: Uint8Array): Promise<void> {
    const { type } = readTypeConfig(config) ?? {};
    if (type === undefined || !MediaSource.isTypeSupported(type)) {
      throw new Error(`This browser does not play ${type ?? "what is no byte stream"}.`);
    }
    const source = new MediaSource();
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(source);
    this.#video.src = this.#url;
    await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    if (this.#isStopped) return;
    this.#source = source;
    this.#buffer = source.addSourceBuffer(type);
    this.#take = take;
  }

  async #append(buffer: SourceBuffer, octets: Uint8Array): Promise<void> {
    if (this.#isStopped || this.#source?.readyState !== "open") return;
    const { error } = this.#video;
    if (error !== null) throw new Error(`The browser cannot play this: ${error.message}`);
    const keptFromS = this.#video.currentTime - KEPT_S;
    if (buffer.buffered.length > 0 && buffer.buffered.start(0) < keptFromS - KEPT_S) {
      await this.#update(buffer, () => buffer.remove(0, keptFromS));
    }
    await this.#update(buffer, () => buffer.appendBuffer(octets.slice()));
    // Who has not touched the page may hear nothing; what is muted plays. It begins when there is enough, which is not waited for.
    if (this.#video.paused) this.#video.play().catch(() => undefined);
  }

  async #update(buffer: SourceBuffer, run: () => void): Promise<void> {
    const updated = new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
    run();
    await updated;
  }

  #followEdge(): void {
    const { buffered, currentTime, playbackRate } = this.#video;
    const last = buffered.length - 1;
    if (last < 0) return;
    const { rate, seekMs } = followLiveEdge({
      currentMs: currentTime * 1000,
      startMs: buffered.start(last) * 1000,
      endMs: buffered.end(last) * 1000,
      rate: playbackRate,
    });
    if (rate !== playbackRate) this.#video.playbackRate = rate;
    if (seekMs !== undefined) this.#video.currentTime = seekMs / 1000;
  }

  #watchFrames(): void {
    this.#video.requestVideoFrameCallback(() => {
      if (this.#isStopped) return;
      this.#shown(this.#video, this.#video.videoWidth, this.#video.videoHeight);
      this.#watchFrames();
    });
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    URL.revokeObjectURL(this.#url);
    this.#video.removeAttribute("src");
    this.#video.load();
  }
}
