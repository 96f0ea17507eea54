// What the page measures: rates over the last seconds, and what area of interest makes of them.
import { byId, setText } from "../../site/page/dom.js";
import type { ServerFigures } from "../shared/contract.js";
import { WindowedSum } from "../shared/windowed-sum.js";
import { network } from "./troubled-socket.js";

const SHOW_INTERVAL_MS = 400;
const WINDOW_MS = 3_000;
/** After a switch, octets are counted when what it brought at once is over. */
const SETTLE_MS = 1_200;

/** What the figures are taken from, at the moment when they are shown. */
export interface Measured {
  readonly ships: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly tick: number;
}

/** See the head of this file. */
export class Figures {
  readonly #measured: () => Measured;
  readonly #octets = new WindowedSum(WINDOW_MS);
  readonly #corrections = new WindowedSum(WINDOW_MS);
  readonly #corrected = new WindowedSum(WINDOW_MS);
  #octetsBefore = 0;
  #roundTripMs: number | undefined;
  #isAllSeeing = false;
  #countsFromMs = 0;
  /** Octets a second, as they were last: with area of interest, and without. */
  readonly #rates: { seen: number | undefined; all: number | undefined } = { seen: undefined, all: undefined };

  constructor(measured: () => Measured) {
    this.#measured = measured;
    setInterval(() => this.#show(performance.now()), SHOW_INTERVAL_MS);
  }

  corrected(px: number): void {
    const nowMs = performance.now();
    this.#corrections.add(1, nowMs);
    this.#corrected.add(px, nowMs);
  }

  answered(roundTripMs: number): void {
    this.#roundTripMs = this.#roundTripMs === undefined ? roundTripMs : this.#roundTripMs * 0.9 + roundTripMs * 0.1;
  }

  /** Whether the page is told everything, from now on. */
  set isAllSeeing(isAllSeeing: boolean) {
    this.#isAllSeeing = isAllSeeing;
    this.restart();
  }

  /** What comes now does not count: it is what a switch, or a reconnect, has brought. */
  restart(): void {
    this.#countsFromMs = performance.now() + SETTLE_MS;
    this.#octets.clear();
  }

  /** How the server is, as it says. */
  server({ tick, p50Ms, p99Ms, players }: ServerFigures): void {
    this.#set("server-tick", tick.toLocaleString("en"));
    this.#set("tick-time", `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)} ms`);
    this.#set("players", String(players));
  }

  #set(id: string, text: string): void {
    setText(byId(id, HTMLElement), text);
  }

  #show(nowMs: number): void {
    const { ships, delayMs, jitterMs } = this.#measured();
    const octets = network.octetsIn - this.#octetsBefore;
    this.#octetsBefore = network.octetsIn;
    this.#set("in-sight-count", String(ships));
    this.#set("delay", `${delayMs.toFixed(0)} ms`);
    this.#set("jitter", `${jitterMs.toFixed(0)} ms`);
    this.#set("round-trip", this.#roundTripMs === undefined ? "–" : `${this.#roundTripMs.toFixed(0)} ms`);
    const corrections = this.#corrections.sum(nowMs);
    this.#set("corrections", (corrections / (WINDOW_MS / 1_000)).toFixed(1));
    this.#set(
      "correction-size",
      corrections === 0 ? "–" : `${(this.#corrected.sum(nowMs) / corrections).toFixed(1)} px`,
    );
    if (nowMs < this.#countsFromMs) return;
    this.#octets.add(octets, nowMs);
    const spanMs = Math.min(WINDOW_MS, nowMs - this.#countsFromMs);
    if (spanMs < 1_000) return;
    this.#rates[this.#isAllSeeing ? "all" : "seen"] = this.#octets.sum(nowMs) / (spanMs / 1_000);
    this.#showRates();
  }

  #showRates(): void {
    const { seen, all } = this.#rates;
    const most = Math.max(1, seen ?? 0, all ?? 0);
    for (const [id, rate] of [
      ["seen", seen],
      ["all", all],
    ] as const) {
      this.#set(`rate-${id}`, rate === undefined ? "not measured yet" : `${(rate / 1_000).toFixed(1)} kB/s`);
      byId(`bar-${id}`, HTMLElement).style.setProperty("--share", `${((100 * (rate ?? 0)) / most).toFixed(1)}%`);
    }
    const isKnown = seen !== undefined && all !== undefined && seen > 0;
    this.#set("reduction", isKnown ? `${(all / seen).toFixed(1)} times fewer octets with area of interest` : "");
  }
}
