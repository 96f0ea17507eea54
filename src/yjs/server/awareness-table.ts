/**
 * Who is where in one document: what each editor shows of itself, as `y-protocols/awareness` encodes it. What a state says
 * is nobody's business here; it is a text.
 */
import { RealtimeError } from "../../realtime/wire/index.js";
import { OctetReader, OctetWriter } from "./octets.js";

/** What one editor shows. */
interface Shown {
  readonly clock: number;
  /** JSON. */
  readonly state: string;
  /** When it was told last, by the clock of `now`. */
  toldAtMs: number;
}

/** One entry of an update of awareness. */
export interface AwarenessEntry {
  readonly client: number;
  readonly clock: number;
  /** JSON; "null" when it is gone. */
  readonly state: string;
}

const gone = "null";

/**
 * Reads an update of awareness.
 *
 * @throws RealtimeError `invalid-value`
 */
export function readAwareness(update: Uint8Array): AwarenessEntry[] {
  try {
    const reader = new OctetReader(update);
    const entries: AwarenessEntry[] = [];
    for (let left = reader.number(); left > 0; left--) {
      const entry = { client: reader.number(), clock: reader.number(), state: reader.text() };
      JSON.parse(entry.state);
      entries.push(entry);
    }
    if (!reader.isAtEnd) throw new RangeError("more octets than entries");
    return entries;
  } catch (cause) {
    throw new RealtimeError("invalid-value", "not an update of awareness", { cause });
  }
}

/** Writes one. */
export function writeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const writer = new OctetWriter();
  writer.number(entries.length);
  for (const { client, clock, state } of entries) {
    writer.number(client);
    writer.number(clock);
    writer.text(state);
  }
  return writer.take();
}

/** See the head of this file. */
export class AwarenessTable {
  readonly #shown = new Map<number, Shown>();
  readonly #changed = new Map<number, AwarenessEntry>();

  /** Whether there is something that others have not been told. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /**
   * Takes what is newer than what is known.
   *
   * @returns whether it was
   */
  take(entry: AwarenessEntry, nowMs: number): boolean {
    const { client, clock, state } = entry;
    const known = this.#shown.get(client);
    if (known !== undefined && (clock < known.clock || (clock === known.clock && state !== gone))) {
      if (clock === known.clock) known.toldAtMs = nowMs;
      return false;
    }
    if (state === gone) this.#shown.delete(client);
    else this.#shown.set(client, { clock, state, toldAtMs: nowMs });
    return known !== undefined || state !== gone;
  }

  /** As `take`, of what is to be told to others. */
  change(entry: AwarenessEntry, nowMs: number): void {
    if (this.take(entry, nowMs)) this.#changed.set(entry.client, entry);
  }

  /** Others are to be told once more what an editor shows. */
  tellAgain(client: number): void {
    const known = this.#shown.get(client);
    if (known !== undefined) this.#changed.set(client, { client, clock: known.clock, state: known.state });
  }

  /** An editor is gone, and others are to be told. */
  remove(client: number): void {
    const known = this.#shown.get(client);
    if (known === undefined) return;
    this.#shown.delete(client);
    this.#changed.set(client, { client, clock: known.clock, state: gone });
  }

  /** Forgets who has not been heard of since a moment: editors of a node that is gone. */
  forgetBefore(ms: number): void {
    for (const [client, { toldAtMs }] of this.#shown) if (toldAtMs < ms) this.remove(client);
  }

  /** What is to be told, which is forgotten with it. */
  takeChanges(): Uint8Array {
    const update = writeAwareness([...this.#changed.values()]);
    this.#changed.clear();
    return update;
  }

  /** All that are there. */
  all(): Uint8Array {
    return writeAwareness([...this.#shown].map(([client, { clock, state }]) => ({ client, clock, state })));
  }
}
