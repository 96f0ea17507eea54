// The game itself: ships, shots and orbs, tick by tick. It knows nothing of connections; what has changed in a tick is
// handed out as records.
import type { Random } from "../../trading/exchange/random.js";
import { shipKey } from "../shared/contract.js";
import { alongX, alongY } from "../shared/directions.js";
import { RESPAWN_MS } from "../shared/limits.js";
import { type ToldShip, writeOrb, writeShip } from "../shared/records.js";
import { muzzleOf } from "../shared/shot.js";
import { cellAt, ORB_RADIUS, SHIP_RADIUS, TICK_MS, UNITS, WORLD_UNITS, wallAt } from "../shared/world.js";
import { Bot } from "./bot.js";
import { type Changes, FlyingShots, shipsNear } from "./flying-shots.js";
import { PlayerShip } from "./player.js";

interface Place {
  readonly x: number;
  readonly y: number;
}

const DAMAGE = 20;
/** By how much a hit throws a ship, in units a step. */
const PUSH = 36;
const ORB_MEND = 10;
const SCORE_ORB = 1;
const SCORE_KILL = 5;
const ORBS = 320;
/** Where people begin who are to meet: within so many pixels of the middle. */
const MEETING_PX = { x: 260, y: 150 };
const RESPAWN_TICKS = RESPAWN_MS / TICK_MS;

const BOT_NAMES = [
  "Vega",
  "Orion",
  "Lyra",
  "Mira",
  "Atlas",
  "Nova",
  "Rigel",
  "Juno",
  "Draco",
  "Ceres",
  "Ursa",
  "Halley",
];

/** What an arena tells. */
export interface ArenaEvents {
  /** Who somebody is has changed; undefined: they are gone. */
  readonly playerChanged: (key: string, player: PlayerShip | undefined) => void;
  /** Somebody has more points. */
  readonly scoreChanged: (key: string, score: number) => void;
}

/** What has changed in a tick. */
export interface TickChanges {
  readonly set: ReadonlyMap<string, Uint8Array>;
  readonly deleted: ReadonlySet<string>;
}

