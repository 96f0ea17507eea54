/**
 * Keeps what a document takes in: one write at a time, with all that has come while the one before was under way. What could
 * not be written stays, and is tried again. Between two writes the document is compacted where it has to be.
 */
import * as Y from "yjs";
import type { EngineHost, EngineTimer } from "../../realtime/engines/index.js";
import { RealtimeError } from "../../realtime/wire/index.js";
import type { ResolvedDocumentLimits } from "./limits.js";
import type { DocumentStorage } from "./storage.js";

const retryMs = 1000;

interface Waiter {
  /** It waits for this many updates to be kept. */
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: RealtimeError) => void;
}

/** What saving needs. */
export interface SavingParts {
  readonly document: string;
  readonly storage: DocumentStorage;
  readonly limits: ResolvedDocumentLimits;
  readonly host: EngineHost;
  /** The whole document, with all that other processes have added, where there are some. */
  readonly state: () => Promise<Uint8Array>;
}

/** See the head of this file. */
export class Saving {
  readonly #parts: SavingParts;
  #unsaved: Uint8Array[] = [];
  #unsavedBytes = 0;
  /** Updates that have come, and that are kept. */
  #count = 0;
  #savedCount = 0;
  #waiters: Waiter[] = [];
  #running: Promise<void> | undefined;
  #retry: EngineTimer | undefined;
  #place: string | undefined;
  /** What is kept: as one state, and added to it since. */
  #stateBytes = 0;
  #addedBytes = 0;
  #wantsCompacting = false;

  constructor(parts: SavingParts) {
    this.#parts = parts;
  }

  /** What has been loaded. */
  loaded(updates: readonly Uint8Array[], place: string): void {
    this.#place = place;
    const [first, ...others] = updates;
    this.#stateBytes = first?.length ?? 0;
    this.#addedBytes = 0;
    for (const update of others) this.#addedBytes += update.length;
  }

  /** Octets that the document takes, what is not kept yet included. */
  get bytes(): number {
    return this.#stateBytes + this.#addedBytes + this.#unsavedBytes;
  }

  get unsavedBytes(): number {
    return this.#unsavedBytes;
  }

  /** Whether everything is kept. */
  get isKept(): boolean {
    return this.#savedCount === this.#count;
  }

  add(update: Uint8Array): void {
    this.#unsaved.push(update);
    this.#unsavedBytes += update.length;
    this.#count++;
  }

  /**
   * Resolves when all that has been added is kept.
   *
   * @throws RealtimeError `unavailable`
   */
  saved(): Promise<void> {
    if (this.#savedCount === this.#count) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ count: this.#count, resolve, reject });
      this.#start();
    });
  }

  /** Makes one of many updates now, if there are any. */
  async compact(): Promise<void> {
    this.#wantsCompacting = true;
    this.#start();
    // What runs already may have looked for the last time.
    while (this.#wantsCompacting && this.#running !== undefined) await this.#running;
    await this.#running;
  }

  #start(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // What was added when it had looked for the last time.
      const isLeft = this.#unsaved.length > 0 || this.#wantsCompacting;
      if (isLeft && this.#retry === undefined) this.#start();
    });
  }

  async #run(): Promise<void> {
    const { host, document } = this.#parts;
    try {
      while (this.#unsaved.length > 0) await this.#write();
    } catch (error) {
      host.reportError(error, `keeping the document ${JSON.stringify(document)}`);
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const { reject } of waiters) reject(unavailable());
      this.#retry = host.setTimer(() => this.#start(), retryMs);
      return;
    }
    if (!this.#isLong && !this.#wantsCompacting) return;
    this.#wantsCompacting = false;
    try {
      await this.#compact();
    } catch (error) {
      host.reportError(error, `compacting the document ${JSON.stringify(document)}`);
      // Nothing is lost. Tried again when as much has come again.
      this.#stateBytes += this.#addedBytes;
      this.#addedBytes = 0;
    }
    // What has come meanwhile.
    if (this.#unsaved.length > 0) await this.#run();
  }

  async #write(): Promise<void> {
    const { storage, document } = this.#parts;
    const updates = this.#unsaved;
    const count = this.#count;
    const bytes = this.#unsavedBytes;
    this.#unsaved = [];
    try {
      const update = updates.length === 1 && updates[0] !== undefined ? updates[0] : Y.mergeUpdates(updates);
      this.#place = await storage.append(document, update);
      this.#addedBytes += update.length;
    } catch (error) {
      this.#unsaved = [...updates, ...this.#unsaved];
      throw error;
    }
    this.#unsavedBytes -= bytes;
    this.#savedCount = count;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => waiter.count > count);
    for (const waiter of waiters) if (waiter.count <= count) waiter.resolve();
  }

  get #isLong(): boolean {
    return this.#addedBytes > Math.max(this.#parts.limits.minCompactBytes, this.#stateBytes);
  }

  async #compact(): Promise<void> {
    const { storage, document, state } = this.#parts;
    if (storage.isShared === true) this.#place = (await storage.load(document))?.place;
    const place = this.#place;
    if (place === undefined) return;
    const whole = await state();
    this.#place = await storage.compact(document, whole, place);
    this.#stateBytes = whole.length;
    this.#addedBytes = 0;
  }

  /** Ends it, when all is kept that can be. Rejects with why not. */
  async end(): Promise<void> {
    try {
      await this.#running;
      if (this.#savedCount < this.#count) await this.saved();
      await this.#running;
    } finally {
      this.#retry?.cancel();
    }
  }
}

function unavailable(): RealtimeError {
  return new RealtimeError("unavailable", "the document cannot be kept at the moment", { retryable: true });
}
