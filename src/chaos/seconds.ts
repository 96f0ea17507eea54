/**
 * How a process is, a line for each second: what it heard, how long that took, and by how much it was late.
 */
import type { JournalWriter } from "./journal.js";

const secondMs = 1000;
/** How often it is looked at whether the process is late. */
const lookMs = 50;

/** See the head of this file. */
export class SecondsOfProcess {
  readonly #name: string;
  readonly #journal: JournalWriter;
  #timers: NodeJS.Timeout[] = [];
  #heard = 0;
  #acked = 0;
  #latenciesMs: number[] = [];
  #lagMs = 0;
  #lookedAtMs = 0;

  constructor(name: string, journal: JournalWriter) {
    this.#name = name;
    this.#journal = journal;
  }

  /** @param countOpen how many connections there are */
  start(countOpen: () => number): void {
    this.#lookedAtMs = performance.now();
    this.#timers = [
      setInterval(() => this.#look(), lookMs).unref(),
      setInterval(() => this.#tell(countOpen()), secondMs).unref(),
    ];
  }

  #look(): void {
    const nowMs = performance.now();
    this.#lagMs = Math.max(this.#lagMs, nowMs - this.#lookedAtMs - lookMs);
    this.#lookedAtMs = nowMs;
  }

  heard(latencyMs: number | undefined): void {
    this.#heard++;
    if (latencyMs !== undefined) this.#latenciesMs.push(latencyMs);
  }

  acked(): void {
    this.#acked++;
  }

  #tell(open: number): void {
    const sorted = this.#latenciesMs.sort((one, other) => one - other);
    const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    const ms = [at(0.5), at(0.95), at(0.99), at(1)] as const;
    const lagMs = Math.round(this.#lagMs);
    this.#journal.write({ k: "second", proc: this.#name, heard: this.#heard, acked: this.#acked, open, ms, lagMs });
    this.#heard = 0;
    this.#acked = 0;
    this.#latenciesMs = [];
    this.#lagMs = 0;
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
