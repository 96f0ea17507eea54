// What was written here and is not known to have arrived. It outlasts the page, each message with the key under which it is
// published once: whoever opens the page again in this browser sends it.
import { recall, recallKeys, remember } from "./storage.js";

/** A message that waits. */
export interface Waiting {
  readonly key: string;
  readonly room: string;
  readonly text: string;
  readonly writtenAtMs: number;
}

const MESSAGES_MAX = 100;
const START = "outbox/";

function read(key: string): Waiting | undefined {
  try {
    const { room, text, writtenAtMs } = JSON.parse(recall(START + key) ?? "") as Partial<Waiting>;
    if (typeof room !== "string" || typeof text !== "string" || typeof writtenAtMs !== "number") return undefined;
    return { key, room, text, writtenAtMs };
  } catch {
    return undefined;
  }
}

/** Those of a room, in the order in which they were written. */
export function waitingIn(room: string): Waiting[] {
  const all = recallKeys(START).flatMap((key) => read(key) ?? []);
  return all.filter((waiting) => waiting.room === room).sort((one, other) => one.writtenAtMs - other.writtenAtMs);
}

/** Puts one in. @returns whether there was room */
export function putInOutbox(waiting: Waiting): boolean {
  if (recallKeys(START).length >= MESSAGES_MAX) return false;
  remember(START + waiting.key, JSON.stringify(waiting));
  return true;
}

/** It has arrived, or is not wanted any more. */
export function takeFromOutbox(key: string): void {
  remember(START + key, undefined);
}
