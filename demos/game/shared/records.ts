// How things are written as octets. Numbers of two octets have the higher one first.
//
//   mark  "@"       tick:4
//   ship  "p…"      flags:1 x:2 y:2 vx:1 vy:1 aim:1 hull:1 cooldown:1 shots:1 acknowledged:2      13 octets
//   shot  "s…"      owner:2 number:1 x:2 y:2 aim:1 tick:2                                         10 octets
//   orb   "o…"      x:2 y:2                                                                        4 octets
//   commands        first:2, then for each aim:1 buttons:1
import type { Command, Ship } from "./ship.js";
import type { Shot } from "./shot.js";

/** The key under which the tick is. Everybody sees it. */
export const MARK_KEY: string = "@";

/** Where in a record the position of a thing begins, by the first letter of its key: of a ship, a shot, an orb. */
const placeOffsets: Readonly<Record<string, number>> = { p: 1, s: 3, o: 0 };

/** A ship as it is told. */
export interface ToldShip extends Ship {
  /** Nobody sits in it at the moment. */
  readonly isAway: boolean;
  /** The number of the last command that is in it. */
  readonly acknowledged: number;
}

const AWAY = 1;

const viewOf = (octets: Uint8Array): DataView => new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

export function writeMark(tick: number): Uint8Array {
  const octets = new Uint8Array(4);
  viewOf(octets).setUint32(0, tick);
  return octets;
}

export function readMark(octets: Uint8Array): number {
  return viewOf(octets).getUint32(0);
}

export function writeShip(ship: ToldShip): Uint8Array {
  const { x, y, acknowledged } = ship;
  return Uint8Array.of(
    ship.isAway ? AWAY : 0,
    ...[x >> 8, x & 255, y >> 8, y & 255],
    ...[ship.vx & 255, ship.vy & 255, ship.aim, ship.hull, ship.cooldown, ship.shots],
    ...[acknowledged >> 8, acknowledged & 255],
  );
}

export function readShip(octets: Uint8Array): ToldShip {
  const view = viewOf(octets);
  return {
    isAway: (view.getUint8(0) & AWAY) !== 0,
    x: view.getUint16(1),
    y: view.getUint16(3),
    vx: view.getInt8(5),
    vy: view.getInt8(6),
    aim: view.getUint8(7),
    hull: view.getUint8(8),
    cooldown: view.getUint8(9),
    shots: view.getUint8(10),
    acknowledged: view.getUint16(11),
  };
}

export function writeShot({ owner, number, x, y, aim, tick }: Shot): Uint8Array {
  return Uint8Array.of(
    ...[owner >> 8, owner & 255, number],
    ...[x >> 8, x & 255, y >> 8, y & 255, aim],
    ...[(tick >> 8) & 255, tick & 255],
  );
}

export function readShot(octets: Uint8Array): Shot {
  const view = viewOf(octets);
  return {
    owner: view.getUint16(0),
    number: view.getUint8(2),
    x: view.getUint16(3),
    y: view.getUint16(5),
    aim: view.getUint8(7),
    tick: view.getUint16(8),
  };
}

export function writeOrb({ x, y }: { readonly x: number; readonly y: number }): Uint8Array {
  return Uint8Array.of(x >> 8, x & 255, y >> 8, y & 255);
}

export function readOrb(octets: Uint8Array): { readonly x: number; readonly y: number } {
  const view = viewOf(octets);
  return { x: view.getUint16(0), y: view.getUint16(2) };
}

/**
 * Where a thing is, read from its record without reading the rest.
 * @returns Undefined for the mark, which is nowhere.
 */
export function placeOf(key: string, octets: Uint8Array): readonly [x: number, y: number] | undefined {
  const offset = placeOffsets[key[0] ?? ""];
  if (offset === undefined) return undefined;
  const at = (index: number): number => octets[index] ?? 0;
  return [at(offset) * 256 + at(offset + 1), at(offset + 2) * 256 + at(offset + 3)];
}

/** Commands in one message at most: as many as wait for a page that comes back. */
export const COMMANDS_MAX: number = 60;

const THRUST = 1;
const FIRE = 2;

/** @param first The number of the first one; the others follow it. */
export function writeCommands(first: number, commands: readonly Command[]): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(2 + 2 * commands.length);
  viewOf(octets).setUint16(0, first);
  for (const [index, { aim, thrust, fire }] of commands.entries()) {
    octets[2 + 2 * index] = aim;
    octets[3 + 2 * index] = (thrust ? THRUST : 0) | (fire ? FIRE : 0);
  }
  return octets;
}

/** @returns Undefined for what no page of ours has written. */
export function readCommands(
  octets: Uint8Array,
): { readonly first: number; readonly commands: readonly Command[] } | undefined {
  const count = (octets.length - 2) / 2;
  if (!Number.isInteger(count) || count < 1 || count > COMMANDS_MAX) return undefined;
  const view = viewOf(octets);
  const commands = Array.from({ length: count }, (_, index): Command => {
    const buttons = view.getUint8(3 + 2 * index);
    return { aim: view.getUint8(2 + 2 * index), thrust: (buttons & THRUST) !== 0, fire: (buttons & FIRE) !== 0 };
  });
  return { first: view.getUint16(0), commands };
}

/** How far a number is behind another, both counted modulo 65,536: below 0 when it is before it. */
export function distance(from: number, to: number): number {
  return (((to - from) & 65_535) ^ 32_768) - 32_768;
}
