// A ship with whoever flies it: commands wait here until their turn, and nobody gets more steps than time gives.
import { distance, type ToldShip } from "../shared/records.js";
import { boundSpeed, type Command, HULL_MAX, isAtRest, isFiring, stepShip } from "../shared/ship.js";
import { STEPS_PER_TICK, TICKS_PER_SECOND } from "../shared/world.js";

/** Steps that may be made up for: 400 ms of commands that a network has held back. What is above that is lost. */
const CREDIT_MAX = (0.4 * TICKS_PER_SECOND + 1) * STEPS_PER_TICK;
/** Commands that wait for the next tick, since they came a little early. */
const EARLY_MAX = STEPS_PER_TICK;
/** Ticks without a command after which a ship comes to rest by itself. */
const PATIENCE_TICKS = 5;

/** A ship has fired. */
export type Fired = (ship: ToldShip, number: number) => void;

/** See the head of this file. */
export class PlayerShip {
  readonly seat: number;
  readonly isBot: boolean;
  name: string;
  score = 0;
  ship: ToldShip;
  /** When it begins anew, where it is destroyed: a tick. */
  respawnAt = 0;
  #queue: Command[] = [];
  /** The number of the newest command that has come. */
  #received = 65_535;
  #credit = 0;
  #silentTicks = 0;

  constructor(seat: number, name: string, isBot: boolean, place: { readonly x: number; readonly y: number }) {
    this.seat = seat;
    this.name = name;
    this.isBot = isBot;
    this.ship = {
      ...place,
      ...{ vx: 0, vy: 0, aim: 192, hull: HULL_MAX, cooldown: 0, shots: 0 },
      ...{ isAway: false, acknowledged: 65_535 },
    };
  }

  /** Commands have come. Those that have come before do not count. */
  receive(first: number, commands: readonly Command[]): void {
    for (const [index, command] of commands.entries()) {
      const number = (first + index) & 65_535;
      if (distance(this.#received, number) <= 0) continue;
      this.#received = number;
      this.#queue.push(command);
    }
    // Nobody gets further by sending more than can be done.
    const most = CREDIT_MAX + EARLY_MAX;
    if (this.#queue.length > most) this.#queue.splice(0, this.#queue.length - most);
  }

  /** Does what is due in a tick. */
  tick(fired: Fired): void {
    this.#credit = Math.min(CREDIT_MAX, this.#credit + STEPS_PER_TICK);
    if (this.#queue.length === 0) {
      this.#coast();
      return;
    }
    this.#silentTicks = 0;
    const due = this.#queue.splice(0, this.#credit);
    this.#credit -= due.length;
    for (const command of due) this.#step(command, fired);
    if (this.#queue.length > EARLY_MAX) this.#queue.splice(0, this.#queue.length - EARLY_MAX);
    const acknowledged = (this.#received - this.#queue.length) & 65_535;
    if (acknowledged !== this.ship.acknowledged) this.ship = { ...this.ship, acknowledged };
  }

  #step(command: Command | undefined, fired: Fired): void {
    const { ship } = this;
    const fires = isFiring(ship, command);
    this.ship = stepShip(ship, command);
    if (fires) fired(this.ship, ship.shots);
  }

  #coast(): void {
    this.#silentTicks += 1;
    if (this.#silentTicks <= PATIENCE_TICKS || isAtRest(this.ship)) return;
    for (let step = 0; step < STEPS_PER_TICK && this.#credit > 0; step += 1) {
      this.#credit -= 1;
      this.#step(undefined, () => undefined);
    }
  }

  /** Whoever flies it is not there, or is there again. */
  set isAway(isAway: boolean) {
    if (isAway === this.ship.isAway) return;
    // What has come and was not done will not be done.
    if (isAway) this.#queue = [];
    this.ship = { ...this.ship, isAway, acknowledged: isAway ? this.#received : this.ship.acknowledged };
  }

  /**
   * Something has hit it.
   * @param push By how much it is thrown, in units a step.
   */
  hit(damage: number, push: readonly [x: number, y: number]): void {
    const { vx, vy, hull } = this.ship;
    const thrown = { vx: boundSpeed(vx + push[0]), vy: boundSpeed(vy + push[1]) };
    this.ship = { ...this.ship, ...thrown, hull: Math.max(0, hull - damage) };
  }

  /** Mends it. */
  mend(by: number): void {
    const hull = Math.min(HULL_MAX, this.ship.hull + by);
    if (hull !== this.ship.hull) this.ship = { ...this.ship, hull };
  }

  /** It begins anew. */
  respawn(place: { readonly x: number; readonly y: number }): void {
    this.ship = { ...this.ship, ...place, vx: 0, vy: 0, hull: HULL_MAX, cooldown: 0 };
  }
}
