// One's own ship, as it will be when the server has done what was sent: each command is done here at once, and again from
// whatever the server says, when that says something else.
import { distance, type ToldShip } from "./records.js";
import { type Command, isAtRest, isFiring, type Ship, stepShip } from "./ship.js";
import { UNITS } from "./world.js";

/** Commands that may wait for the server; while there are as many, the ship stands still. */
const PENDING_MAX = 180;
/** What is left of a correction that has not been shown, after a step. */
const SMOOTHING = 0.86;
/** A correction of more pixels is shown at once: nobody believes a ship that slides so far. */
const SMOOTHED_MAX_PX = 160;

/** What the server's word came to. */
export interface Reconciled {
  /** How far the ship was from where it is, in pixels. */
  readonly correctionPx: number;
  /** The newest command that it has done: when it was made. Undefined where that is not known any more. */
  readonly madeAtMs: number | undefined;
}

interface Pending {
  readonly number: number;
  readonly command: Command;
  readonly madeAtMs: number;
}

/** See the head of this file. */
export class Prediction {
  #ship: Ship;
  /** Where it was a step before, to show what is between two steps. */
  #before: Ship;
  #pending: Pending[] = [];
  /** The number of the next command. */
  #next: number;
  /** How many of the pending ones have been sent. */
  #sent = 0;
  /** What of corrections is not shown yet, in units. */
  #offset = { x: 0, y: 0 };

  /** @param acknowledged The number of the last command that is in what the server says. */
  constructor(ship: Ship, acknowledged: number) {
    this.#ship = ship;
    this.#before = ship;
    this.#next = (acknowledged + 1) & 65_535;
  }

  /** The ship as it is after all commands. */
  get ship(): Ship {
    return this.#ship;
  }

  /** Commands that the server has not done. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /**
   * Makes a step.
   * @returns Whether the ship has fired, from where it is now; false, too, where nothing was done.
   */
  step(command: Command, nowMs: number): boolean {
    this.#offset = { x: this.#offset.x * SMOOTHING, y: this.#offset.y * SMOOTHING };
    this.#before = this.#ship;
    const isIdle = !command.thrust && !command.fire && command.aim === this.#ship.aim && isAtRest(this.#ship);
    if (isIdle || this.#pending.length >= PENDING_MAX || this.#ship.hull === 0) return false;
    const fires = isFiring(this.#ship, command);
    this.#ship = stepShip(this.#ship, command);
    this.#pending.push({ number: this.#next, command, madeAtMs: nowMs });
    this.#next = (this.#next + 1) & 65_535;
    return fires;
  }

  /**
   * The commands that have not been sent.
   * @param max As many at most.
   * @returns Undefined where there are none. Say `sent` when they are on their way.
   */
  unsent(max: number): { readonly first: number; readonly commands: readonly Command[] } | undefined {
    const waiting = this.#pending.slice(this.#sent, this.#sent + max);
    const [first] = waiting;
    return first === undefined ? undefined : { first: first.number, commands: waiting.map(({ command }) => command) };
  }

  /** So many more commands are on their way. */
  sent(count: number): void {
    this.#sent += count;
  }

  /** The connection was lost: what the server has not done may never have come to it. */
  reconnected(): void {
    this.#sent = 0;
  }

  /** The server has said how the ship is. */
  reconcile(told: ToldShip): Reconciled {
    let madeAtMs: number | undefined;
    let done = 0;
    for (const { number, madeAtMs: time } of this.#pending) {
      if (distance(number, told.acknowledged) < 0) break;
      madeAtMs = time;
      done += 1;
    }
    this.#pending = this.#pending.slice(done);
    this.#sent = Math.max(0, this.#sent - done);
    // A seat of which another page has gone on meanwhile.
    if (this.#pending.length === 0) this.#next = (told.acknowledged + 1) & 65_535;
    const was = this.#ship;
    let [before, ship]: [Ship, Ship] = [told, told];
    for (const { command } of this.#pending) {
      before = ship;
      ship = stepShip(ship, command);
    }
    this.#ship = ship;
    const [dx, dy] = [was.x - ship.x, was.y - ship.y];
    const correctionPx = Math.hypot(dx, dy) / UNITS;
    if (correctionPx === 0) return { correctionPx, madeAtMs };
    this.#before = before;
    const isShownAtOnce = correctionPx > SMOOTHED_MAX_PX || was.hull === 0;
    this.#offset = isShownAtOnce ? { x: 0, y: 0 } : { x: this.#offset.x + dx, y: this.#offset.y + dy };
    return { correctionPx, madeAtMs };
  }

  /**
   * Where to show the ship, in units.
   * @param part How much of the next step's time is over: 0 to 1.
   */
  shown(part: number): { readonly x: number; readonly y: number; readonly aim: number } {
    const [from, to] = [this.#before, this.#ship];
    const between = (a: number, b: number): number => a + (b - a) * part;
    return {
      x: between(from.x, to.x) + this.#offset.x,
      y: between(from.y, to.y) + this.#offset.y,
      aim: to.aim,
    };
  }
}
