// Sends what is written, and what waited in the outbox when the page was opened.
import { useCallback, useEffect, useRef } from "react";
import type { RoomView } from "./client.js";
import { useRoom } from "./client.js";
import { putInOutbox, takeFromOutbox, type Waiting, waitingIn } from "./outbox.js";
import { randomId } from "./storage.js";
import { Value } from "./value.js";

/** What the server has acknowledged of this page's messages, by room. */
export interface Acknowledged {
  /** The keys, with the positions that they got. */
  readonly positions: ReadonlyMap<string, string>;
  /** How many the server had already when they were sent again. */
  readonly keptOnce: number;
}

const NOTHING: Acknowledged = { positions: new Map(), keptOnce: 0 };
const acknowledged = new Map<string, Value<Acknowledged>>();

/** See `Acknowledged`. */
export function acknowledgedIn(room: string): Value<Acknowledged> {
  const known = acknowledged.get(room) ?? new Value(NOTHING);
  acknowledged.set(room, known);
  return known;
}

function acknowledge(room: string, key: string, position: string, isDuplicate: boolean): void {
  const value = acknowledgedIn(room);
  const { positions, keptOnce } = value.get();
  value.set({ positions: new Map(positions).set(key, position), keptOnce: keptOnce + (isDuplicate ? 1 : 0) });
}

/** What an error says of trying again. */
function retryAfterMs(error: unknown): number | undefined {
  const { retryable, retryAfterMs: afterMs } = error as { retryable?: boolean; retryAfterMs?: number };
  return retryable === true ? Math.max(afterMs ?? 0, 500) : undefined;
}

async function send(publish: RoomView["publish"], { key, room, text }: Waiting, isOver: () => boolean): Promise<void> {
  for (;;) {
    try {
      const { position, isDuplicate = false } = await publish({ text }, { idempotencyKey: key });
      takeFromOutbox(key);
      acknowledge(room, key, position, isDuplicate);
      return;
    } catch (error) {
      const delayMs = retryAfterMs(error);
      // What the server does not want, it will not want the next time; the page shows why.
      if (delayMs === undefined) {
        takeFromOutbox(key);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (isOver()) return;
    }
  }
}

/** Sends in a room what waited, for as long as the component is there. */
export function useOutbox(room: string): void {
  const { publish } = useRoom(room);
  useEffect(() => {
    let isOver = false;
    for (const waiting of waitingIn(room)) void send(publish, waiting, () => isOver);
    return () => {
      isOver = true;
    };
  }, [publish, room]);
}

/** Sends a message; the function says whether there was room for it. */
export function useSend(room: string): (text: string) => boolean {
  const { publish } = useRoom(room);
  const latest = useRef(publish);
  useEffect(() => {
    latest.current = publish;
  });
  return useCallback(
    (text) => {
      const waiting: Waiting = { key: randomId(), room, text, writtenAtMs: Date.now() };
      if (!putInOutbox(waiting)) return false;
      void send(
        (...message) => latest.current(...message),
        waiting,
        () => false,
      );
      return true;
    },
    [room],
  );
}
