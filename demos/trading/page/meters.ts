// What the page measures of itself: what conflation leaves out, whether the checksums agree, and how late things are.
import { byId, element, setText } from "../../site/page/dom.js";
import { Conflation } from "../shared/conflation.js";
import { CLASS_ENDS_MS, LatencyHistogram } from "../shared/latency-histogram.js";
import type { BookUpdate } from "./book-feed.js";

const SHOW_INTERVAL_MS = 250;
const WINDOW_MS = 5_000;
const BOOK_LATENCIES = 400;
const CALL_LATENCIES = 100;

class HistogramView {
  readonly #histogram: LatencyHistogram;
  readonly #figures: HTMLElement;
  readonly #bars: readonly HTMLElement[];

  constructor(id: string, capacity: number) {
    this.#histogram = new LatencyHistogram(capacity);
    this.#figures = byId(`${id}-figures`, HTMLElement);
    const container = byId(`${id}-bars`, HTMLElement);
    this.#bars = [...CLASS_ENDS_MS, Number.POSITIVE_INFINITY].map((endMs, index) => {
      const bar = element("i", "");
      bar.title =
        endMs === Number.POSITIVE_INFINITY ? "more than 1 s" : `${CLASS_ENDS_MS[index - 1] ?? 0} to ${endMs} ms`;
      return bar;
    });
    container.replaceChildren(...this.#bars);
  }

  add(latencyMs: number): void {
    this.#histogram.add(latencyMs);
  }

  show(): void {
    const counts = this.#histogram.classes();
    const most = Math.max(1, ...counts);
    for (const [index, bar] of this.#bars.entries()) {
      bar.style.transform = `scaleY(${Math.max(0.01, (counts[index] ?? 0) / most).toFixed(3)})`;
    }
    const shown = (percent: number): string => `${(this.#histogram.percentile(percent) ?? 0).toFixed(0)} ms`;
    setText(
      this.#figures,
      this.#histogram.size === 0
        ? "measuring"
        : `p50 ${shown(50)} · p99 ${shown(99)} · ${this.#histogram.size} measured`,
    );
  }
}

/** See the head of this file. */
export class Meters {
  readonly #books = new HistogramView("book-latency", BOOK_LATENCIES);
  readonly #calls = new HistogramView("call-latency", CALL_LATENCIES);
  readonly #conflation = new Conflation(WINDOW_MS);
  #right = 0;
  #wrong = 0;
  #asked = 0;
  #newest: BookUpdate | undefined;

  constructor() {
    setInterval(() => this.#show(), SHOW_INTERVAL_MS);
  }

  /** An update of the book came. */
  updated(update: BookUpdate): void {
    const { view, levels, latencyMs, isRight } = update;
    this.#newest = update;
    if (isRight === true) this.#right += 1;
    else if (isRight === false) this.#wrong += 1;
    if (latencyMs === undefined || view.mark === undefined) return;
    this.#books.add(latencyMs);
    this.#conflation.add(view.mark.levelChanges, levels, performance.now());
  }

  /** The server was asked for its checksum. */
  asked(isRight: boolean): void {
    this.#asked += 1;
    if (!isRight) this.#wrong += 1;
  }

  /** A call was answered. */
  answered(roundTripMs: number): void {
    this.#calls.add(roundTripMs);
  }

  /** Another book, or another pace: rates begin anew. */
  restart(): void {
    this.#conflation.clear();
  }

  #show(): void {
    this.#books.show();
    this.#calls.show();
    const rates = this.#conflation.rates();
    const figure = (id: string, value: number | undefined, digits: number): void =>
      setText(byId(id, HTMLElement), value === undefined ? "–" : value.toFixed(digits));
    figure("changes-made", rates?.made, 0);
    figure("levels-received", rates?.received, 0);
    figure("updates-received", rates?.updates, 1);
    figure("conflation-ratio", rates?.ratio, 1);
    const share =
      rates === undefined ? 0 : Math.min(100, (100 * rates.received) / Math.max(rates.made, rates.received));
    byId("conflation-bar", HTMLElement).style.setProperty("--share", `${share.toFixed(1)}%`);
    setText(byId("checks-right", HTMLElement), this.#right.toLocaleString("en"));
    setText(byId("checks-asked", HTMLElement), this.#asked.toLocaleString("en"));
    setText(byId("checks-wrong", HTMLElement), this.#wrong.toLocaleString("en"));
    byId("checks", HTMLElement).dataset["state"] = this.#wrong > 0 ? "wrong" : this.#right > 0 ? "right" : "waiting";
    const mark = this.#newest?.view.mark;
    if (mark === undefined) return;
    const checksum = mark.checksum.toString(16).padStart(8, "0");
    setText(byId("checksum", HTMLElement), `revision ${mark.revision.toLocaleString("en")}: ${checksum}`);
  }
}
