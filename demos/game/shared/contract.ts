// What the page and the server say to each other. Only what clients send is checked with schemas; the server is believed.
import { call, contract, signal, state, unchecked } from "openline/realtime/contract";
import * as v from "valibot";
import { NAME_MAX_LENGTH } from "./limits.js";
import { COMMANDS_MAX } from "./records.js";

/** Who somebody is. */
export interface Player {
  readonly name: string;
  readonly isBot: boolean;
}

/** How the server is. */
export interface ServerFigures {
  readonly tick: number;
  /** Milliseconds that so many percent of the last ticks took at most, all that was sent included. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly players: number;
}

/** A seat in the game. */
export interface Seat {
  /** Its number. The ship's key is `shipKey(seat)`. */
  readonly seat: number;
  /** The number of the last command that was taken: the next one has the number after it. */
  readonly acknowledged: number;
  /** Whether it was this page's before. */
  readonly isHeld: boolean;
}

/** The key of the ship of a seat, and of its player in the list of players. */
export function shipKey(seat: number): string {
  return `p${seat.toString(36)}`;
}

/** The state of the arena: records by key, see records.ts. */
export const ARENA: "arena/1" = "arena/1" as const;

const name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NAME_MAX_LENGTH));

/** The contract. */
export const api = contract({
  channels: {
    "arena/{id}": state({ value: unchecked<Uint8Array>() }),
    /** Commands of a player, see `writeCommands`. */
    "commands/{user}": signal({
      message: v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= 2 + 2 * COMMANDS_MAX),
    }),
    /** By the keys of their ships. */
    players: state({ value: unchecked<Player>(), maxUpdatesPerSecond: 2 }),
    /** Points by the keys of ships: apart from names, which are longer and seldom change. */
    scores: state({ value: unchecked<number>(), maxUpdatesPerSecond: 1 }),
    /** Under "server". */
    figures: state({ value: unchecked<ServerFigures>(), maxUpdatesPerSecond: 2 }),
  },
  calls: {
    /** Takes a seat, or the one that is held. */
    join: call({ input: v.object({ name }), output: unchecked<Seat>() }),
    /** Whether this session is told all of the arena, and not only what it sees. */
    seeEverything: call({ input: v.boolean(), output: unchecked<boolean>() }),
  },
});
