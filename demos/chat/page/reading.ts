// How far each room has been read in this browser.

import type { RoomMessage } from "./client.js";
import { recall, remember } from "./storage.js";
import { useHeld, Value } from "./value.js";

/** What is not read of a room. */
export interface Unread {
  readonly count: number;
  /** Whether there may be more: the last one that was read is not among those that are here. */
  readonly isMore: boolean;
}

const NONE: Unread = { count: 0, isMore: false };
/** Stands for the position before the first message. */
const BEGINNING = "-";
const places = new Map<string, Value<string | undefined>>();

function placeIn(room: string): Value<string | undefined> {
  const known = places.get(room) ?? new Value(recall(`read/${room}`));
  places.set(room, known);
  return known;
}

/** The position of the last message that was read; undefined where none was. */
export function readUpTo(room: string): string | undefined {
  return placeIn(room).get();
}

/** A message has been read, and all before it. */
export function markRead(room: string, position: string): void {
  const place = placeIn(room);
  if (place.get() === position) return;
  place.set(position);
  remember(`read/${room}`, position);
}

/** The first message of others after a position; undefined where it is not known which that is, or there is none. */
export function firstUnread(
  readBefore: string | undefined,
  messages: readonly RoomMessage[],
  own: string | undefined,
): RoomMessage | undefined {
  const index = messages.findLastIndex(({ position }) => position === readBefore);
  if (index === -1 && readBefore !== BEGINNING) return undefined;
  return messages.slice(index + 1).find(({ user }) => user !== own);
}

/** Somebody who comes to a room for the first time has missed nothing: these are known. */
export function beginReading(room: string, messages: readonly RoomMessage[]): void {
  if (placeIn(room).get() === undefined) markRead(room, messages.at(-1)?.position ?? BEGINNING);
}

/** What of these is not read, own messages apart. */
export function useUnread(room: string, messages: readonly RoomMessage[], own: string | undefined): Unread {
  const position = useHeld(placeIn(room));
  if (position === undefined) return NONE;
  if (position === BEGINNING && messages.length === 0) return NONE;
  const index = messages.findLastIndex((message) => message.position === position);
  const others = messages.slice(index + 1).filter(({ user }) => user !== own);
  return { count: others.length, isMore: index === -1 && position !== BEGINNING && others.length > 0 };
}
