/**
 * The entries of a state by the area that they are in, and what has changed in each area.
 */
import { Changes } from "../engines/index.js";
import { type Codec, type EncodedArray, encodedArray, type StateEntry } from "../wire/index.js";
import type { View, Whereabouts } from "./interest.js";

/** Entries of one area, encoded once for all who get them. */
export class Part {
  readonly entries: readonly StateEntry[];
  readonly #encoded = new Map<Codec, EncodedArray>();

  constructor(entries: readonly StateEntry[]) {
    this.entries = entries;
  }

  encodedBy(codec: Codec): EncodedArray {
    let encoded = this.#encoded.get(codec);
    if (encoded === undefined) {
      encoded = encodedArray(codec, this.entries);
      this.#encoded.set(codec, encoded);
    }
    return encoded;
  }
}

/** An entry to put. */
export interface PlacedEntry {
  readonly key: string;
  readonly value: unknown;
  readonly revision: string;
  /** Grows with every change. */
  readonly sequence: number;
  readonly area: Whereabouts;
}

/** Before all changes. */
export const beginning: number = -1;

/** See the head of this file. */
export class AreaIndex {
  /** The newest entries; an area without any is not kept. */
  readonly #areas = new Map<Whereabouts, Changes>();
  readonly #areaOf = new Map<string, Whereabouts>();
  /** By the change after which they begin. As long as nothing changes. */
  readonly #parts = new Map<number, Map<Whereabouts, Part | undefined>>();
  /** Keys that have come, gone, or are elsewhere since they were taken. */
  #moved = new Set<string>();

  /** Keys that there are. */
  get size(): number {
    return this.#areaOf.size;
  }

  put({ key, value, revision, sequence, area }: PlacedEntry): void {
    this.#parts.clear();
    const before = this.#areaOf.get(key);
    if (before !== area) {
      this.#takeOut(key, before);
      this.#areaOf.set(key, area);
      this.#moved.add(key);
    }
    let entries = this.#areas.get(area);
    if (entries === undefined) {
      entries = new Changes();
      this.#areas.set(area, entries);
    }
    entries.put({ key, value, revision, sequence, isDeleted: false, bytes: 0 });
  }

  delete(key: string): void {
    this.#parts.clear();
    this.#takeOut(key, this.#areaOf.get(key));
    this.#areaOf.delete(key);
    this.#moved.add(key);
  }

  #takeOut(key: string, area: Whereabouts | undefined): void {
    const entries = area === undefined ? undefined : this.#areas.get(area);
    const entry = entries?.get(key);
    if (area === undefined || entries === undefined || entry === undefined) return;
    entries.remove(entry);
    if (entries.size === 0) this.#areas.delete(area);
  }

  /** Keys that have come, gone, or are in another area, since the last call. */
  takeMoved(): ReadonlySet<string> {
    const moved = this.#moved;
    this.#moved = new Set();
    return moved;
  }

  /** Whether a key is there, and in sight. */
  isSeen(key: string, view: View): boolean {
    const area = this.#areaOf.get(key);
    return area !== undefined && (view === undefined || view.has(area));
  }

  /** An entry that is in sight. */
  seen(key: string, view: View): StateEntry | undefined {
    const area = this.#areaOf.get(key);
    if (area === undefined || (view !== undefined && !view.has(area))) return undefined;
    const entry = this.#areas.get(area)?.get(key);
    return entry === undefined ? undefined : [key, entry.value, entry.revision];
  }

  /** The keys in sight. */
  keysIn(view: View): readonly string[] {
    return this.#areasIn(view).flatMap(
      (area) =>
        this.#areas
          .get(area)
          ?.since(beginning)
          .set.map(({ key }) => key) ?? [],
    );
  }

  /** What somebody needs who had all in sight before, as it was after the change `from`. */
  parts(view: View, before: View, from: number): readonly Part[] {
    const parts: Part[] = [];
    for (const area of this.#areasIn(view)) {
      const part = this.#part(area, before === undefined || before.has(area) ? from : beginning);
      if (part !== undefined) parts.push(part);
    }
    return parts;
  }

  #areasIn(view: View): readonly Whereabouts[] {
    if (view === undefined) return [...this.#areas.keys()];
    if (view.size < this.#areas.size) return [...view];
    return [...this.#areas.keys()].filter((area) => view.has(area));
  }

  #part(area: Whereabouts, from: number): Part | undefined {
    let parts = this.#parts.get(from);
    if (parts === undefined) {
      parts = new Map();
      this.#parts.set(from, parts);
    }
    let part = parts.get(area);
    if (part !== undefined || parts.has(area)) return part;
    const changed = this.#areas.get(area)?.since(from).set ?? [];
    if (changed.length > 0)
      part = new Part(changed.map(({ key, value, revision }): StateEntry => [key, value, revision]));
    parts.set(area, part);
    return part;
  }
}
