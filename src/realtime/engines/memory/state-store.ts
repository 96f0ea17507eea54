/**
 * The states of a memory engine.
 */

import { Changes, type KeyChange } from "../changes.js";
import type { StateChange, StateDelta, StateEngine, StateEntry, StatePage, StateSink, StateWatch } from "../engine.js";
import { EngineError } from "../errors.js";
import { copyValue, type MeasuredValue, stringBytes } from "../value.js";
import type { MemoryCore } from "./core.js";
import { positionOf, sequenceOf } from "./core.js";
import type { JournalRecord } from "./journal.js";

// A key's objects and its places in a map and a list, and a state's, about.
const keyBytes = 160;
const stateBytes = 512;
// So many deletions are known at least; and as many as there are keys, so that they at most double what is kept.
const minTombstones = 1024;

/** A change that has been made. */
interface Done {
  readonly revision: string;
  /** When it is kept. */
  readonly kept: Promise<void>;
}

class MemoryState {
  readonly name: string;
  readonly changes = new Changes();
  /** The keys that were deleted, the one longest ago first. */
  readonly tombstones = new Map<string, KeyChange>();
  readonly sinks = new Set<StateSink>();
  /** The last change, or the floor where there was none. */
  last: number;
  /** The last one that has been told to the sinks. */
  told: number;
  /** Changes after this one are all known. */
  knownFrom: number;

  constructor(name: string, floor: number) {
    this.name = name;
    this.last = floor;
    this.told = floor;
    this.knownFrom = floor;
  }

  get size(): number {
    return this.changes.size - this.tombstones.size;
  }
}

/** See the head of this file. */
export class StateStore implements StateEngine {
  readonly #core: MemoryCore;
  /** The one that was changed longest ago is the first. */
  readonly #states = new Map<string, MemoryState>();

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  async set(channel: string, key: string, value: unknown, expected: string | null | undefined): Promise<string> {
    this.#core.check();
    const state = this.#state(channel);
    const conflict = conflictOf(state, key, expected);
    if (conflict !== undefined) await this.#refuse(conflict);
    const { revision, kept } = this.#set(state, key, copyValue(value));
    await kept;
    return revision;
  }

  async setMany(
    channel: string,
    entries: readonly (readonly [key: string, value: unknown])[],
    deleted: readonly string[],
  ): Promise<void> {
    this.#core.check();
    const copied = entries.map(([key, value]) => [key, copyValue(value)] as const);
    const state = this.#state(channel);
    for (const [key, value] of copied) this.#set(state, key, value);
    for (const key of deleted) if (state.changes.get(key)?.isDeleted === false) this.#delete(state, key);
    // What is changed in one turn is kept together.
    await this.#core.settled();
  }

  /** @returns the new revision, and when it is kept */
  #set(state: MemoryState, key: string, { value, bytes: valueBytes }: MeasuredValue): Done {
    const bytes = valueBytes + keyBytes + stringBytes(key);
    this.#core.reserve(bytes);
    const sequence = this.#core.nextSequence();
    const revision = positionOf(sequence);
    const previous = positionOf(state.last);
    this.#put(state, { key, value, revision, sequence, isDeleted: false, bytes });
    const change = { position: revision, previous, key, entry: { key, value, revision } };
    const record: JournalRecord = { t: "set", c: state.name, k: key, s: sequence, v: value };
    return { revision, kept: this.#core.changed(record, () => tell(state, sequence, change)) };
  }

