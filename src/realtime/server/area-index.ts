/**
 * The entries of a state by the area that they are in, and what has changed in each area.
 */
import type { StateEntry } from "../wire/index.js";
import type { View, Whereabouts } from "./interest.js";
import { Part } from "./view-delta.js";

/** An entry to put. */
export interface PlacedEntry {
  readonly key: string;
  readonly value: unknown;
  readonly revision: string;
  /** Grows with every change. */
  readonly sequence: number;
  readonly area: Whereabouts;
}

/** An entry as it is now. It is changed where it stands: what changes often makes no garbage. */
type Kept = { -readonly [Member in keyof PlacedEntry]: PlacedEntry[Member] };

interface AreaEntries {
  readonly byKey: Map<string, Kept>;
  /** The last change of any of them. */
  sequence: number;
}

// Before all changes.
const beginning = -1;

/** See the head of this file. */
export class AreaIndex {
  readonly #entries = new Map<string, Kept>();
  /** An area without entries is not kept. */
  readonly #areas = new Map<Whereabouts, AreaEntries>();
  /** By the change after which they begin. As long as nothing changes. */
  readonly #parts = new Map<number, Map<Whereabouts, Part<StateEntry> | undefined>>();
  /** Keys that have come, gone, or are elsewhere since they were taken. */
  #moved = new Set<string>();

  put({ key, value, revision, sequence, area }: PlacedEntry): void {
    if (this.#parts.size > 0) this.#parts.clear();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { key, value, revision, sequence, area };
      this.#entries.set(key, entry);
      this.#enter(entry);
    } else {
      const isElsewhere = entry.area !== area;
      if (isElsewhere) this.#leave(entry);
      entry.value = value;
      entry.revision = revision;
      entry.sequence = sequence;
      entry.area = area;
      if (isElsewhere) this.#enter(entry);
    }
    const entries = this.#areas.get(area);
    if (entries !== undefined) entries.sequence = sequence;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#parts.clear();
    this.#entries.delete(key);
    this.#leave(entry);
  }

  #enter(entry: Kept): void {
    this.#moved.add(entry.key);
    const entries = this.#areas.get(entry.area);
    if (entries !== undefined) entries.byKey.set(entry.key, entry);
    else this.#areas.set(entry.area, { byKey: new Map([[entry.key, entry]]), sequence: entry.sequence });
  }

  #leave({ key, area }: Kept): void {
    this.#moved.add(key);
    const entries = this.#areas.get(area);
    entries?.byKey.delete(key);
    if (entries?.byKey.size === 0) this.#areas.delete(area);
  }

  /** Keys that have come, gone, or are in another area, since the last call. */
  takeMoved(): ReadonlySet<string> {
    const moved = this.#moved;
    this.#moved = new Set();
    return moved;
  }

  /** An entry, if it is in sight. */
  seen(key: string, view: View): StateEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !isIn(view, entry.area)) return undefined;
    return [key, entry.value, entry.revision];
  }

  /** Whether a key is there, and in sight. */
  isSeen(key: string, view: View): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && isIn(view, entry.area);
  }

  /** The keys in sight. */
  keysIn(view: View): string[] {
    return [...this.#areasIn(view)].flatMap((area) => [...(this.#areas.get(area)?.byKey.keys() ?? [])]);
  }

  /** What somebody needs who had all of what they saw before (`before`), as it was after the change `from`. */
  parts(view: View, before: View, from: number): readonly Part<StateEntry>[] {
    const parts: Part<StateEntry>[] = [];
    for (const area of this.#areasIn(view)) {
      const part = this.#part(area, view === before || isIn(before, area) ? from : beginning);
      if (part !== undefined) parts.push(part);
    }
    return parts;
  }

  /** Some of them may be empty. */
  #areasIn(view: View): Iterable<Whereabouts> {
    if (view === undefined) return this.#areas.keys();
    if (view.size <= this.#areas.size) return view;
    return [...this.#areas.keys()].filter((area) => view.has(area));
  }

  #part(area: Whereabouts, from: number): Part<StateEntry> | undefined {
    let parts = this.#parts.get(from);
    if (parts === undefined) {
      parts = new Map();
      this.#parts.set(from, parts);
    }
    let part = parts.get(area);
    if (part === undefined && !parts.has(area)) {
      part = this.#changedIn(area, from);
      parts.set(area, part);
    }
    return part;
  }

  #changedIn(area: Whereabouts, from: number): Part<StateEntry> | undefined {
    const entries = this.#areas.get(area);
    if (entries === undefined || entries.sequence <= from) return undefined;
    const changed: StateEntry[] = [];
    for (const { key, value, revision, sequence } of entries.byKey.values()) {
      if (sequence > from) changed.push([key, value, revision]);
    }
    return changed.length === 0 ? undefined : new Part(changed);
  }
}

function isIn(view: View, area: Whereabouts): boolean {
  return view === undefined || view.has(area);
}
