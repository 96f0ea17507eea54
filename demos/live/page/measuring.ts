// Brings the two ways together: keeps the clocks compared, runs both while somebody looks, and shows what comes of it.
import { ClockOffset } from "../shared/clock-offset.js";
import { Comparison, type Metric, type Way } from "../shared/comparison.js";
import { serverFrameBytes } from "../shared/frame-size.js";
import type { ClientMessage, ServerMessage, Update } from "../shared/wire.js";
import { Chart } from "./charts.js";
import { byId, setText } from "./dom.js";
import { type Batch, Poller } from "./polling.js";

const WINDOW_MS = 30_000;
/** Exchanges before the first update is measured, and the time between later ones. */
const FIRST_EXCHANGES = 6;
const EXCHANGE_INTERVAL_MS = 5_000;
/** Big figures that change more often than this cannot be read. */
const FIGURES_INTERVAL_MS = 500;
/** For those who asked their system for less motion, the charts advance in steps. */
const REDUCED_MOTION_INTERVAL_MS = 1_000;

const WAY_IDS: Readonly<Record<Way, string>> = { webSocket: "web-socket", polling: "polling" };
const COUNT: Intl.NumberFormat = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function formatMs(ms: number): string {
  if (ms < 0.1) return "< 0.1 ms";
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${COUNT.format(ms)} ms`;
}

/** How many times smaller one number is than another, in words. */
function compare(webSocket: number, polling: number, better: string, worse: string): string {
  const ratio = polling / webSocket;
  const [times, word] = ratio >= 1 ? [ratio, better] : [1 / ratio, worse];
  return `${times < 10 ? times.toFixed(1) : COUNT.format(times)}× ${word}`;
}

/** The comparison's part of the page. Tell it about the connection with `receive` and `disconnected`. */
export class Measuring {
  readonly #send: (message: ClientMessage) => boolean;
  readonly #comparison = new Comparison(WINDOW_MS);
  readonly #clock = new ClockOffset();
  readonly #poller: Poller;
  readonly #charts: Readonly<Record<Metric, Chart>>;
  readonly #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  #isConnected = false;
  #isRunning = false;
  /** Figures look back to here: before it, another polling interval was in force. */
  #sinceMs = 0;
  #serverId: string | undefined;
  #drawnAtMs = 0;
  #isDrawDue = false;

  constructor(send: (message: ClientMessage) => boolean) {
    this.#send = send;
    this.#poller = new Poller(this.#chosenIntervalMs(), (batch) => this.#receiveBatch(batch));
    this.#charts = {
      latencyMs: new Chart(byId("latency-chart", HTMLElement), "ms", false),
      bytes: new Chart(byId("bytes-chart", HTMLElement), "B", true),
    };
    byId("intervals", HTMLFieldSetElement).addEventListener("change", () => {
      this.#poller.intervalMs = this.#chosenIntervalMs();
      this.#sinceMs = this.#serverNowMs(performance.now());
    });
    document.addEventListener("visibilitychange", () => this.#startOrStop());
    setInterval(() => this.#exchange(), EXCHANGE_INTERVAL_MS);
    setInterval(() => this.#showFigures(), FIGURES_INTERVAL_MS);
  }

  /** The connection is gone. */
  disconnected(): void {
    this.#isConnected = false;
    this.#startOrStop();
  }

  /**
   * The server said something; what does not concern the measurements is ignored.
   * @param text The message as it came.
   * @param arrivedAtMs When it came, by `performance.now()`.
   */
  receive(message: ServerMessage, text: string, arrivedAtMs: number): void {
    if (message.type === "welcome") {
      // Another run of the server counts its updates anew.
      if (message.serverId !== this.#serverId) this.#comparison.clear();
      this.#serverId = message.serverId;
      this.#isConnected = true;
      this.#clock.reset();
      this.#exchange();
    } else if (message.type === "clock") {
      this.#clock.add(message.sentAtMs, message.serverTimeMs, arrivedAtMs);
      if (this.#clock.exchanges < FIRST_EXCHANGES) this.#exchange();
      else this.#startOrStop();
    } else if (message.type === "update" && this.#isRunning) {
      this.#record("webSocket", message, arrivedAtMs, serverFrameBytes(text));
    }
  }

  #receiveBatch(batch: Batch): void {
    for (const update of batch.updates) {
      this.#record("polling", update, batch.arrivedAtMs, batch.bytes / batch.updates.length);
    }
  }

  #record(way: Way, update: Update, arrivedAtMs: number, bytes: number): void {
    this.#comparison.record(way, update, this.#serverNowMs(arrivedAtMs), bytes);
    setText(byId(`value-${WAY_IDS[way]}`, HTMLElement), `newest: ${update.value.toFixed(2)}`);
    this.#scheduleDraw();
  }

  #exchange(): void {
    // Sent also while the page is hidden: the answer shows that the connection lives.
    if (this.#isConnected) this.#send({ type: "clock", sentAtMs: performance.now() });
  }

  /** Both ways run together or not at all: a hidden page's timers are late, which would be held against polling. */
  #startOrStop(): void {
    const shouldRun = this.#isConnected && !document.hidden && this.#clock.exchanges >= FIRST_EXCHANGES;
    if (shouldRun === this.#isRunning) return;
    this.#isRunning = shouldRun;
    this.#send({ type: "watch", updates: shouldRun });
    if (shouldRun) this.#poller.start();
    else this.#poller.stop();
    this.#showFigures();
  }

  #chosenIntervalMs(): number {
    const chosen = document.querySelector<HTMLInputElement>("#intervals input:checked");
    return Number(chosen?.value ?? 1_000);
  }

  /** A reading of `performance.now()` by the server's clock. */
  #serverNowMs(localMs: number): number {
    return localMs + (this.#clock.offsetMs ?? 0);
  }

  #scheduleDraw(): void {
    const intervalMs = this.#reducedMotion.matches ? REDUCED_MOTION_INTERVAL_MS : 0;
    if (this.#isDrawDue || performance.now() - this.#drawnAtMs < intervalMs) return;
    this.#isDrawDue = true;
    requestAnimationFrame((nowMs) => {
      this.#isDrawDue = false;
      this.#drawnAtMs = nowMs;
      const serverNowMs = this.#serverNowMs(nowMs);
      this.#comparison.trim(serverNowMs);
      this.#charts.latencyMs.draw(this.#comparison.columns("latencyMs", serverNowMs));
      this.#charts.bytes.draw(this.#comparison.columns("bytes", serverNowMs));
    });
  }

  #showFigures(): void {
    const webSocket = this.#comparison.figures("webSocket", this.#sinceMs);
    const polling = this.#comparison.figures("polling", this.#sinceMs);
    for (const [way, figures] of [["webSocket", webSocket] as const, ["polling", polling] as const]) {
      const { medianLatencyMs, bytesPerUpdate, received } = figures;
      const show = (name: string, text: string): void => setText(byId(`${name}-${WAY_IDS[way]}`, HTMLElement), text);
      show("latency", medianLatencyMs === undefined ? "–" : formatMs(medianLatencyMs));
      show("bytes", bytesPerUpdate === undefined ? "–" : `${COUNT.format(bytesPerUpdate)} B`);
      show("received", COUNT.format(received));
    }
    const isMeasured = webSocket.medianLatencyMs !== undefined && polling.medianLatencyMs !== undefined;
    const latency = isMeasured
      ? // A tenth of a millisecond is as fine as browsers' clocks are; a ratio to less would be invented.
        compare(Math.max(0.1, webSocket.medianLatencyMs), Math.max(0.1, polling.medianLatencyMs), "sooner", "later")
      : "measuring";
    const bytes =
      webSocket.bytesPerUpdate !== undefined && polling.bytesPerUpdate !== undefined
        ? compare(webSocket.bytesPerUpdate, polling.bytesPerUpdate, "fewer", "more")
        : "measuring";
    setText(byId("latency-verdict", HTMLElement), latency);
    setText(byId("bytes-verdict", HTMLElement), bytes);
    setText(byId("received-verdict", HTMLElement), this.#isRunning ? "live" : "paused");
    const roundTripMs = this.#clock.roundTripMs;
    setText(
      byId("method-clock", HTMLElement),
      roundTripMs === undefined ? "" : ` (now ${formatMs(roundTripMs)}, so the clocks agree to within half of that)`,
    );
  }
}
