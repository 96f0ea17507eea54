// The shots that are in the air.

import { writeShot } from "../shared/records.js";
import { isStopped, SHOT_STEPS, type Shot, shotSpeed } from "../shared/shot.js";
import { CELLS, cellAt, SHIP_RADIUS, STEPS_PER_TICK } from "../shared/world.js";
import type { PlayerShip } from "./player.js";

interface Flying {
  readonly key: string;
  readonly owner: PlayerShip;
  shot: Shot;
  x: number;
  y: number;
  steps: number;
}

/** What has changed of what is told. */
export interface Changes {
  readonly set: (key: string, record: Uint8Array) => void;
  readonly delete: (key: string) => void;
}

/** Ships by the cells that they are in. */
export type ShipsByCell = ReadonlyMap<number, readonly PlayerShip[]>;

/** Ships in the cell of a place and in those around it. */
export function shipsNear(ships: ShipsByCell, x: number, y: number): readonly PlayerShip[] {
  const cell = cellAt(x, y);
  const near: PlayerShip[] = [];
  for (const row of [-CELLS, 0, CELLS]) {
    for (const column of [-1, 0, 1]) {
      // Of the row's other end a ship is found, too, and is far away.
      const here = ships.get(cell + row + column);
      if (here !== undefined) near.push(...here);
    }
  }
  return near;
}

/** See the head of this file. */
export class FlyingShots {
  readonly #flying = new Map<string, Flying>();

  get size(): number {
    return this.#flying.size;
  }

  /** A ship has fired. */
  add(owner: PlayerShip, shot: Shot, changes: Changes): void {
    const key = `s${owner.seat.toString(36)}.${shot.number.toString(36)}`;
    this.#flying.set(key, { key, owner, shot, x: shot.x, y: shot.y, steps: 0 });
    changes.set(key, writeShot(shot));
  }

  /**
   * Moves all of them by a tick.
   * @param hit Called for each that has hit a ship.
   */
  tick(
    tick: number,
    ships: ShipsByCell,
    hit: (target: PlayerShip, owner: PlayerShip, aim: number) => void,
    changes: Changes,
  ): void {
    for (const flying of this.#flying.values()) {
      if (!this.#move(flying, ships, hit)) {
        this.#flying.delete(flying.key);
        changes.delete(flying.key);
      } else if (cellAt(flying.x, flying.y) !== cellAt(flying.shot.x, flying.shot.y)) {
        // Those who see this cell, and not the one that it came from, have to be told.
        flying.shot = { ...flying.shot, x: flying.x, y: flying.y, tick: tick & 65_535 };
        changes.set(flying.key, writeShot(flying.shot));
      }
    }
  }

  /** @returns Whether it flies on. */
  #move(
    flying: Flying,
    ships: ShipsByCell,
    hit: (target: PlayerShip, owner: PlayerShip, aim: number) => void,
  ): boolean {
    const { shot, owner } = flying;
    const [dx, dy] = shotSpeed(shot.aim);
    for (let step = 0; step < STEPS_PER_TICK; step += 1) {
      const [x, y] = [flying.x + dx, flying.y + dy];
      if (++flying.steps > SHOT_STEPS || isStopped(x, y)) return false;
      [flying.x, flying.y] = [x, y];
      for (const target of shipsNear(ships, x, y)) {
        const { ship } = target;
        if (target === owner || ship.hull === 0 || ship.isAway) continue;
        if (Math.hypot(ship.x - x, ship.y - y) > SHIP_RADIUS) continue;
        hit(target, owner, shot.aim);
        return false;
      }
    }
    return true;
  }
}
