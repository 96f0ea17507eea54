// What a ship does in one step, from one command of its player: the same function for the server, and for the page, which
// shows what it will come to before the server has said so.
import { alongX, alongY } from "./directions.js";
import { SHIP_RADIUS, type Wall, WORLD_UNITS, wallAt } from "./world.js";

/** What a player does in a step. */
export interface Command {
  /** Whether the engine is on. */
  readonly thrust: boolean;
  readonly fire: boolean;
  /** Where the ship points: 0 to 255. */
  readonly aim: number;
}

/** A ship, as far as commands change it. Everything is a whole number, and is told exactly. */
export interface Ship {
  /** 0 to `WORLD_UNITS - 1`, as is `y`. */
  readonly x: number;
  readonly y: number;
  /** Units in a step: -127 to 127, as is `vy`. */
  readonly vx: number;
  readonly vy: number;
  readonly aim: number;
  /** Steps until it can fire again. */
  readonly cooldown: number;
  /** Shots that it has fired, counted modulo 256: they have the number that it had before. */
  readonly shots: number;
  /** 0: it is destroyed, and does nothing until it begins anew. */
  readonly hull: number;
}

const ACCELERATION = 6;
/** A sixteenth of its speed is lost in each step, and 1 at least: it comes to rest. */
const DRAG_SHIFT = 4;
const SPEED_MAX = 127;
const COOLDOWN_STEPS = 14;

/** The hull of a ship that is whole. */
export const HULL_MAX: number = 100;

function drag(speed: number): number {
  if (speed === 0) return 0;
  const loss = Math.max(1, Math.abs(speed) >> DRAG_SHIFT);
  return speed > 0 ? speed - loss : speed + loss;
}

/** A speed within what can be told. */
export function boundSpeed(speed: number): number {
  return Math.max(-SPEED_MAX, Math.min(SPEED_MAX, speed));
}

/** What is left of the speed that something is thrown back with, by what it has run into. */
function thrownBack(speed: number): number {
  // Not by a minus before it: there is no -0 on the wire.
  return 0 - Math.trunc(speed / 2);
}

const LEAST = SHIP_RADIUS;
const MOST = WORLD_UNITS - 1 - SHIP_RADIUS;

function alongAxis(
  from: number,
  speed: number,
  hits: (at: number) => Wall | undefined,
  edges: (wall: Wall) => readonly [number, number],
): [at: number, speed: number] {
  const at = from + speed;
  if (at < LEAST) return [LEAST, thrownBack(speed)];
  if (at > MOST) return [MOST, thrownBack(speed)];
  const wall = hits(at);
  if (wall === undefined) return [at, speed];
  const [before, behind] = edges(wall);
  const edge = speed > 0 ? before - SHIP_RADIUS : behind + SHIP_RADIUS;
  // Where two walls meet, the edge of one may lie in the other: then it stays where it was.
  return [hits(edge) === undefined ? edge : from, thrownBack(speed)];
}

/**
 * Makes a step.
 * @param command What its player does; undefined: nothing, and it comes to rest.
 * @returns The ship after it, and whether it has fired; the same object where nothing has changed.
 */
export function stepShip<AnyShip extends Ship>(ship: AnyShip, command: Command | undefined): AnyShip {
  if (ship.hull === 0) return ship;
  const aim = command?.aim ?? ship.aim;
  let [vx, vy] = [drag(ship.vx), drag(ship.vy)];
  if (command?.thrust === true) {
    vx = boundSpeed(vx + alongX(aim, ACCELERATION));
    vy = boundSpeed(vy + alongY(aim, ACCELERATION));
  }
  let { x, y } = ship;
  if (vx !== 0)
    [x, vx] = alongAxis(
      x,
      vx,
      (at) => wallAt(at, y, SHIP_RADIUS),
      ({ left, right }) => [left, right],
    );
  if (vy !== 0)
    [y, vy] = alongAxis(
      y,
      vy,
      (at) => wallAt(x, at, SHIP_RADIUS),
      ({ top, bottom }) => [top, bottom],
    );
  const fires = isFiring(ship, command);
  const cooldown = fires ? COOLDOWN_STEPS : Math.max(0, ship.cooldown - 1);
  if (
    x === ship.x &&
    y === ship.y &&
    vx === ship.vx &&
    vy === ship.vy &&
    aim === ship.aim &&
    cooldown === ship.cooldown
  ) {
    return ship;
  }
  return { ...ship, x, y, vx, vy, aim, cooldown, shots: fires ? (ship.shots + 1) & 255 : ship.shots };
}

/** Whether a ship fires when it gets this command. */
export function isFiring(ship: Ship, command: Command | undefined): boolean {
  return command?.fire === true && ship.cooldown === 0 && ship.hull > 0;
}

/** Whether a step without a command changes nothing. */
export function isAtRest({ vx, vy, cooldown, hull }: Ship): boolean {
  return hull === 0 || (vx === 0 && vy === 0 && cooldown === 0);
}
