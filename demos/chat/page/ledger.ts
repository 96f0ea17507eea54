// The ledger of a room: what this page has of it, added up. It looks at what is shown, and not at what the client believes.
import { Checksum } from "../shared/checksum.js";
import type { RoomMessage, RoomView } from "./client.js";
import type { Acknowledged } from "./sending.js";

/** See the head of this file. */
export interface Ledger {
  /** Messages that are here. */
  readonly received: number;
  /** Own messages that the server has acknowledged. */
  readonly acknowledged: number;
  /** Of those, how many should be here and are not. */
  readonly missing: number;
  /** What the server had already when it was sent again. */
  readonly keptOnce: number;
  /** Messages that are here twice. */
  readonly doubled: number;
  /** Places where the server says that something is lost. */
  readonly gaps: number;
  /** Messages that do not name the one before them as the one before them. */
  readonly broken: number;
  readonly checksum: string;
  /** The part of the log that is here; undefined while that is nothing. */
  readonly part: { readonly after: string; readonly upTo: string } | undefined;
}

/**
 * Adds up a room.
 *
 * @param arrived The keys of own messages that have been here. They are added to, since old messages go again.
 */
export function audit(
  { messages, gaps, pending }: Pick<RoomView, "messages" | "gaps" | "pending">,
  { positions, keptOnce }: Acknowledged,
  arrived: Set<string>,
): Ledger {
  const sum = new Checksum();
  const seen = new Set<string>();
  const keys = new Set<string>();
  let doubled = 0;
  let broken = 0;
  let before: RoomMessage | undefined;
  for (const message of messages) {
    const { position, previous, user, key, value } = message;
    const own = key === undefined ? undefined : `${user ?? ""} ${key}`;
    if (seen.has(position) || (own !== undefined && keys.has(own))) doubled++;
    if (before !== undefined && previous !== before.position) broken++;
    seen.add(position);
    if (own !== undefined) keys.add(own);
    sum.add({ position, previous, user, key, text: value.text });
    before = message;
  }
  for (const [key, position] of positions) if (seen.has(position)) arrived.add(key);
  const isOnItsWay = (key: string): boolean => pending.some((message) => message.key === key);
  const missing = [...positions.keys()].filter((key) => !arrived.has(key) && !isOnItsWay(key));
  const [first] = messages;
  const last = messages.at(-1);
  return {
    received: messages.length,
    acknowledged: positions.size,
    missing: missing.length,
    ...{ keptOnce, doubled, broken },
    gaps: gaps.length,
    checksum: sum.toString(),
    part: first === undefined || last === undefined ? undefined : { after: first.previous, upTo: last.position },
  };
}

/** Whether nothing is wrong with it. */
export function isSound({ missing, doubled, gaps, broken }: Ledger): boolean {
  return missing + doubled + gaps + broken === 0;
}
