// The measurements behind the charts. An update is a row, and each way that it travels fills in its own half, so the two
// lines of a chart always speak about the same updates.
import type { Update } from "./wire.js";

/** The two ways that an update reaches the page. */
export type Way = "webSocket" | "polling";

/** What is measured about an update's journey. */
export type Metric = "latencyMs" | "bytes";

/** The figures of one way over the window. */
export interface Figures {
  /** Updates received since the page was opened. */
  readonly received: number;
  readonly medianLatencyMs: number | undefined;
  readonly bytesPerUpdate: number | undefined;
}

/**
 * Columns for a chart: seconds before now (at most 0), then one value per row for each way, null where there is none.
 * Charts draw them in this order, and polling's area must not cover the other line.
 */
export type Columns = [agesSeconds: number[], polling: (number | null)[], webSocket: (number | null)[]];

type Sample = Readonly<Record<Metric, number>>;

interface Row {
  readonly sequence: number;
  readonly serverTimeMs: number;
  webSocket?: Sample;
  polling?: Sample;
}

/**
 * The median of some numbers, or nothing when there are none.
 * @param values In any order; left as they are.
 */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** Measurements of the same updates over both ways, for a sliding window of time. */
export class Comparison {
  readonly windowMs: number;
  #rows: Row[] = [];
  readonly #received: Record<Way, number> = { webSocket: 0, polling: 0 };

  /** @param windowMs How far back the rows are kept, in milliseconds of the server's clock. */
  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /**
   * Records that an update arrived. The same update arriving again by the same way is ignored.
   * @param way How it came.
   * @param update The update.
   * @param arrivedAtMs When it came, by the server's clock.
   * @param bytes What its journey took on the wire, in octets.
   */
  record(way: Way, update: Update, arrivedAtMs: number, bytes: number): void {
    const row = this.#row(update);
    if (row[way] !== undefined) return;
    // The estimate of the server's clock may be off by half a round trip, but nothing arrives before it was sent.
    row[way] = { latencyMs: Math.max(0, arrivedAtMs - update.serverTimeMs), bytes };
    this.#received[way] += 1;
  }

  /**
   * Drops rows that left the window.
   * @param nowMs The server's clock.
   */
  trim(nowMs: number): void {
    this.#rows = this.#rows.filter((row) => nowMs - row.serverTimeMs <= this.windowMs);
  }

  /** Forgets all rows, because the server was restarted and counts its updates anew. The totals stay. */
  clear(): void {
    this.#rows = [];
  }

  /** The figures of one way, over those updates that both ways could have brought: sent at or after `sinceMs`. */
  figures(way: Way, sinceMs: number = 0): Figures {
    const samples = this.#rows.flatMap((row) => (row.serverTimeMs >= sinceMs ? (row[way] ?? []) : []));
    const bytes = samples.reduce((sum, sample) => sum + sample.bytes, 0);
    return {
      received: this.#received[way],
      medianLatencyMs: median(samples.map((sample) => sample.latencyMs)),
      bytesPerUpdate: samples.length === 0 ? undefined : bytes / samples.length,
    };
  }

  /**
   * The rows as columns, oldest first.
   * @param metric What to show.
   * @param nowMs The server's clock.
   */
  columns(metric: Metric, nowMs: number): Columns {
    return [
      this.#rows.map((row) => (row.serverTimeMs - nowMs) / 1000),
      this.#rows.map((row) => row.polling?.[metric] ?? null),
      this.#rows.map((row) => row.webSocket?.[metric] ?? null),
    ];
  }

  #row(update: Update): Row {
    // A poll brings updates that are a few rows old at most, so the search starts at the end.
    let index = this.#rows.length;
    while (index > 0 && (this.#rows[index - 1]?.sequence ?? 0) >= update.sequence) index -= 1;
    const found = this.#rows[index];
    if (found?.sequence === update.sequence) return found;
    const row: Row = { sequence: update.sequence, serverTimeMs: update.serverTimeMs };
    this.#rows.splice(index, 0, row);
    return row;
  }
}
