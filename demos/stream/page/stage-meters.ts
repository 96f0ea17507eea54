// What can be measured of the stream that is looked at.
import { byId, setText } from "../../site/page/dom.js";
import type { FrameQueue } from "../shared/frame-queue.js";
import { MAX_WAIT_MS } from "../shared/limits.js";
import type { Arrived } from "./player.js";

const SHOW_INTERVAL_MS = 500;
/** What is shown is of so many intervals. */
const WINDOW = 4;
/** A page's own timers and tasks may be late by so much. */
const PAGE_DELAY_MS = 250;

interface Interval {
  frames: number;
  bytes: number;
  lagMs: number;
  readonly ages: number[];
}

function newInterval(): Interval {
  return { frames: 0, bytes: 0, lagMs: 0, ages: [] };
}

/** See the head of this file. */
export class StageMeters {
  readonly #queue: () => FrameQueue<Arrived> | undefined;
  #intervals: Interval[] = [newInterval()];
  #frames = 0;
  #beganMs = performance.now();
  #workMs = 0;

  /** @param queue Of what is looked at. */
  constructor(queue: () => FrameQueue<Arrived> | undefined) {
    this.#queue = queue;
    setInterval(() => this.#show(), SHOW_INTERVAL_MS);
  }

  /** Another stream begins. */
  restart(): void {
    this.#intervals = [newInterval()];
    this.#frames = 0;
    this.#beganMs = performance.now();
    for (const id of ["latency", "rate", "bit-rate"]) setText(byId(id, HTMLElement), "–");
    setText(byId("joined", HTMLElement), "");
    setText(byId("frames", HTMLElement), "0");
  }

  get #now(): Interval {
    return this.#intervals.at(-1) ?? newInterval();
  }

  /** A frame has come. */
  came(bytes: number): void {
    this.#now.bytes += bytes;
  }

  /** A frame has been taken out of the queue, where it waited. */
  taken(waitedMs: number, workMs: number): void {
    this.#workMs = workMs;
    this.#now.lagMs = Math.max(this.#now.lagMs, waitedMs);
  }

  /** A picture is shown. */
  shown(): void {
    this.#now.frames++;
    if (this.#frames++ > 0) return;
    const joinedMs = Math.round(performance.now() - this.#beganMs);
    setText(byId("joined", HTMLElement), `The first picture stood here ${joinedMs} ms after you came.`);
  }

  /** The clock of a picture that is shown was read: it is so old. */
  read(ageMs: number): void {
    this.#now.ages.push(ageMs);
  }

  #show(): void {
    const seconds = (this.#intervals.length * SHOW_INTERVAL_MS) / 1000;
    const sum = (of: (interval: Interval) => number): number =>
      this.#intervals.reduce((total, interval) => total + of(interval), 0);
    const ages = this.#intervals.flatMap((interval) => interval.ages).sort((a, b) => a - b);
    const median = ages[Math.floor(ages.length / 2)];
    setText(byId("latency", HTMLElement), median === undefined ? "–" : `${Math.round(median)} ms`);
    setText(byId("rate", HTMLElement), `${Math.round(sum(({ frames }) => frames) / seconds)}`);
    setText(byId("bit-rate", HTMLElement), `${Math.round((sum(({ bytes }) => bytes) * 8) / seconds / 1000)}`);
    setText(byId("frames", HTMLElement), String(this.#frames));
    this.#showLag(Math.max(...this.#intervals.map(({ lagMs }) => lagMs)));
    this.#intervals.push(newInterval());
    if (this.#intervals.length > WINDOW) this.#intervals.shift();
  }

  #showLag(lagMs: number): void {
    const { skips = 0, skippedFrames = 0, lostFrames = 0 } = this.#queue() ?? {};
    const boundMs = MAX_WAIT_MS + this.#workMs + PAGE_DELAY_MS;
    const lag = byId("lag", HTMLElement);
    setText(lag, `${Math.round(lagMs)} ms`);
    lag.dataset["within"] = String(lagMs <= boundMs);
    setText(byId("lag-bound", HTMLElement), `of ${boundMs} ms at most`);
    setText(byId("skips", HTMLElement), String(skips));
    const frames = skippedFrames === 1 ? "1 frame" : `${skippedFrames} frames`;
    setText(byId("skipped", HTMLElement), `${frames}, ${lostFrames} of them by the server`);
  }
}
