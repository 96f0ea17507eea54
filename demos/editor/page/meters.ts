// What is measured: how long a change takes to the other editor, what it weighs, and how long the page did not answer.
import { getState } from "yjs";
import { CLASS_ENDS_MS, LatencyHistogram } from "../../trading/shared/latency-histogram.js";
import { trafficOf } from "./counting-socket.js";
import { byId, element, setText } from "./dom.js";
import type { Pane } from "./pane.js";

/** Changes that count, and changes that may be under way. */
const NEWEST = 200;
const UNDER_WAY_MAX = 500;
/** How often the page is looked after: what takes longer than a frame shows. */
const TICK_MS = 8;

interface Typed {
  readonly client: number;
  readonly clock: number;
  readonly atMs: number;
}

/** See the head of this file. */
export class Meters {
  readonly #latencies = new LatencyHistogram(NEWEST);
  readonly #underWay = new Map<Pane, Typed[]>();
  readonly #bars: readonly HTMLElement[];
  #isDrawingDue = false;
  #startedAt = { sent: 0, received: 0, changes: 0 };
  #stallMs = 0;

  constructor() {
    this.#bars = [...CLASS_ENDS_MS, Number.POSITIVE_INFINITY].map(() => element("i", ""));
    byId("latency-bars", HTMLElement).append(...this.#bars);
    let beforeMs = performance.now();
    setInterval(() => {
      const nowMs = performance.now();
      // A page that nobody sees is let sleep by the browser.
      if (!document.hidden) this.#stallMs = Math.max(this.#stallMs, nowMs - beforeMs - TICK_MS);
      beforeMs = nowMs;
    }, TICK_MS);
  }

  /** Starts to look for the longest time without an answer. */
  restartStall(): void {
    this.#stallMs = 0;
  }

  /** The longest time without an answer since then, in milliseconds. */
  get stallMs(): number {
    return this.#stallMs;
  }

  /** Something was typed that goes to the other editor now. */
  typed(pane: Pane, clock: number): void {
    const { clientID } = pane.doc;
    const typed = this.#underWay.get(pane) ?? [];
    if (typed.at(-1)?.client !== clientID) typed.length = 0;
    // What only takes away has no number to know it by.
    if (clock > (typed.at(-1)?.clock ?? 0) && typed.length < UNDER_WAY_MAX) {
      typed.push({ client: clientID, clock, atMs: performance.now() });
    }
    this.#underWay.set(pane, typed);
  }

  /** What was typed is not on its way: one of them is offline. */
  forget(): void {
    this.#underWay.clear();
  }

  /** Something has come to an editor. */
  arrived(pane: Pane): void {
    const nowMs = performance.now();
    for (const [from, typed] of this.#underWay) {
      if (from === pane) continue;
      while (typed[0] !== undefined && getState(pane.doc.store, typed[0].client) >= typed[0].clock) {
        this.#latencies.add(nowMs - typed[0].atMs);
        typed.shift();
      }
    }
    if (this.#isDrawingDue) return;
    this.#isDrawingDue = true;
    requestAnimationFrame(() => {
      this.#isDrawingDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    const classes = this.#latencies.classes();
    const most = Math.max(1, ...classes);
    for (const [index, bar] of this.#bars.entries()) {
      bar.style.transform = `scaleY(${Math.max(0.01, (classes[index] ?? 0) / most)})`;
    }
    const [half, most99] = [this.#latencies.percentile(50), this.#latencies.percentile(99)];
    if (half === undefined || most99 === undefined) return;
    const text = `p50 ${Math.round(half)} ms · p99 ${Math.round(most99)} ms of ${this.#latencies.size} changes`;
    setText(byId("latency-figures", HTMLElement), text);
  }

  /** Counts octets from now on. */
  restartTraffic(panes: readonly Pane[]): void {
    this.#startedAt = this.#sum(panes);
    this.showTraffic(panes);
  }

  #sum(panes: readonly Pane[]): { sent: number; received: number; changes: number } {
    const sum = { sent: 0, received: 0, changes: 0 };
    for (const { side, changes } of panes) {
      sum.sent += trafficOf(side).sent;
      sum.received += trafficOf(side).received;
      sum.changes += changes;
    }
    return sum;
  }

  /** Shows what both editors have sent and received, for each change that was typed in one of them. */
  showTraffic(panes: readonly Pane[]): void {
    const { sent, received, changes } = this.#sum(panes);
    const count = changes - this.#startedAt.changes;
    const each = (bytes: number): string => (count <= 0 ? "–" : `${Math.round(bytes / count)} B`);
    setText(byId("sent-each", HTMLElement), each(sent - this.#startedAt.sent));
    setText(byId("received-each", HTMLElement), each(received - this.#startedAt.received));
    setText(byId("changes", HTMLElement), String(Math.max(0, count)));
  }
}
