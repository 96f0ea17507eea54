/**
 * Changes of a document on their way to the server: gathered, sent in order, and sent again until they are kept. Yjs takes
 * in what it has had without harm, so that what may have arrived can be sent once more.
 */
import * as Y from "yjs";
import { defaultPartBytes, partsOf, type StructSource, updateSource } from "../updates/index.js";

// Updates that may be unanswered: what is typed within a round trip goes in a few of them.
const maxUnanswered = 4;
const minRetryMs = 500;
const maxRetryMs = 30_000;
// Changes that are remembered one by one while the server takes none. Of more, the document itself knows.
const maxWaiting = 256;

/** What an outbox needs. */
export interface OutboxParts {
  /** Sends an update. Resolves when it is kept. */
  readonly send: (update: Uint8Array) => Promise<unknown>;
  /** What becomes of what could not be sent. */
  readonly failed: (error: unknown) => Failure;
  /** Whether everything is kept has changed. */
  readonly changed: (hasUnsaved: boolean) => void;
  /** Opens it with everything that the server lacks, or does so later. */
  readonly compare: () => void;
}

/**
 * What is to be done after a failure. "again": the same, after a while, in milliseconds where that was said. "later": when it
 * is opened next.
 */
export type Failure = { readonly then: "again"; readonly afterMs?: number | undefined } | { readonly then: "later" };

/** See the head of this file. */
export class Outbox {
  readonly #parts: OutboxParts;
  /** What has not been sent, or has to be sent again. */
  #waiting: Uint8Array[] = [];
  readonly #unanswered = new Set<Uint8Array>();
  /** What is too long to be sent at once, and what is left of it. */
  #long: { readonly parts: Iterator<Uint8Array, void>; readonly whole: Uint8Array | undefined } | undefined;
  #isComparing = false;
  #isOpen = false;
  #isDue = false;
  /** Counts openings: what became of an update of an earlier one says nothing. */
  #opening = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #hadUnsaved = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Whether there is anything that the server may not have. */
  get hasUnsaved(): boolean {
    return this.#waiting.length > 0 || this.#unanswered.size > 0 || this.#long !== undefined || this.#isComparing;
  }

  /** Whether everything that the server lacks is on its way to it: that has to begin anew where it is cut short. */
  get isComparing(): boolean {
    return this.#isComparing;
  }

  /** A change was made here. */
  add(update: Uint8Array): void {
    if (this.#isOpen || !this.#isComparing) this.#waiting.push(update);
    if (!this.#isOpen && this.#waiting.length > maxWaiting) {
      this.#waiting = [];
      this.#isComparing = true;
    }
    this.#tell();
    if (this.#isDue) return;
    // With all that follows from the same event.
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#pump();
    });
  }

  /**
   * The server takes updates.
   *
   * @param source everything that it lacks, instead of what is known to be missing
   */
  open(source?: StructSource): void {
    this.close();
    this.#isOpen = true;
    if (source !== undefined) {
      this.#waiting = [];
      this.#isComparing = true;
      this.#long = { parts: partsOf(source), whole: undefined };
    }
    this.#pump();
  }

  /** The server takes none, for now. */
  close(): void {
    this.#opening++;
    this.#isOpen = false;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const whole = this.#long?.whole;
    const again = [...this.#unanswered, ...(whole === undefined ? [] : [whole])];
    this.#waiting = [...again, ...this.#waiting];
    this.#unanswered.clear();
    this.#long = undefined;
  }

  #pump(): void {
    while (this.#isOpen && this.#retry === undefined && this.#unanswered.size < maxUnanswered) {
      const update = this.#next();
      if (update === undefined) break;
      this.#send(update);
    }
    if (this.#isOpen && this.#unanswered.size === 0 && this.#long === undefined) this.#isComparing = false;
    this.#tell();
  }

  #next(): Uint8Array | undefined {
    const part = this.#long?.parts.next();
    if (part?.done === false) return part.value;
    this.#long = undefined;
    const [first, ...others] = this.#waiting;
    if (first === undefined) return undefined;
    this.#waiting = [];
    const whole = others.length === 0 ? first : Y.mergeUpdates([first, ...others]);
    if (whole.length <= 2 * defaultPartBytes) return whole;
    this.#long = { parts: partsOf(updateSource(whole)), whole };
    return this.#next();
  }

  #send(update: Uint8Array): void {
    const opening = this.#opening;
    this.#unanswered.add(update);
    this.#parts.send(update).then(
      () => {
        if (opening !== this.#opening) return;
        this.#unanswered.delete(update);
        this.#failures = 0;
        this.#pump();
      },
      (error: unknown) => {
        if (opening === this.#opening) this.#failed(error);
      },
    );
  }

  #failed(error: unknown): void {
    const opening = this.#opening;
    const failure = this.#parts.failed(error);
    // Opened anew meanwhile.
    if (opening !== this.#opening) return;
    this.close();
    this.#tell();
    if (failure.then === "later") return;
    const backoffMs = Math.min(minRetryMs * 2 ** this.#failures++, maxRetryMs);
    this.#retry = setTimeout(() => {
      if (this.#isComparing) this.#parts.compare();
      else this.open();
    }, failure.afterMs ?? backoffMs);
  }

  #tell(): void {
    const { hasUnsaved } = this;
    if (hasUnsaved === this.#hadUnsaved) return;
    this.#hadUnsaved = hasUnsaved;
    this.#parts.changed(hasUnsaved);
  }
}
