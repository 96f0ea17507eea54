/**
 * Updates of clients, before they touch a document.
 */
import * as Y from "yjs";
import { RealtimeError } from "../../realtime/wire/index.js";
import { type StructSource, updateSource } from "../updates/index.js";

/**
 * Checks an update: that it is one, and that the document has all it stands on, so that nothing has to wait in it for what
 * may never come.
 *
 * @throws RealtimeError `invalid-value`, `missing-updates`
 */
export function checkUpdate(doc: Y.Doc, update: Uint8Array): void {
  const source = decoded(update);
  const has = (client: number, clock: number): boolean => {
    if (clock < Y.getState(doc.store, client)) return true;
    const range = source.ranges.get(client);
    return range !== undefined && clock >= range.from && clock < range.to;
  };
  for (const [client, { from, to }] of source.ranges) {
    if (from > 0 && !has(client, from - 1)) throw missing(client, from);
    for (let clock = from; clock < to; ) {
      const struct = source.at(client, clock);
      if (struct instanceof Y.Skip) throw missing(client, clock);
      if (struct instanceof Y.Item) checkItem(struct, has);
      clock = struct.id.clock + struct.length;
    }
  }
  for (const [client, ranges] of source.deleted()) {
    for (const { clock, len } of ranges) if (len > 0 && !has(client, clock + len - 1)) throw missing(client, clock);
  }
}

function decoded(update: Uint8Array): StructSource {
  try {
    return updateSource(update);
  } catch (cause) {
    throw invalidUpdate(cause);
  }
}

function checkItem({ origin, rightOrigin, parent }: Y.Item, has: (client: number, clock: number) => boolean): void {
  for (const id of [origin, rightOrigin, parent]) {
    if (id instanceof Y.ID && !has(id.client, id.clock)) throw missing(id.client, id.clock);
  }
}

function missing(client: number, clock: number): RealtimeError {
  return new RealtimeError("missing-updates", `the document has nothing of client ${client} at ${clock}`, {
    retryable: true,
  });
}

/** What is no update. */
export function invalidUpdate(cause: unknown): RealtimeError {
  return new RealtimeError("invalid-value", "not an update of Yjs", { cause });
}
