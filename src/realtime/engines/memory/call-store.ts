/**
 * What calls came to, as a memory engine remembers it.
 */
/* eslint-disable @typescript-eslint/require-await -- what an async method throws, it rejects with, as the interface says */
import type { CallClaim, CallEngine, CallOutcome, Idempotency } from "../engine.js";
import { copyValue, stringBytes } from "../value.js";
import type { MemoryCore } from "./core.js";
import type { JournalRecord } from "./journal.js";

// A remembered call's objects, about.
const callBytes = 192;

/** A call that somebody runs. */
interface Running {
  readonly status: "running";
  leaseUntilMs: number;
  readonly outcome: Promise<CallOutcome | undefined>;
  readonly resolve: (outcome: CallOutcome | undefined) => void;
}

interface Done {
  readonly status: "done";
  readonly outcome: CallOutcome;
  readonly untilUnixMs: number;
  readonly bytes: number;
}

/** See the head of this file. */
export class CallStore implements CallEngine {
  readonly #core: MemoryCore;
  readonly #calls = new Map<string, Running | Done>();

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  get hasAging(): boolean {
    return this.#calls.size > 0;
  }

  async claim({ key, windowMs }: Idempotency, leaseMs: number): Promise<CallClaim> {
    const core = this.#core;
    core.check();
    this.#dropIfPast(key, core.host.unixMs());
    const known = this.#calls.get(key);
    if (known?.status === "running") return { status: "running", outcome: known.outcome };
    if (known?.status === "done") {
      await core.settled();
      return { status: "done", outcome: known.outcome };
    }
    core.reserve(callBytes + stringBytes(key));
    const running = createRunning(core.host.now() + leaseMs);
    this.#calls.set(key, running);
    const isMine = (): boolean => this.#calls.get(key) === running;
    return {
      status: "claimed",
      renew: async () => {
        this.#dropIfPast(key, core.host.unixMs());
        if (!isMine()) return false;
        running.leaseUntilMs = core.host.now() + leaseMs;
        return true;
      },
      complete: async (outcome) => {
        core.check();
        return isMine() && (await this.#complete(key, running, outcome, windowMs));
      },
      release: async () => {
        if (isMine()) this.#giveUp(key, running);
      },
    };
  }

  async #complete(key: string, running: Running, outcome: CallOutcome, windowMs: number): Promise<boolean> {
    const copied = copyValue(outcome.ok ? outcome.value : outcome.error);
    this.#core.reserve(copied.bytes);
    const kept: CallOutcome = outcome.ok ? { ok: true, value: copied.value } : { ok: false, error: copied.value };
    const untilUnixMs = this.#core.host.unixMs() + windowMs;
    const bytes = copied.bytes + callBytes + stringBytes(key);
    this.#calls.set(key, { status: "done", outcome: kept, untilUnixMs, bytes });
    try {
      await this.#core.changed({ t: "call", k: key, o: kept, e: untilUnixMs }, () => running.resolve(kept));
    } catch (error) {
      running.resolve(undefined);
      throw error;
    }
    return true;
  }

  #giveUp(key: string, running: Running): void {
    this.#calls.delete(key);
    this.#core.free(callBytes + stringBytes(key));
    running.resolve(undefined);
  }

  #dropIfPast(key: string, unixMs: number): void {
    const call = this.#calls.get(key);
    if (call?.status === "running" && call.leaseUntilMs <= this.#core.host.now()) this.#giveUp(key, call);
    if (call?.status !== "done" || call.untilUnixMs > unixMs) return;
    this.#calls.delete(key);
    this.#core.free(call.bytes);
  }

  /** Drops what is past. */
  sweep(unixMs: number): void {
    for (const key of this.#calls.keys()) this.#dropIfPast(key, unixMs);
  }

  /** Takes back what was written down. */
  recover({ k: key, o, e: untilUnixMs }: Extract<JournalRecord, { t: "call" }>): void {
    if (untilUnixMs <= this.#core.host.unixMs() || this.#calls.has(key)) return;
    const copied = copyValue(o.ok ? o.value : o.error);
    const outcome: CallOutcome = o.ok ? { ok: true, value: copied.value } : { ok: false, error: copied.value };
    const bytes = copied.bytes + callBytes + stringBytes(key);
    this.#core.count(bytes);
    this.#calls.set(key, { status: "done", outcome, untilUnixMs, bytes });
  }

  /** All there is, to be written down anew. May be read while things change. */
  *everything(): Generator<JournalRecord, void> {
    for (const [key, call] of [...this.#calls]) {
      if (call.status === "done") yield { t: "call", k: key, o: call.outcome, e: call.untilUnixMs };
    }
  }
}

function createRunning(leaseUntilMs: number): Running {
  let resolve = (_outcome: CallOutcome | undefined): void => undefined;
  const outcome = new Promise<CallOutcome | undefined>((resolveOutcome) => {
    resolve = resolveOutcome;
  });
  return { status: "running", leaseUntilMs, outcome, resolve };
}
