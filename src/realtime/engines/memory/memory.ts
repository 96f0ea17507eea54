/**
 * The embedded engine: everything in the memory of this process, and in a journal where one is given.
 */
import type { Engine, EngineHealth, EngineHost, EngineTimer } from "../engine.js";
import { EngineError } from "../errors.js";
import type { EngineGrant, EngineNeeds } from "../needs.js";
import { CallStore } from "./call-store.js";
import { MemoryCore } from "./core.js";
import { MediaStore, SignalStore } from "./fleeting.js";
import type { Journal, JournalRecord } from "./journal.js";
import { LogStore } from "./log-store.js";
import { checkNeeds } from "./needs.js";
import { PresenceStore } from "./presence-store.js";
import { StateStore } from "./state-store.js";

/** What can be set about a memory engine. */
export interface MemoryOptions {
  /**
   * Octets of memory that everything kept may take, about. Beyond it the newest groups of media that nobody hears are
   * dropped, and then the oldest messages of logs, which those who wanted them are told (`gap`); where that is not enough, because states and what calls came to fill it,
   * requests are refused ("full"). Default 268,435,456.
   */
  readonly maxBytes?: number;
  /**
   * Logs, states and channels of media that are known at the same time, of each. Beyond it, the log or channel of media
   * that nobody follows and that was appended to longest ago is forgotten. Default 100,000.
   */
  readonly maxChannels?: number;
  /** Keeps what a restart must not lose (`fileJournal`). Default: nothing outlasts the process. */
  readonly journal?: Journal;
  /** Milliseconds between two looks at what has become too old. Default 1,000. */
  readonly sweepIntervalMs?: number;
}

// Enough for a million short messages, and a fraction of what the smallest machines of today have.
const defaultMaxBytes = 256 * 1024 * 1024;
// More than a large application has rooms; so many empty ones take 30 MB.
const defaultMaxChannels = 100_000;
// Reading never shows what is too old, so that it only decides how long memory waits to be free.
const defaultSweepIntervalMs = 1000;

/**
 * Makes the embedded engine.
 *
 * ```ts
 * const engine = memory({ maxBytes: 64 * 1024 * 1024 });
 * ```
 *
 * @throws RangeError for a limit that is no whole number from 1 on
 */
export function memory(options: MemoryOptions = {}): Engine {
  return new MemoryEngine(options);
}

class MemoryEngine implements Engine {
  readonly name = "memory";
  readonly #limits: { readonly maxBytes: number; readonly maxChannels: number };
  readonly #sweepIntervalMs: number;
  readonly #journal: Journal | undefined;
  #started: Started | undefined;
  #isStarting = false;

  constructor(options: MemoryOptions) {
    this.#limits = {
      maxBytes: limit("maxBytes", options.maxBytes ?? defaultMaxBytes),
      maxChannels: limit("maxChannels", options.maxChannels ?? defaultMaxChannels),
    };
    this.#sweepIntervalMs = limit("sweepIntervalMs", options.sweepIntervalMs ?? defaultSweepIntervalMs);
    this.#journal = options.journal;
  }

  async start(host: EngineHost): Promise<void> {
    if (this.#isStarting) throw new EngineError("unavailable", "the engine has been started before");
    this.#isStarting = true;
    const started = new Started(host, this.#limits, this.#journal, this.#sweepIntervalMs);
    await started.recover(this.#journal);
    this.#started = started;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as the interface says
  async check(needs: EngineNeeds): Promise<EngineGrant> {
    return checkNeeds(needs, { maxBytes: this.#limits.maxBytes, isJournaled: this.#journal !== undefined });
  }

  health(): EngineHealth {
    const core = this.#started?.core;
    if (core === undefined) return { isAvailable: false, bytes: undefined, reason: "not started" };
    return { isAvailable: core.failure === undefined, bytes: core.bytes, reason: core.failure?.message };
  }

  get logs(): LogStore {
    return this.#stores.logs;
  }

  get states(): StateStore {
    return this.#stores.states;
  }

  get signals(): SignalStore {
    return this.#stores.signals;
  }

  get media(): MediaStore {
    return this.#stores.media;
  }

  get calls(): CallStore {
    return this.#stores.calls;
  }

  get presence(): PresenceStore {
    return this.#stores.presence;
  }

  get #stores(): Started {
    if (this.#started === undefined) throw new EngineError("unavailable", "the engine has not been started");
    return this.#started;
  }

  async close(): Promise<void> {
    await this.#started?.close();
  }
}

/** What there is once there is a host. */
class Started {
  readonly core: MemoryCore;
  readonly logs: LogStore;
  readonly states: StateStore;
  readonly signals: SignalStore;
  readonly media: MediaStore;
  readonly calls: CallStore;
  readonly presence: PresenceStore;
  readonly #sweepIntervalMs: number;
  #timer: EngineTimer | undefined;

  constructor(
    host: EngineHost,
    limits: { readonly maxBytes: number; readonly maxChannels: number },
    journal: Journal | undefined,
    sweepIntervalMs: number,
  ) {
    this.core = new MemoryCore(host, limits, journal, () => this.#everything());
    this.logs = new LogStore(this.core);
    this.states = new StateStore(this.core);
    this.signals = new SignalStore(this.core);
    this.media = new MediaStore(this.core);
    this.calls = new CallStore(this.core);
    this.presence = new PresenceStore(this.core);
    // Media come again by themselves.
    this.core.dropOldest = () => this.media.dropOldest() || this.logs.dropOldest();
    this.#sweepIntervalMs = sweepIntervalMs;
    this.#sweepLater();
  }

  async recover(journal: Journal | undefined): Promise<void> {
    if (journal === undefined) return;
    let isNew = true;
    try {
      await journal.open((record) => {
        isNew = false;
        this.#recover(record);
      });
      // Without it, what comes behind would belong to no epoch.
      if (isNew) await this.core.changed(this.#identity(), () => undefined);
    } catch (cause) {
      throw new EngineError("unavailable", "the journal cannot be read", { cause });
    }
  }

  #recover(record: JournalRecord): void {
    switch (record.t) {
      case "engine":
        this.core.epoch = record.epoch;
        this.core.saw(record.last);
        this.core.floor = Math.max(this.core.floor, record.floor);
        break;
      case "m":
      case "log":
      case "key":
        this.logs.recover(record);
        break;
      case "set":
      case "del":
      case "state":
        this.states.recover(record);
        break;
      case "forget":
        if (record.k === "log") this.logs.recover(record);
        else this.states.recover(record);
        break;
      case "call":
        this.calls.recover(record);
        break;
    }
  }

  #identity(): JournalRecord {
    const { epoch, lastSequence, floor } = this.core;
    return { t: "engine", epoch, last: lastSequence, floor };
  }

  *#everything(): Generator<JournalRecord, void> {
    yield this.#identity();
    yield* this.logs.everything();
    yield* this.states.everything();
    yield* this.calls.everything();
  }

  #sweepLater(): void {
    const dueAtMs = this.core.host.now() + this.#sweepIntervalMs;
    this.#timer = this.core.host.setTimer(() => {
      const unixMs = this.core.host.unixMs();
      if (this.logs.hasAging) this.logs.sweep(unixMs);
      if (this.calls.hasAging) this.calls.sweep(unixMs);
      if (this.presence.hasAging) this.presence.sweep(Math.max(0, this.core.host.now() - dueAtMs));
      this.#sweepLater();
    }, this.#sweepIntervalMs);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.core.close();
  }
}

function limit(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be a whole number from 1 on, and is ${value}`);
  }
  return value;
}
