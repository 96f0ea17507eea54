/**
 * Who is where: what `y-protocols/awareness` knows, to the server and from it.
 */
import {
  type Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";

const retryMs = 1000;

interface Changes {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

/** What it needs. */
export interface AwarenessLinkParts {
  readonly awareness: Awareness;
  /** Tells the server. */
  readonly send: (update: Uint8Array) => Promise<unknown>;
  /** Whether it is worth while to send it again. */
  readonly failed: (error: unknown) => boolean;
  /** Whose changes are not to be sent. */
  readonly origin: object;
}

/** See the head of this file. One message is under way at a time; what changes meanwhile goes with the next. */
export class AwarenessLink {
  readonly #parts: AwarenessLinkParts;
  readonly #changed: (changes: Changes, origin: unknown) => void;
  #isOpen = false;
  #isDue = false;
  #isBusy = false;
  /** Counts openings: what was refused after the end of one says nothing. */
  #opening = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: AwarenessLinkParts) {
    this.#parts = parts;
    const { awareness } = parts;
    this.#changed = ({ added, updated, removed }, origin) => {
      if (origin === parts.origin || ![...added, ...updated, ...removed].includes(awareness.clientID)) return;
      this.#isDue = true;
      this.#pump();
    };
    awareness.on("update", this.#changed);
  }

  /** The server has told all that are there. */
  open(all: Uint8Array): void {
    const { awareness, origin } = this.#parts;
    this.#isOpen = true;
    const states = awareness.getStates();
    // Of those who are gone it remembers what they told last, and would take them for late when they come again.
    for (const client of [...awareness.meta.keys()]) {
      if (client !== awareness.clientID && !states.has(client)) awareness.meta.delete(client);
    }
    applyAwarenessUpdate(awareness, all, origin);
    // With a number of its own, for the others may have been told that this one is gone.
    const own = awareness.getLocalState();
    if (own !== null) awareness.setLocalState(own);
    this.#pump();
  }

  /** The server has told something. */
  received(update: Uint8Array): void {
    applyAwarenessUpdate(this.#parts.awareness, update, this.#parts.origin);
  }

  /** There is no connection: nobody is known to be there. */
  close(): void {
    this.#opening++;
    this.#isOpen = false;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const { awareness, origin } = this.#parts;
    const others = [...awareness.getStates().keys()].filter((client) => client !== awareness.clientID);
    removeAwarenessStates(awareness, others, origin);
  }

  end(): void {
    this.close();
    this.#parts.awareness.off("update", this.#changed);
  }

  #pump(): void {
    if (!this.#isOpen || !this.#isDue || this.#isBusy || this.#retry !== undefined) return;
    this.#isDue = false;
    this.#isBusy = true;
    const { awareness, send, failed } = this.#parts;
    const opening = this.#opening;
    send(encodeAwarenessUpdate(awareness, [awareness.clientID])).then(
      () => {
        this.#isBusy = false;
        this.#pump();
      },
      (error: unknown) => {
        this.#isBusy = false;
        if (opening !== this.#opening) {
          this.#isDue = true;
          this.#pump();
          return;
        }
        if (!failed(error)) return;
        this.#isDue = true;
        if (!this.#isOpen) return;
        this.#retry = setTimeout(() => {
          this.#retry = undefined;
          this.#pump();
        }, retryMs);
      },
    );
  }
}
