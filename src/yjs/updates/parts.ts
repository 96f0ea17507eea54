/**
 * A document, or an update, as a sequence of small updates. Applied in their order, each of them is taken in at once:
 * what a struct stands on is in the same part or in one before it, so that nobody has to keep what does not fit yet, and
 * whoever applies them can do other things in between.
 *
 * Yjs's own encoding has the structs of one client after those of another. Here they come as they depend on each other:
 * from each client as far as it goes, and from another one first where something of that is missing.
 */
import * as Y from "yjs";
import { bytesOf, cutOf, pieceOf } from "./pieces.js";
import type { DeletedRange, Range, Struct, StructSource } from "./source.js";

/** Octets of a part where nothing is said, about. */
export const defaultPartBytes: number = 32_768;

/** Deleted ranges that are told in one part. */
const maxDeletedRanges = 4096;

/** What of one client is in a part. */
interface Run {
  readonly clock: number;
  end: number;
  readonly structs: { readonly struct: Struct; readonly offset: number }[];
}

/** Somebody whose structs are wanted up to a clock. */
interface Wanted {
  readonly client: number;
  readonly until: number;
}

/**
 * Tells it.
 *
 * @param maxBytes octets of a part, about; what cannot be cut may be longer
 * @returns updates of Yjs's version 1, none where there is nothing to tell
 */
export function* partsOf(source: StructSource, maxBytes: number = defaultPartBytes): Generator<Uint8Array, void> {
  const walk = new Walk(source.ranges);
  const part = new Part(maxBytes);
  for (let place = walk.next(source); place !== undefined; place = walk.next(source)) {
    const { struct, offset } = place;
    const { client, clock } = struct.id;
    // What is missing on purpose: a part goes on behind it.
    if (struct instanceof Y.Skip) walk.moveTo(client, clock + struct.length);
    else if (!part.fits(client, clock + offset)) yield part.take();
    else {
      const end = part.add(struct, offset);
      walk.moveTo(client, clock + end);
      if (part.isFull) yield part.take();
    }
  }
  if (!part.isEmpty) yield part.take();
  for (const deleted of slices(source.deleted())) yield encoded(new Map(), deleted);
}

/** Which struct comes next. */
class Walk {
  readonly #ranges: ReadonlyMap<number, Range>;
  /** How far each client has been told. */
  readonly #told = new Map<number, number>();
  readonly #clients: number[];
  readonly #stack: Wanted[] = [];

  constructor(ranges: ReadonlyMap<number, Range>) {
    this.#ranges = ranges;
    for (const [client, { from }] of ranges) this.#told.set(client, from);
    this.#clients = [...ranges.keys()];
  }

  moveTo(client: number, clock: number): void {
    this.#told.set(client, clock);
  }

  next(source: StructSource): { readonly struct: Struct; readonly offset: number } | undefined {
    for (;;) {
      const wanted = this.#stack.at(-1);
      if (wanted === undefined) {
        const client = this.#clients.pop();
        if (client === undefined) return undefined;
        this.#stack.push({ client, until: this.#ranges.get(client)?.to ?? 0 });
        continue;
      }
      const { client, until } = wanted;
      const told = this.#told.get(client) ?? 0;
      if (told >= until) {
        this.#stack.pop();
        continue;
      }
      const struct = source.at(client, told);
      const offset = told - struct.id.clock;
      const missing = offset > 0 ? undefined : this.#missing(struct);
      if (missing === undefined) return { struct, offset };
      this.#stack.push(missing);
    }
  }

  /** What a struct stands on and has not been told. */
  #missing(struct: Struct): Wanted | undefined {
    if (!(struct instanceof Y.Item)) return undefined;
    for (const id of [struct.origin, struct.rightOrigin, parentOf(struct)]) {
      if (id === null || id.client === struct.id.client) continue;
      const range = this.#ranges.get(id.client);
      const told = this.#told.get(id.client) ?? 0;
      if (range === undefined || told > id.clock || id.clock >= range.to) continue;
      // Only an update that nobody made in earnest goes round in a circle. It is told as it stands.
      if (this.#stack.some(({ client }) => client === id.client)) continue;
      return { client: id.client, until: id.clock + 1 };
    }
    return undefined;
  }
}

/** The item in which an item is; null where that is none. */
function parentOf({ parent }: Y.Item): Y.ID | null {
  if (parent === null || typeof parent === "string") return null;
  return parent instanceof Y.ID ? parent : (parent._item?.id ?? null);
}

/** An update in the making. */
class Part {
  readonly #maxBytes: number;
  #runs = new Map<number, Run>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }

  /** Whether it can go on with a client's clock. */
  fits(client: number, clock: number): boolean {
    const run = this.#runs.get(client);
    return run === undefined || run.end === clock;
  }

  /**
   * Takes a struct from an offset on, as much of it as there is room for.
   *
   * @returns up to which offset
   */
  add(struct: Struct, offset: number): number {
    const room = this.#maxBytes - this.#bytes;
    const bytes = bytesOf(struct, offset);
    const cut = bytes > room ? cutOf(struct, offset, room) : undefined;
    const end = cut ?? struct.length;
    this.#bytes += cut === undefined ? bytes : room;
    const { client, clock } = struct.id;
    const run = this.#runs.get(client) ?? { clock: clock + offset, end: 0, structs: [] };
    run.structs.push(cut === undefined ? { struct, offset } : { struct: pieceOf(struct, offset, cut), offset: 0 });
    run.end = clock + end;
    this.#runs.set(client, run);
    return end;
  }

  take(): Uint8Array {
    const update = encoded(this.#runs, new Map());
    this.#runs = new Map();
    this.#bytes = 0;
    return update;
  }
}

function encoded(runs: ReadonlyMap<number, Run>, deleted: ReadonlyMap<number, readonly DeletedRange[]>): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  encoder.writeLen(runs.size);
  for (const [client, { clock, structs }] of runs) {
    encoder.writeLen(structs.length);
    encoder.writeClient(client);
    encoder.writeLen(clock);
    for (const { struct, offset } of structs) struct.write(encoder, offset);
  }
  encoder.writeLen(deleted.size);
  for (const [client, ranges] of deleted) {
    encoder.writeClient(client);
    encoder.writeLen(ranges.length);
    for (const { clock, len } of ranges) {
      encoder.writeDsClock(clock);
      encoder.writeDsLen(len);
    }
  }
  return encoder.toUint8Array();
}

/** Deleted ranges, so many at once. */
function* slices(
  deleted: ReadonlyMap<number, readonly DeletedRange[]>,
): Generator<ReadonlyMap<number, readonly DeletedRange[]>, void> {
  let slice = new Map<number, DeletedRange[]>();
  let count = 0;
  for (const [client, ranges] of deleted) {
    for (const range of ranges) {
      const own = slice.get(client) ?? [];
      own.push(range);
      slice.set(client, own);
      if (++count < maxDeletedRanges) continue;
      yield slice;
      slice = new Map();
      count = 0;
    }
  }
  if (count > 0) yield slice;
}
