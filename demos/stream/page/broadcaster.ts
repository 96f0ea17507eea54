// A stream of this browser's own.
import { byId, setText } from "../../site/page/dom.js";
import type { Mode, StreamInfo } from "../shared/contract.js";
import { FRAMES_PER_SECOND } from "../shared/limits.js";
import type { StreamClient } from "./client.js";
import { createCodecSource, type EncodingSource } from "./codec-source.js";
import { type Filming, film, type SourceName } from "./filming.js";
import { Picture } from "./picture.js";
import { createRecorderSource } from "./recorder-source.js";
import { Sender } from "./sender.js";
import { startTicking } from "./ticker.js";

const SHOW_INTERVAL_MS = 500;
/** After the server did not take a frame, it is asked so often whether the stream may go on. */
const ANNOUNCE_INTERVAL_MS = 2_000;

interface Running {
  readonly id: string;
  readonly sender: Sender;
  readonly source: EncodingSource;
  readonly stop: () => void;
}

/** See the head of this file. */
export class Broadcaster {
  readonly #client: StreamClient;
  readonly #own: (mode: Mode) => string | undefined;
  readonly #started: (stream: string) => void;
  readonly #form = byId("broadcast-form", HTMLFormElement);
  readonly #button = byId("broadcast", HTMLButtonElement);
  readonly #outcome = byId("broadcast-outcome", HTMLElement);
  readonly #preview = byId("preview", HTMLCanvasElement);
  #running: Running | undefined;
  #announcedMs = 0;
  #shownBytes = 0;

  /**
   * @param own The stream that this browser began before and that it can go on with.
   * @param started Hears which stream has begun.
   */
  constructor(client: StreamClient, own: (mode: Mode) => string | undefined, started: (stream: string) => void) {
    this.#client = client;
    this.#own = own;
    this.#started = started;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void (this.#running === undefined ? this.#start() : this.#stop());
    });
    setInterval(() => this.#show(), SHOW_INTERVAL_MS);
  }

  async #start(): Promise<void> {
    const fields = new FormData(this.#form);
    const mode: Mode = fields.get("mode") === "robust" ? "robust" : "low-latency";
    const title = byId("title", HTMLInputElement).value.trim() || "Untitled";
    const sourceName = sourceOf(fields.get("source"));
    this.#button.disabled = true;
    setText(this.#outcome, "Starting …");
    let filming: Filming | undefined;
    try {
      filming = await film(sourceName, mode === "robust" && fields.has("sound"));
      const id = await this.#client.call("start", { title, mode, resume: this.#own(mode) ?? null });
      await this.#run(id, title, mode, filming);
      setText(this.#outcome, "");
      this.#started(id);
    } catch (error) {
      filming?.stop();
      setText(this.#outcome, error instanceof Error ? error.message : String(error));
    }
    this.#button.disabled = false;
    this.#showForm();
  }

  async #run(id: string, title: string, mode: Mode, filming: Filming): Promise<void> {
    const sender = new Sender(this.#client, id, () => void this.#announce(title, mode, sender));
    const picture = new Picture(this.#preview);
    const clockMs = (): number => this.#client.serverTimeMs() ?? Date.now();
    picture.draw(clockMs(), filming.video);
    const failed = (error: unknown): void => {
      setText(this.#outcome, error instanceof Error ? error.message : String(error));
      void this.#stop();
    };
    const source =
      mode === "low-latency"
        ? await createCodecSource(sender, failed)
        : createRecorderSource(sender, picture.canvas, filming.sound, clockMs, failed);
    const stopTicking = startTicking(1000 / FRAMES_PER_SECOND, () => {
      const timeMs = clockMs();
      picture.draw(timeMs, filming.video);
      source.drawn(picture.canvas, timeMs);
    });
    filming.onEnded(() => void this.#stop());
    const stop = (): void => {
      stopTicking();
      source.stop();
      filming.stop();
    };
    this.#shownBytes = 0;
    this.#running = { id, sender, source, stop };
  }

  /** The server does not know the stream any more, or took it for ended: it is begun again, and goes on. */
  async #announce(title: string, mode: Mode, sender: Sender): Promise<void> {
    const nowMs = performance.now();
    if (this.#running?.sender !== sender || nowMs - this.#announcedMs < ANNOUNCE_INTERVAL_MS) return;
    this.#announcedMs = nowMs;
    try {
      const id = await this.#client.call("start", { title, mode, resume: this.#running.id });
      if (this.#running?.sender !== sender) return;
      sender.stream = id;
      if (id !== this.#running.id) this.#started(id);
      this.#running = { ...this.#running, id };
    } catch (error) {
      setText(this.#outcome, error instanceof Error ? error.message : String(error));
    }
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.stop();
    this.#showForm();
    // Without a connection, the server finds out by itself.
    await this.#client.call("stop", running.id, { timeoutMs: 5_000 }).catch(() => false);
  }

  #showForm(): void {
    const isRunning = this.#running !== undefined;
    setText(this.#button, isRunning ? "End the stream" : "Start streaming");
    this.#button.classList.toggle("ends", isRunning);
    byId("broadcast-choices", HTMLFieldSetElement).disabled = isRunning;
    byId("broadcasting", HTMLElement).hidden = !isRunning;
  }

  #show(): void {
    if (this.#running === undefined) return;
    const { source, sender } = this.#running;
    const { frames, bytes, dropped } = sender.counts;
    const kilobits = ((bytes - this.#shownBytes) * 8) / SHOW_INTERVAL_MS;
    this.#shownBytes = bytes;
    setText(byId("sent-with", HTMLElement), source.description);
    setText(byId("sent-rate", HTMLElement), `${Math.round(kilobits)}`);
    setText(byId("sent-frames", HTMLElement), String(frames));
    setText(byId("sent-dropped", HTMLElement), String(dropped + source.leftOut));
  }
}

function sourceOf(chosen: FormDataEntryValue | null): SourceName {
  return chosen === "camera" || chosen === "screen" ? chosen : "picture";
}

/** Streams of a user that have stopped and could go on. */
export function resumable(streams: ReadonlyMap<string, StreamInfo>, user: string, mode: Mode): string | undefined {
  for (const [id, info] of streams) {
    const isOver = info.status === "interrupted" || info.status === "ended";
    if (info.publisher === user && info.mode === mode && isOver) return id;
  }
  return undefined;
}
