// A shot flies straight on, so that it is told once: where it was at which tick. Everybody computes the rest.
import { alongX, alongY } from "./directions.js";
import type { Ship } from "./ship.js";
import { SHIP_RADIUS, STEPS_PER_TICK, WORLD_UNITS, wallAt } from "./world.js";

/** Where a shot was at a tick. */
export interface Shot {
  /** The number of the seat of whoever fired it. */
  readonly owner: number;
  /** The ship's count of shots before it, 0 to 255. */
  readonly number: number;
  readonly x: number;
  readonly y: number;
  readonly aim: number;
  /** The tick modulo 65,536. */
  readonly tick: number;
}

/** Units in a step: twice as fast as ships. */
const SPEED = 190;

/** Steps that a shot flies. */
export const SHOT_STEPS: number = 54;

const RADIUS = 4 * 16;

/** Where a shot begins that a ship fires. */
export function muzzleOf({ x, y, aim }: Pick<Ship, "x" | "y" | "aim">): { readonly x: number; readonly y: number } {
  const bound = (value: number): number => Math.max(0, Math.min(WORLD_UNITS - 1, value));
  return { x: bound(x + alongX(aim, SHIP_RADIUS)), y: bound(y + alongY(aim, SHIP_RADIUS)) };
}

/** How far a shot comes in a step. */
export function shotSpeed(aim: number): readonly [x: number, y: number] {
  return [alongX(aim, SPEED), alongY(aim, SPEED)];
}

/** Whether a shot has met a wall, or the end of the arena. */
export function isStopped(x: number, y: number): boolean {
  return x < 0 || y < 0 || x >= WORLD_UNITS || y >= WORLD_UNITS || wallAt(x, y, RADIUS) !== undefined;
}

/**
 * Where a shot is.
 * @param ticks Ticks since it was where it was told to be; they may be parts of one.
 */
export function shotAt({ x, y, aim }: Pick<Shot, "x" | "y" | "aim">, ticks: number): readonly [x: number, y: number] {
  const [dx, dy] = shotSpeed(aim);
  return [x + dx * ticks * STEPS_PER_TICK, y + dy * ticks * STEPS_PER_TICK];
}
