// The other way to get the same updates: asking for them, again and again.
import { HEAD_BYTES_HEADER, UPDATES_PATH } from "../shared/limits.js";
import { decodeUpdates, type Update } from "../shared/wire.js";

const POLL_TIMEOUT_MS = 10_000;

/** What one poll brought. `arrivedAtMs` is by `performance.now()`; `bytes` is what it took to get these updates. */
export interface Batch {
  readonly updates: readonly Update[];
  readonly arrivedAtMs: number;
  readonly bytes: number;
}

/** Octets of a response's body on the wire, as far as the browser tells; otherwise those of its text. */
function bodyBytes(url: string, body: string): number {
  const entry = performance.getEntriesByName(url, "resource").at(-1);
  // The buffer of entries is finite, and nobody else on this page uses it.
  performance.clearResourceTimings();
  const encodedBodySize = entry instanceof PerformanceResourceTiming ? entry.encodedBodySize : 0;
  return encodedBodySize > 0 ? encodedBodySize : new TextEncoder().encode(body).length;
}

/** From `start` to `stop`. */
interface Run {
  readonly stopped: AbortController;
  /** The newest update received; nothing before the first poll, which only finds out where the updates stand. */
  after: number | undefined;
  /** Octets of polls that brought nothing, charged to the next batch. */
  unchargedBytes: number;
  isAsking: boolean;
}

/** Polls while it is running. */
export class Poller {
  readonly #receive: (batch: Batch) => void;
  #intervalMs: number;
  #run: Run | undefined;
  #timer: number | undefined;

  /**
   * @param intervalMs From the start of one poll to the start of the next, in milliseconds.
   * @param receive Takes what came.
   */
  constructor(intervalMs: number, receive: (batch: Batch) => void) {
    this.#intervalMs = intervalMs;
    this.#receive = receive;
  }

  /** Asks at another interval from now on. */
  set intervalMs(intervalMs: number) {
    this.#intervalMs = intervalMs;
    if (this.#run === undefined || this.#run.isAsking) return;
    clearTimeout(this.#timer);
    void this.#poll(this.#run);
  }

  /** Starts asking, if it has not been started. */
  start(): void {
    if (this.#run !== undefined) return;
    this.#run = { stopped: new AbortController(), after: undefined, unchargedBytes: 0, isAsking: false };
    void this.#poll(this.#run);
  }

  /** Stops asking; a poll that is under way is dropped. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#run?.stopped.abort();
    this.#run = undefined;
  }

  async #poll(run: Run): Promise<void> {
    const startedAtMs = performance.now();
    const { signal } = run.stopped;
    run.isAsking = true;
    try {
      const batch = await this.#ask(run.after, signal);
      if (signal.aborted) return;
      this.#take(run, batch);
    } catch (error) {
      if (signal.aborted) return;
      // The server is away or out of order; the WebSocket's state says so already, and the next poll may succeed.
      console.debug("A poll failed", error);
      run.after = undefined;
      run.unchargedBytes = 0;
    }
    run.isAsking = false;
    const waitMs = Math.max(0, this.#intervalMs - (performance.now() - startedAtMs));
    this.#timer = setTimeout(() => void this.#poll(run), waitMs);
  }

  #take(run: Run, batch: Batch): void {
    const isFirst = run.after === undefined;
    const bytes = run.unchargedBytes + batch.bytes;
    const newest = batch.updates.at(-1);
    if (newest !== undefined) {
      run.after = newest.sequence;
      run.unchargedBytes = 0;
      if (!isFirst) this.#receive({ ...batch, bytes });
    } else if (!isFirst) {
      run.unchargedBytes = bytes;
    }
  }

  async #ask(after: number | undefined, stopped: AbortSignal): Promise<Batch> {
    const url = new URL(UPDATES_PATH, location.href);
    if (after !== undefined) url.searchParams.set("after", String(after));
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(POLL_TIMEOUT_MS)]);
    // Other servers on this host may have set cookies, which have no part in this.
    const response = await fetch(url, { signal, credentials: "omit", cache: "no-store" });
    const body = await response.text();
    const arrivedAtMs = performance.now();
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const decoded = decodeUpdates(body);
    if (!decoded.ok) throw new Error(decoded.reason);
    const headBytes = Number(response.headers.get(HEAD_BYTES_HEADER));
    return { updates: decoded.message, arrivedAtMs, bytes: headBytes + bodyBytes(url.href, body) };
  }
}
