/**
 * What the stores of a memory engine share: one row of sequence numbers, one budget, one order of what is kept.
 */
import type { EngineHost } from "../engine.js";
import { EngineError } from "../errors.js";
import type { Journal, JournalRecord } from "./journal.js";

/** What has to be kept before it may be told. */
class Batch {
  readonly records: JournalRecord[] = [];
  readonly emits: (() => void)[] = [];
  readonly kept: Promise<void>;
  readonly #resolve: () => void;
  readonly #reject: (error: EngineError) => void;

  constructor() {
    let resolve = (): void => undefined;
    let reject = (_error: EngineError): void => undefined;
    this.kept = new Promise<void>((resolveKept, rejectKept) => {
      resolve = resolveKept;
      reject = rejectKept;
    });
    // Whoever waits hears of it; there may be nobody.
    this.kept.catch(() => undefined);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeeded(): void {
    for (const emit of this.emits) emit();
    this.#resolve();
  }

  failed(error: EngineError): void {
    this.#reject(error);
  }
}

/** See the head of this file. */
export class MemoryCore {
  readonly host: EngineHost;
  readonly maxBytes: number;
  readonly maxChannels: number;
  epoch: string;
  /** The last sequence number that was given. */
  lastSequence = 0;
  /** The highest sequence number of a log or state that was forgotten: where those begin that nobody knows. */
  floor = 0;
  /** Makes room where something may be dropped. Returns whether there was anything. */
  dropOldest: () => boolean = () => false;
  #bytes = 0;
  readonly #journal: Journal | undefined;
  /** All there is, for a journal that is rewritten. */
  readonly #everything: () => Iterable<JournalRecord>;
  #next: Batch | undefined;
  #writing: Promise<void> | undefined;
  #rewriting: Promise<void> | undefined;
  #failure: EngineError | undefined;

  constructor(
    host: EngineHost,
    limits: { maxBytes: number; maxChannels: number },
    journal: Journal | undefined,
    everything: () => Iterable<JournalRecord>,
  ) {
    this.host = host;
    this.maxBytes = limits.maxBytes;
    this.maxChannels = limits.maxChannels;
    this.epoch = host.randomId();
    this.#journal = journal;
    this.#everything = everything;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether what is changed has to be written down. */
  get isJournaled(): boolean {
    return this.#journal !== undefined;
  }

  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** @throws EngineError when the engine has been closed, or could not keep something */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The next number of the one row that all logs and states share. */
  nextSequence(): number {
    return ++this.lastSequence;
  }

  /** Sequence numbers that were given before. */
  saw(sequence: number): void {
    if (sequence > this.lastSequence) this.lastSequence = sequence;
  }

  /** @throws EngineError "full" when there is no room for so many octets, and none can be made */
  reserve(bytes: number): void {
    while (this.#bytes + bytes > this.maxBytes) {
      if (!this.dropOldest()) {
        throw new EngineError("full", `${bytes} octets have no room: maxBytes is ${this.maxBytes}`);
      }
    }
    this.#bytes += bytes;
  }

  /** Counts octets without asking whether there is room, for what has been recovered. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  free(bytes: number): void {
    this.#bytes -= bytes;
  }

  /**
   * Keeps a record of what has just been changed.
   *
   * @param emit tells others; called when it is kept, in the order of the changes
   * @returns when it is kept
   */
  changed(record: JournalRecord, emit: () => void): Promise<void> {
    if (this.#journal === undefined) {
      emit();
      return Promise.resolve();
    }
    this.#next ??= new Batch();
    this.#next.records.push(record);
    this.#next.emits.push(emit);
    const { kept } = this.#next;
    this.#writing ??= this.#write(this.#journal);
    return kept;
  }

  /** Resolves when everything that has been changed so far is kept: nothing may be told before. */
  async settled(): Promise<void> {
    if (this.#next !== undefined) await this.#next.kept;
    else if (this.#writing !== undefined) await this.#writing;
    if (this.#failure !== undefined && this.#failure.code !== "closed") throw this.#failure;
  }

  async #write(journal: Journal): Promise<void> {
    // What else is changed in this turn goes with it.
    await Promise.resolve();
    for (let batch = this.#next; batch !== undefined; batch = this.#next) {
      this.#next = undefined;
      try {
        if (this.#failure !== undefined && this.#failure.code !== "closed") throw this.#failure;
        await journal.write(batch.records);
        batch.succeeded();
      } catch (cause) {
        this.#failed(batch, cause);
      }
    }
    this.#writing = undefined;
    if (this.#rewriting === undefined && this.#failure === undefined && journal.wantsRewriting()) {
      this.#rewriting = this.#rewrite(journal);
    }
  }

  /** What is in memory is more than what is kept. Going on would promise what may be lost. */
  #failed(batch: Batch, cause: unknown): void {
    this.#failure ??= new EngineError("unavailable", "the journal cannot be written", { cause });
    batch.failed(this.#failure);
  }

  async #rewrite(journal: Journal): Promise<void> {
    try {
      await journal.rewrite(this.#everything());
    } catch (error) {
      // The old one is as good as it was, and is tried again when it has grown.
      this.host.reportError(error, "rewriting the journal");
    } finally {
      this.#rewriting = undefined;
    }
  }

  /** Nothing is taken any more; what has been is kept. */
  async close(): Promise<void> {
    this.#failure ??= new EngineError("closed", "the engine has been closed");
    await this.#writing;
    await this.#rewriting;
    await this.#journal?.close();
  }
}

/** A position as it is told. */
export function positionOf(sequence: number): string {
  return String(sequence);
}

/** The sequence number of a position; undefined where it never was one. */
export function sequenceOf(position: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,15})$/u.test(position)) return undefined;
  const sequence = Number(position);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}
