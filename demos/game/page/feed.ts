// What the server says of the arena, made ready to be shown: the tracks of ships, shots with their times, orbs.
import { shipKey } from "../shared/contract.js";
import { Track } from "../shared/interpolation.js";
import { distance, MARK_KEY, readMark, readOrb, readShip, readShot, type ToldShip } from "../shared/records.js";
import type { Shot } from "../shared/shot.js";
import { TickClock } from "../shared/tick-clock.js";

/** A shot, and from which tick to which there is one. */
export interface TimedShot {
  readonly shot: Shot;
  readonly bornAt: number;
  diesAt: number | undefined;
}

interface Change {
  readonly set: ReadonlyMap<string, Uint8Array>;
  readonly deleted: ReadonlySet<string>;
}

/** Ticks that what is over is kept: until it has been shown. */
const KEPT_TICKS = 40;

/** See the head of this file. */
export class Feed {
  readonly tracks = new Map<string, Track>();
  readonly shots = new Map<string, TimedShot>();
  readonly orbs = new Map<string, { readonly x: number; readonly y: number }>();
  readonly clock = new TickClock();
  /** The tick of the newest update. */
  tick = 0;
  /** Ships that are seen, by the newest update. */
  readonly ships = new Map<string, ToldShip>();
  readonly #own: (ship: ToldShip) => void;
  #ownKey: string | undefined;

  /** @param own Hears of the ship of one's own, with each update that has it. */
  constructor(own: (ship: ToldShip) => void) {
    this.#own = own;
  }

  /** One's own seat. */
  set seat(seat: number) {
    this.#ownKey = shipKey(seat);
    const known = this.ships.get(this.#ownKey);
    if (known !== undefined) this.#own(known);
  }

  get ownKey(): string | undefined {
    return this.#ownKey;
  }

  /** An update has come. */
  take({ set, deleted }: Change, nowMs: number): void {
    const before = this.tick;
    const mark = set.get(MARK_KEY);
    if (mark !== undefined) {
      this.tick = readMark(mark);
      // After a restart of the server.
      if (this.tick < before) this.#forget();
      this.clock.add(this.tick, nowMs);
    }
    for (const [key, record] of set) this.#set(key, record, before);
    for (const key of deleted) this.#delete(key, before);
    for (const [key, track] of this.tracks) if (track.isOver(this.tick - KEPT_TICKS)) this.tracks.delete(key);
    for (const [key, { diesAt }] of this.shots) {
      if (diesAt !== undefined && diesAt < this.tick - KEPT_TICKS) this.shots.delete(key);
    }
  }

  #set(key: string, record: Uint8Array, before: number): void {
    switch (key[0]) {
      case "p": {
        const ship = readShip(record);
        this.ships.set(key, ship);
        if (key === this.#ownKey) this.#own(ship);
        this.#track(key).add(this.tick, ship, before);
        break;
      }
      case "s": {
        const shot = readShot(record);
        const bornAt = this.tick + distance(this.tick & 65_535, shot.tick);
        this.shots.set(key, { shot, bornAt: this.shots.get(key)?.bornAt ?? bornAt, diesAt: undefined });
        break;
      }
      case "o":
        this.orbs.set(key, readOrb(record));
        break;
      default:
    }
  }

  #track(key: string): Track {
    const known = this.tracks.get(key);
    if (known !== undefined) return known;
    const track = new Track();
    this.tracks.set(key, track);
    return track;
  }

  #delete(key: string, before: number): void {
    this.orbs.delete(key);
    this.ships.delete(key);
    this.tracks.get(key)?.add(this.tick, undefined, before);
    const shot = this.shots.get(key);
    if (shot !== undefined) shot.diesAt ??= this.tick;
  }

  #forget(): void {
    this.tracks.clear();
    this.shots.clear();
    this.clock.restart();
  }
}
