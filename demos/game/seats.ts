// Who sits where: a seat belongs to what only one page knows, and waits for it when its connection is lost.
import type { Arena } from "./arena/arena.js";
import type { PlayerShip } from "./arena/player.js";
import { SEAT_HOLD_MS } from "./shared/limits.js";
import { View } from "./shared/view.js";

/** A seat with its player. */
export interface TakenSeat {
  readonly player: PlayerShip;
  readonly view: View;
  /** When its user was there last. */
  seenAtMs: number;
  /** Ends what feeds it. */
  readonly stop: () => void;
}

/** See the head of this file. */
export class Seats {
  readonly #arena: Arena;
  readonly #max: number;
  readonly #seats = new Map<string, TakenSeat>();

  /** @param max How many people play at once. */
  constructor(arena: Arena, max: number) {
    this.#arena = arena;
    this.#max = max;
  }

  get size(): number {
    return this.#seats.size;
  }

  of(user: string | null): TakenSeat | undefined {
    return user === null ? undefined : this.#seats.get(user);
  }

  /**
   * Somebody sits down who has no seat.
   * @param stop Called when they have left for good.
   * @returns Undefined when there is no room.
   */
  take(user: string, name: string, nowMs: number, stop: () => void): TakenSeat | undefined {
    if (this.#seats.size >= this.#max) return undefined;
    const seat = { player: this.#arena.join(name), view: new View(), seenAtMs: nowMs, stop };
    this.#seats.set(user, seat);
    return seat;
  }

  /** Says who is connected. Whoever is not has `SEAT_HOLD_MS` to come back. */
  look(connected: ReadonlySet<string>, nowMs: number): void {
    for (const [user, seat] of this.#seats) {
      const isThere = connected.has(user);
      if (isThere) seat.seenAtMs = nowMs;
      seat.player.isAway = !isThere;
      if (nowMs - seat.seenAtMs <= SEAT_HOLD_MS) continue;
      this.#seats.delete(user);
      this.#arena.leave(seat.player);
      seat.stop();
    }
  }
}
