// The stream that is looked at: its frames, from the channel to the player, as fast as this browser takes them.
import { byId, setText } from "../../site/page/dom.js";
import type { StreamInfo } from "../shared/contract.js";
import { readFrame } from "../shared/frame-header.js";
import { FrameQueue } from "../shared/frame-queue.js";
import { MAX_WAIT_MS, MAX_WAITING_BYTES } from "../shared/limits.js";
import { ageOf, SERVER_CLOCK } from "../shared/picture-clock.js";
import type { StreamClient } from "./client.js";
import { ClockReader } from "./clock-reader.js";
import { CodecPlayer } from "./codec-player.js";
import { MediaSourcePlayer } from "./media-source-player.js";
import type { Arrived, Player } from "./player.js";
import { StageMeters } from "./stage-meters.js";

/** How often the clock is read out of the picture: reading costs more than showing. */
const READ_INTERVAL_MS = 200;

/** See the head of this file. */
export class Stage {
  readonly #client: StreamClient;
  readonly #canvas = byId("canvas", HTMLCanvasElement);
  readonly #video = byId("video", HTMLVideoElement);
  readonly #note = byId("stage-note", HTMLElement);
  readonly #clockReader = new ClockReader();
  readonly #meters: StageMeters;
  #watched: Watching | undefined;
  #info: StreamInfo | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  /** Milliseconds that this browser takes for each frame, beside what it needs. */
  workMs = 0;

  constructor(client: StreamClient) {
    this.#client = client;
    this.#meters = new StageMeters(() => this.#watched?.queue);
  }

  /** When that was taken which is shown now, by the server's clock. */
  get shownMs(): number | undefined {
    return this.#watched?.player?.shownMs;
  }

  /** Looks at a stream. */
  watch(stream: string, info: StreamInfo): void {
    this.#watched?.stop();
    this.#info = info;
    this.#canvas.hidden = info.mode !== "low-latency";
    this.#video.hidden = info.mode === "low-latency";
    this.#canvas.getContext("2d")?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#meters.restart();
    this.#say("Waiting for a key frame");
    this.#watched = new Watching(this.#client, stream, () => this.#makePlayer(info), {
      workMs: () => this.workMs,
      came: (bytes) => this.#meters.came(bytes),
      taken: (waitedMs) => this.#meters.taken(waitedMs, this.workMs),
      failed: (error) => this.#say(error instanceof Error ? error.message : String(error)),
    });
  }

  /** What is said of the stream has changed. */
  update(info: StreamInfo): void {
    this.#info = info;
    if (info.status === "ended") this.#say("This stream has ended");
    else if (info.status === "interrupted") this.#say("The publisher is gone for the moment");
  }

  /** Looks at nothing. */
  leave(text: string): void {
    this.#watched?.stop();
    this.#watched = undefined;
    this.#canvas.hidden = this.#video.hidden = true;
    this.#say(text);
  }

  #makePlayer(info: StreamInfo): Player {
    const shown = (source: CanvasImageSource, width: number, height: number): void =>
      this.#shown(source, width, height);
    return info.mode === "low-latency"
      ? new CodecPlayer(this.#canvas, shown)
      : new MediaSourcePlayer(this.#video, shown);
  }

  #shown(source: CanvasImageSource, width: number, height: number): void {
    if (this.#info?.status !== "ended") this.#say("");
    this.#meters.shown();
    const nowMs = performance.now();
    if (nowMs - this.#readMs < READ_INTERVAL_MS) return;
    this.#readMs = nowMs;
    const pictureMs = this.#clockReader.read(source, width, height);
    const serverMs = this.#client.serverTimeMs();
    if (pictureMs === undefined || serverMs === undefined) return;
    this.#meters.read(ageOf(serverMs, pictureMs, this.#info?.clock ?? SERVER_CLOCK));
  }

  #say(text: string): void {
    this.#note.hidden = text === "";
    setText(this.#note, text);
  }
}

interface WatchingEvents {
  workMs(): number;
  came(bytes: number): void;
  taken(waitedMs: number): void;
  failed(error: unknown): void;
}

/** One stream while it is looked at. */
class Watching {
  readonly queue = new FrameQueue<Arrived>(MAX_WAIT_MS, MAX_WAITING_BYTES);
  readonly #makePlayer: () => Player;
  readonly #events: WatchingEvents;
  readonly #leave: () => void;
  player: Player | undefined;
  #isStopped = false;
  #wake: () => void = () => undefined;

  constructor(client: StreamClient, stream: string, makePlayer: () => Player, events: WatchingEvents) {
    this.#makePlayer = makePlayer;
    this.#events = events;
    // Who looks is counted.
    this.#leave = client.channel(`media/${stream}`, { presence: true }).listen(
      (event) => {
        if (event.type === "lost") this.queue.lost(event.count);
        else this.#came(event.data, event.index === 0, event.timeMs ?? 0);
        this.#wake();
      },
      (error: unknown) => events.failed(error),
    );
    void this.#play();
  }

  #came(data: Uint8Array, isKey: boolean, timeMs: number): void {
    const frame = readFrame(data);
    // What is none, a publisher made up: its group is over.
    if (frame === undefined) this.queue.lost(1);
    else this.queue.push({ isKey, bytes: data.length, frame, timeMs }, performance.now());
    this.#events.came(data.length);
  }

  async #play(): Promise<void> {
    let mustBeginAnew = false;
    while (!this.#isStopped) {
      const taken = this.queue.take(performance.now());
      if (taken === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const { frame, waitedMs, isAfterHole } = taken;
      this.#events.taken(waitedMs);
      const workMs = this.#events.workMs();
      if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
      if (this.#isStopped) return;
      if (mustBeginAnew && !frame.isKey) continue;
      try {
        this.player ??= this.#makePlayer();
        await this.player.show(frame, isAfterHole || mustBeginAnew);
        mustBeginAnew = false;
      } catch (error) {
        this.#events.failed(error);
        // With the next key frame there is another try, and another player: one that has failed is over.
        this.player?.stop();
        this.player = undefined;
        mustBeginAnew = true;
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
    this.#leave();
    this.player?.stop();
  }
}
