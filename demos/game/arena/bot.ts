// Somebody who is not there: flies after orbs, shoots at what is near, and turns away from walls.
import type { Random } from "../../trading/exchange/random.js";
import { directionOf } from "../shared/directions.js";
import type { Command } from "../shared/ship.js";
import { UNITS, WORLD_UNITS } from "../shared/world.js";
import { type ShipsByCell, shipsNear } from "./flying-shots.js";
import type { PlayerShip } from "./player.js";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Ticks between two thoughts. */
const THOUGHT_TICKS = 12;
const RANGE = 330 * UNITS;
const ORB_RANGE = 700 * UNITS;
/** Slower than this, with the engine on, it is stuck. */
const STUCK_SPEED = 12;

/** See the head of this file. */
export class Bot {
  readonly player: PlayerShip;
  readonly #random: Random;
  #goal: Place;
  #enemy: PlayerShip | undefined;
  /** Ticks until it thinks again. */
  #wait: number;
  #stuckTicks = 0;
  /** Ticks that it flies in whatever direction, away from where it was stuck. */
  #flightTicks = 0;
  #flight = 0;

  constructor(player: PlayerShip, random: Random) {
    this.player = player;
    this.#random = random;
    this.#goal = player.ship;
    this.#wait = random.below(THOUGHT_TICKS);
  }

  /** What it does in this tick. */
  decide(ships: ShipsByCell, orbs: readonly Place[]): Command {
    if (--this.#wait <= 0) {
      this.#wait = THOUGHT_TICKS;
      this.#think(ships, orbs);
    }
    const { ship } = this.player;
    if (this.#flightTicks > 0) {
      this.#flightTicks -= 1;
      return { thrust: true, fire: false, aim: this.#flight };
    }
    const enemy = this.#enemy?.ship;
    if (enemy !== undefined && enemy.hull > 0 && Math.hypot(enemy.x - ship.x, enemy.y - ship.y) < RANGE) {
      const lead = 18;
      const aim = directionOf(
        enemy.x + lead * (enemy.vx - ship.vx) - ship.x,
        enemy.y + lead * (enemy.vy - ship.vy) - ship.y,
      );
      return { thrust: this.#random.below(3) > 0, fire: this.#random.below(8) === 0, aim };
    }
    this.#watchStuck();
    return { thrust: true, fire: false, aim: directionOf(this.#goal.x - ship.x, this.#goal.y - ship.y) };
  }

  #watchStuck(): void {
    const { vx, vy } = this.player.ship;
    this.#stuckTicks = Math.hypot(vx, vy) < STUCK_SPEED ? this.#stuckTicks + 1 : 0;
    if (this.#stuckTicks < 8) return;
    this.#stuckTicks = 0;
    this.#flightTicks = 10 + this.#random.below(15);
    this.#flight = this.#random.below(256);
  }

  #think(ships: ShipsByCell, orbs: readonly Place[]): void {
    const { ship } = this.player;
    this.#enemy = undefined;
    for (const other of shipsNear(ships, ship.x, ship.y)) {
      // It leaves most in peace, or nobody would live long.
      if (other === this.player || other.ship.hull === 0 || other.ship.isAway || this.#random.below(8) > 0) continue;
      this.#enemy = other;
      break;
    }
    const isThere = (place: Place): boolean => Math.hypot(place.x - ship.x, place.y - ship.y) < 50 * UNITS;
    if (!isThere(this.#goal) && this.#random.below(6) > 0) return;
    const near = Array.from({ length: 24 }, () => orbs[this.#random.below(orbs.length)]).find(
      (orb) => orb !== undefined && !isThere(orb) && Math.hypot(orb.x - ship.x, orb.y - ship.y) < ORB_RANGE,
    );
    this.#goal = near ?? { x: this.#random.below(WORLD_UNITS), y: this.#random.below(WORLD_UNITS) };
  }
}