/** See the head of this file. */
export class Arena {
  /** The number of the tick that was made last. */
  tick = 0;
  readonly #random: Random;
  readonly #events: ArenaEvents;
  readonly #meets: boolean;
  readonly #players = new Map<number, PlayerShip>();
  readonly #bots: Bot[] = [];
  readonly #shots = new FlyingShots();
  readonly #orbs: Place[] = [];
  /** What was told of a ship last. */
  readonly #told = new Map<string, ToldShip>();
  #ships = new Map<number, PlayerShip[]>();
  #set = new Map<string, Uint8Array>();
  #deleted = new Set<string>();
  readonly #changes: Changes = {
    set: (key, record) => {
      this.#deleted.delete(key);
      this.#set.set(key, record);
    },
    delete: (key) => {
      this.#set.delete(key);
      this.#deleted.add(key);
    },
  };

  /**
   * @param bots How many there are.
   * @param meets Whether people begin near the middle, so that they meet, and not anywhere.
   */
  constructor(random: Random, bots: number, meets: boolean, events: ArenaEvents) {
    this.#random = random;
    this.#meets = meets;
    this.#events = events;
    for (let index = 0; index < ORBS; index += 1) {
      this.#orbs.push(this.#freePlace(ORB_RADIUS));
      this.#tellOrb(index);
    }
    for (let index = 0; index < bots; index += 1) {
      const name = `${BOT_NAMES[index % BOT_NAMES.length] ?? "Bot"} ${1 + Math.floor(index / BOT_NAMES.length)}`;
      this.#bots.push(new Bot(this.#seat(name, true), random));
    }
  }

  get players(): ReadonlyMap<number, PlayerShip> {
    return this.#players;
  }

  /** Somebody takes a seat. */
  join(name: string): PlayerShip {
    return this.#seat(name, false);
  }

  #seat(name: string, isBot: boolean): PlayerShip {
    let seat = 1;
    while (this.#players.has(seat)) seat += 1;
    const player = new PlayerShip(seat, name, isBot, this.#beginning(isBot));
    this.#players.set(seat, player);
    this.#events.playerChanged(shipKey(seat), player);
    return player;
  }

  /** Somebody has another name. */
  rename(player: PlayerShip, name: string): void {
    if (player.name === name) return;
    player.name = name;
    this.#events.playerChanged(shipKey(player.seat), player);
  }

  /** A seat is free again. */
  leave(player: PlayerShip): void {
    const key = shipKey(player.seat);
    this.#players.delete(player.seat);
    this.#told.delete(key);
    this.#changes.delete(key);
    this.#events.playerChanged(key, undefined);
  }

  /** Makes a tick. */
  advance(): TickChanges {
    this.tick += 1;
    for (const bot of this.#bots) {
      if (bot.player.ship.hull > 0) this.#fly(bot);
    }
    for (const player of this.#players.values()) {
      player.tick((ship, number) => this.#fire(player, ship, number));
      if (player.ship.hull === 0 && this.tick >= player.respawnAt) {
        player.respawn(this.#beginning(player.isBot));
      }
    }
    this.#sort();
    this.#shots.tick(this.tick, this.#ships, (target, owner, aim) => this.#hit(target, owner, aim), this.#changes);
    this.#collect();
    for (const { seat, ship } of this.#players.values()) {
      const key = shipKey(seat);
      if (this.#told.get(key) === ship) continue;
      this.#told.set(key, ship);
      this.#changes.set(key, writeShip(ship));
    }
    const changes = { set: this.#set, deleted: this.#deleted };
    this.#set = new Map();
    this.#deleted = new Set();
    return changes;
  }

  /** A bot's commands are done as everybody's. */
  #fly(bot: Bot): void {
    const command = bot.decide(this.#ships, this.#orbs);
    const first = (bot.player.ship.acknowledged + 1) & 65_535;
    bot.player.receive(first, [command, { ...command, fire: false }, { ...command, fire: false }]);
  }

  #sort(): void {
    this.#ships = new Map();
    for (const player of this.#players.values()) {
      const cell = cellAt(player.ship.x, player.ship.y);
      const ships = this.#ships.get(cell);
      if (ships === undefined) this.#ships.set(cell, [player]);
      else ships.push(player);
    }
  }

  #fire(player: PlayerShip, ship: ToldShip, number: number): void {
    const shot = { owner: player.seat, number, ...muzzleOf(ship), aim: ship.aim, tick: (this.tick - 1) & 65_535 };
    this.#shots.add(player, shot, this.#changes);
  }

  #hit(target: PlayerShip, owner: PlayerShip, aim: number): void {
    target.hit(DAMAGE, [alongX(aim, PUSH), alongY(aim, PUSH)]);
    if (target.ship.hull > 0) return;
    target.respawnAt = this.tick + RESPAWN_TICKS;
    this.#score(owner, SCORE_KILL);
  }

  #score(player: PlayerShip, points: number): void {
    // Whoever has left gets nothing more.
    if (this.#players.get(player.seat) !== player) return;
    player.score += points;
    this.#events.scoreChanged(shipKey(player.seat), player.score);
  }

  #collect(): void {
    const reach = SHIP_RADIUS + ORB_RADIUS;
    for (const [index, orb] of this.#orbs.entries()) {
      const player = shipsNear(this.#ships, orb.x, orb.y).find(
        ({ ship }) => ship.hull > 0 && !ship.isAway && Math.hypot(ship.x - orb.x, ship.y - orb.y) < reach,
      );
      if (player === undefined) continue;
      player.mend(ORB_MEND);
      this.#score(player, SCORE_ORB);
      this.#orbs[index] = this.#freePlace(ORB_RADIUS);
      this.#tellOrb(index);
    }
  }

  #tellOrb(index: number): void {
    const orb = this.#orbs[index];
    if (orb !== undefined) this.#changes.set(`o${index.toString(36)}`, writeOrb(orb));
  }

  #freePlace(radius: number): Place {
    return this.#placeWithin(WORLD_UNITS / 2 - 2 * radius, WORLD_UNITS / 2 - 2 * radius);
  }

  #beginning(isBot: boolean): Place {
    if (isBot || !this.#meets) return this.#freePlace(SHIP_RADIUS);
    return this.#placeWithin(MEETING_PX.x * UNITS, MEETING_PX.y * UNITS);
  }

  /** Somewhere around the middle where no wall is. */
  #placeWithin(width: number, height: number): Place {
    for (;;) {
      const x = WORLD_UNITS / 2 - width + this.#random.below(2 * width);
      const y = WORLD_UNITS / 2 - height + this.#random.below(2 * height);
      if (wallAt(x, y, SHIP_RADIUS) === undefined) return { x, y };
    }
  }
}
