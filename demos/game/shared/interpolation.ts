// Where the ships of others were at a moment a little in the past, between what the server said before and after it.
import { DIRECTIONS } from "./directions.js";
import type { ToldShip } from "./records.js";
import { STEPS_PER_TICK } from "./world.js";

/** What is shown of a ship. */
export interface ShownShip {
  readonly x: number;
  readonly y: number;
  readonly aim: number;
  readonly hull: number;
  readonly isAway: boolean;
}

interface Sample {
  readonly tick: number;
  /** Undefined: it was not there any more, or had left what is seen. */
  readonly ship: ToldShip | undefined;
}

/** Samples of a ship that are kept: what is shown is never so far behind. */
const SAMPLES_MAX = 40;
/** So many ticks of a ship's flight are guessed, when nothing has come; then it stands. */
const GUESSED_TICKS = 4;
/** A ship that comes so many units farther than it can fly has begun anew elsewhere. */
const LEAP_UNITS = 2_000;

/** See the head of this file. */
export class Track {
  readonly #samples: Sample[] = [];

  /**
   * The server has said something of the ship.
   * @param tick The tick of the update that it came in.
   * @param before The tick of the update before that: as long as nothing was said, nothing had changed.
   */
  add(tick: number, ship: ToldShip | undefined, before: number): void {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last !== undefined && last.tick < before && before < tick) samples.push({ tick: before, ship: last.ship });
    samples.push({ tick, ship });
    while (samples.length > SAMPLES_MAX) samples.shift();
  }

  /** Whether it is gone at this tick and comes no more. */
  isOver(tick: number): boolean {
    const last = this.#samples.at(-1);
    return last?.ship === undefined && (last?.tick ?? 0) <= tick;
  }

  /** How it was at a tick, with its fraction; undefined: not there. */
  at(tick: number, newest: number): ShownShip | undefined {
    const samples = this.#samples;
    const index = samples.findLastIndex((sample) => sample.tick <= tick);
    const before = samples[index];
    if (before?.ship === undefined) return undefined;
    const after = samples[index + 1];
    if (after === undefined) {
      // It was so until the newest update, which did not mention it; what comes after that is a guess.
      return flown(before.ship, before.tick < newest ? 0 : Math.min(GUESSED_TICKS, tick - before.tick));
    }
    if (after.ship === undefined) return before.ship;
    return between(before.ship, after.ship, (tick - before.tick) / (after.tick - before.tick));
  }
}

function flown(ship: ToldShip, ticks: number): ShownShip {
  if (ticks <= 0 || ship.hull === 0) return ship;
  const steps = ticks * STEPS_PER_TICK;
  return { ...ship, x: ship.x + ship.vx * steps, y: ship.y + ship.vy * steps };
}

function between(from: ToldShip, to: ToldShip, part: number): ShownShip {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (Math.abs(dx) > LEAP_UNITS || Math.abs(dy) > LEAP_UNITS) return part < 1 ? from : to;
  const turn = ((to.aim - from.aim + 1.5 * DIRECTIONS) % DIRECTIONS) - DIRECTIONS / 2;
  return { ...from, x: from.x + dx * part, y: from.y + dy * part, aim: from.aim + turn * part };
}