  async delete(channel: string, key: string, expected: string | null | undefined): Promise<string> {
    this.#core.check();
    const state = this.#states.get(channel);
    const conflict = conflictOf(state, key, expected);
    if (conflict !== undefined) await this.#refuse(conflict);
    const known = state?.changes.get(key);
    if (state === undefined || known === undefined || known.isDeleted) {
      await this.#core.settled();
      return positionOf(state?.last ?? this.#core.floor);
    }
    const { revision, kept } = this.#delete(state, key);
    await kept;
    return revision;
  }

  /** Of a key that is there. */
  #delete(state: MemoryState, key: string): Done {
    const sequence = this.#core.nextSequence();
    const revision = positionOf(sequence);
    const previous = positionOf(state.last);
    this.#bury(state, key, sequence);
    const change = { position: revision, previous, key, entry: undefined };
    const record: JournalRecord = { t: "del", c: state.name, k: key, s: sequence };
    return { revision, kept: this.#core.changed(record, () => tell(state, sequence, change)) };
  }

  async snapshot(channel: string, options: { cursor?: string | undefined; limit: number }): Promise<StatePage> {
    this.#core.check();
    const state = this.#states.get(channel);
    const page = this.#page(state, options);
    await this.#core.settled();
    return page;
  }

  async changesSince(channel: string, epoch: string, position: string): Promise<StateDelta | undefined> {
    this.#core.check();
    const sequence = sequenceOf(position);
    const state = this.#states.get(channel);
    const { floor } = this.#core;
    const isKnown =
      sequence !== undefined &&
      epoch === this.#core.epoch &&
      sequence >= (state?.knownFrom ?? floor) &&
      sequence <= (state?.last ?? floor);
    if (!isKnown) return undefined;
    const { set, deleted } = state?.changes.since(sequence) ?? { set: [], deleted: [] };
    const delta = { epoch, position: positionOf(state?.last ?? floor), entries: set.map(toldEntry), deleted };
    await this.#core.settled();
    return delta;
  }

  async watch(channel: string, sink: StateSink): Promise<StateWatch> {
    this.#core.check();
    const state = this.#state(channel);
    state.sinks.add(sink);
    const stop = (): void => {
      state.sinks.delete(sink);
    };
    // At once: what changes from here on follows that position.
    return await Promise.resolve({ epoch: this.#core.epoch, position: positionOf(state.told), stop });
  }

  /** What was found may not be kept yet, and may be told only then. */
  async #refuse(conflict: EngineError): Promise<never> {
    await this.#core.settled();
    throw conflict;
  }

  #page(state: MemoryState | undefined, options: { cursor?: string | undefined; limit: number }): StatePage {
    const { epoch, floor } = this.#core;
    if (state === undefined) return { epoch, position: positionOf(floor), entries: [], cursor: undefined };
    const [start, sequence, key] = readCursor(options.cursor) ?? [state.last, -1, undefined];
    const entries: StateEntry[] = [];
    let last: KeyChange | undefined;
    for (const change of state.changes.after(sequence, key)) {
      // What has changed since the first page is told by whoever tells the changes.
      if (change.sequence > start) break;
      if (change.isDeleted) continue;
      if (last !== undefined && entries.length >= options.limit) {
        const cursor = JSON.stringify([start, last.sequence, last.key]);
        return { epoch, position: positionOf(start), entries, cursor };
      }
      entries.push(toldEntry(change));
      last = change;
    }
    return { epoch, position: positionOf(start), entries, cursor: undefined };
  }

  #state(channel: string): MemoryState {
    const known = this.#states.get(channel);
    if (known !== undefined) return known;
    if (this.#states.size >= this.#core.maxChannels) this.#forgetOne();
    this.#core.reserve(stateBytes + stringBytes(channel));
    return this.#add(channel, this.#core.floor);
  }

  #add(channel: string, floor: number): MemoryState {
    const state = new MemoryState(channel, floor);
    this.#states.set(channel, state);
    return state;
  }

