/**
 * Where structs come from that are to be told in parts: a document as it is, or an update.
 */
import * as Y from "yjs";

/** What Yjs's documents are made of: items, and what stands where items were. */
export type Struct = Y.Item | Y.GC | Y.Skip;

/** Structs of one client that are wanted: from a clock on, before another. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Clocks of one client that are deleted. */
export interface DeletedRange {
  readonly clock: number;
  readonly len: number;
}

/** See the head of this file. */
export interface StructSource {
  /** What is wanted, by client. */
  readonly ranges: ReadonlyMap<number, Range>;
  /** The struct in which a clock within the ranges is. */
  at(client: number, clock: number): Struct;
  /** What else is deleted, by client. To be asked when all structs have been told. */
  deleted(): ReadonlyMap<number, readonly DeletedRange[]>;
}

/**
 * A document as it is now. It may go on changing while it is told; what is new meanwhile is not in it.
 *
 * @param known the state vector of what need not be told
 */
export function documentSource(doc: Y.Doc, known: ReadonlyMap<number, number>): StructSource {
  const { clients } = doc.store;
  const ranges = new Map<number, Range>();
  for (const client of clients.keys()) {
    const from = known.get(client) ?? 0;
    const to = Y.getState(doc.store, client);
    if (from < to) ranges.set(client, { from, to });
  }
  return {
    ranges,
    at: (client, clock) => {
      const structs = clients.get(client) ?? [];
      return structs[Y.findIndexSS(structs, clock)] as Struct;
    },
    deleted: () => {
      const deleted = new Map<number, DeletedRange[]>();
      for (const [client, structs] of clients) {
        const found = deletedIn(structs, known.get(client) ?? 0);
        if (found.length > 0) deleted.set(client, found);
      }
      return deleted;
    },
  };
}

/** What is deleted of a client, but for what whoever gets the structs sees by them. */
function deletedIn(structs: readonly (Y.Item | Y.GC)[], known: number): DeletedRange[] {
  const found: { clock: number; len: number }[] = [];
  for (const struct of structs) {
    const { clock } = struct.id;
    if (!struct.deleted || (clock >= known && !hasContent(struct))) continue;
    const last = found.at(-1);
    if (last !== undefined && last.clock + last.len === clock) last.len += struct.length;
    else found.push({ clock, len: struct.length });
  }
  return found;
}

function hasContent(struct: Struct): boolean {
  return struct instanceof Y.Item && !(struct.content instanceof Y.ContentDeleted);
}

/**
 * An update.
 *
 * @throws Error for what is no update
 */
export function updateSource(update: Uint8Array): StructSource {
  const { structs, ds } = Y.decodeUpdate(update);
  const byClient = new Map<number, Struct[]>();
  for (const struct of structs as Struct[]) {
    const known = byClient.get(struct.id.client);
    const last = known?.at(-1);
    // Whoever walks along them by their clocks would not come to an end.
    const isNext = last === undefined || last.id.clock + last.length === struct.id.clock;
    if (!isNext || struct.length <= 0) throw new RangeError(`structs of client ${struct.id.client} do not join`);
    if (known === undefined) byClient.set(struct.id.client, [struct]);
    else known.push(struct);
  }
  const ranges = new Map<number, Range>();
  for (const [client, own] of byClient) {
    const first = own[0];
    const last = own.at(-1);
    if (first === undefined || last === undefined) continue;
    ranges.set(client, { from: first.id.clock, to: last.id.clock + last.length });
  }
  return {
    ranges,
    at: (client, clock) => {
      const own = byClient.get(client) ?? [];
      return own[findIndex(own, clock)] as Struct;
    },
    deleted: () => ds.clients,
  };
}

/** As `findIndexSS`, which does not take `Skip`. */
function findIndex(structs: readonly Struct[], clock: number): number {
  let low = 0;
  let high = structs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((structs[middle]?.id.clock ?? 0) <= clock) low = middle;
    else high = middle - 1;
  }
  return low;
}