  /** Forgets a state that has no keys, and that nobody follows. */
  #forgetOne(): void {
    for (const state of this.#states.values()) {
      if (state.sinks.size > 0 || state.size > 0) continue;
      this.#forget(state);
      void this.#core.changed({ t: "forget", k: "state", c: state.name, s: state.last }, () => undefined);
      return;
    }
    throw new EngineError("full", `there are ${this.#core.maxChannels} states, which is maxChannels`);
  }

  #forget(state: MemoryState): void {
    for (const change of state.changes.since(-1).set) this.#core.free(change.bytes);
    for (const tombstone of state.tombstones.values()) this.#core.free(tombstone.bytes);
    this.#core.free(stateBytes + stringBytes(state.name));
    this.#states.delete(state.name);
    this.#core.floor = Math.max(this.#core.floor, state.last);
  }

  #put(state: MemoryState, change: Omit<KeyChange, "older" | "newer">): void {
    const before = state.changes.put(change);
    state.tombstones.delete(change.key);
    if (before !== undefined) this.#core.free(before.bytes);
    state.last = change.sequence;
  }

  #bury(state: MemoryState, key: string, sequence: number): void {
    const bytes = keyBytes + stringBytes(key);
    // Less than what it takes the place of.
    this.#core.count(bytes);
    this.#put(state, { key, value: undefined, revision: positionOf(sequence), sequence, isDeleted: true, bytes });
    const tombstone = state.changes.get(key);
    if (tombstone !== undefined) state.tombstones.set(key, tombstone);
    for (const oldest of state.tombstones.values()) {
      if (state.tombstones.size <= Math.max(minTombstones, state.size)) break;
      state.tombstones.delete(oldest.key);
      state.changes.remove(oldest);
      state.knownFrom = oldest.sequence;
      this.#core.free(oldest.bytes);
    }
  }

  /** Takes back what was written down. */
  recover(record: Extract<JournalRecord, { t: "set" | "del" | "state" | "forget" }>): void {
    this.#core.saw(record.s);
    const state = this.#states.get(record.c);
    if (record.t === "forget") {
      if (state !== undefined && state.last <= record.s) this.#forget(state);
      this.#core.floor = Math.max(this.#core.floor, record.s);
      return;
    }
    // A rewritten journal tells first where a state begins; otherwise it began when it was first written down.
    const floor = record.t === "state" ? record.f : this.#core.floor;
    this.#recoverInto(state ?? this.#recovered(record.c, floor), record);
  }

  #recovered(channel: string, floor: number): MemoryState {
    this.#core.count(stateBytes + stringBytes(channel));
    return this.#add(channel, floor);
  }

  #recoverInto(state: MemoryState, record: Extract<JournalRecord, { t: "set" | "del" | "state" }>): void {
    if (record.t === "state") {
      state.knownFrom = Math.max(state.knownFrom, record.f);
      state.last = Math.max(state.last, record.s);
    } else if (record.s > (state.changes.get(record.k)?.sequence ?? -1)) {
      const last = Math.max(state.last, record.s);
      if (record.t === "del") this.#bury(state, record.k, record.s);
      else {
        const { value, bytes: valueBytes } = copyValue(record.v);
        const bytes = valueBytes + keyBytes + stringBytes(record.k);
        this.#core.count(bytes);
        const revision = positionOf(record.s);
        this.#put(state, { key: record.k, value, revision, sequence: record.s, isDeleted: false, bytes });
      }
      state.last = last;
    }
    state.told = state.last;
  }

  /** All there is, to be written down anew. May be read while things change. */
  *everything(): Generator<JournalRecord, void> {
    for (const state of [...this.#states.values()]) {
      yield { t: "state", c: state.name, s: state.last, f: state.knownFrom };
      for (const change of [...state.changes.after(-1, undefined)]) {
        if (change.isDeleted) yield { t: "del", c: state.name, k: change.key, s: change.sequence };
        else yield { t: "set", c: state.name, k: change.key, s: change.sequence, v: change.value };
      }
    }
  }
}

/** Told at once, so that nothing comes between comparing and setting. */
function conflictOf(
  state: MemoryState | undefined,
  key: string,
  expected: string | null | undefined,
): EngineError | undefined {
  if (expected === undefined) return undefined;
  const known = state?.changes.get(key);
  const found = known === undefined || known.isDeleted ? undefined : known;
  if ((found?.revision ?? null) === expected) return undefined;
  const current = found === undefined ? { revision: null } : { value: found.value, revision: found.revision };
  return new EngineError("conflict", `the key ${JSON.stringify(key)} has another revision`, { current });
}

function toldEntry({ key, value, revision }: KeyChange): StateEntry {
  return { key, value, revision };
}

function tell(state: MemoryState, sequence: number, change: StateChange): void {
  state.told = sequence;
  for (const sink of state.sinks) sink.changed(change);
}

/** Where the next page begins: the position of the first one, and the last key that was read. */
function readCursor(cursor: string | undefined): [number, number, string] | undefined {
  return cursor === undefined ? undefined : (JSON.parse(cursor) as [number, number, string]);
}
