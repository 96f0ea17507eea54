import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Arena } from "../../demos/game/arena/arena.js";
import { PlayerShip } from "../../demos/game/arena/player.js";
import { TickLoop, type TickTimer } from "../../demos/game/arena/tick-loop.js";
import { TickTimes } from "../../demos/game/arena/tick-times.js";
import { Seats } from "../../demos/game/seats.js";
import { shipKey } from "../../demos/game/shared/contract.js";
import { SEAT_HOLD_MS } from "../../demos/game/shared/limits.js";
import { readShip, readShot } from "../../demos/game/shared/records.js";
import { type Command, HULL_MAX } from "../../demos/game/shared/ship.js";
import { STEPS_PER_TICK, UNITS } from "../../demos/game/shared/world.js";
import { Random } from "../../demos/trading/exchange/random.js";

const place = { x: 32_768, y: 32_768 };
const right: Command = { thrust: true, fire: false, aim: 0 };
const none = (): void => undefined;

function arenaOf(bots: number, seed = 1): Arena {
  return new Arena(new Random(seed), bots, true, { playerChanged: none, scoreChanged: none });
}

describe("a player's commands", () => {
  it("are done once each, in order, though they are sent again", () => {
    const player = new PlayerShip(1, "Ann", false, place);
    player.receive(0, [right, right]);
    player.receive(0, [right, right, right]);
    player.tick(none);
    assert.equal(player.ship.acknowledged, 2);
    const { x } = player.ship;
    player.receive(1, [right, right]);
    player.tick(none);
    assert.deepEqual([player.ship.x, player.ship.acknowledged], [x, 2]);
  });

  it("give nobody more steps than time does, however many are sent", () => {
    const [honest, hasty] = [new PlayerShip(1, "Ann", false, place), new PlayerShip(2, "Bob", false, place)];
    const ticks = 40;
    for (let tick = 0; tick < ticks; tick += 1) {
      honest.receive(tick * STEPS_PER_TICK, [right, right, right]);
      hasty.receive(
        tick * 40,
        Array.from({ length: 40 }, () => right),
      );
      honest.tick(none);
      hasty.tick(none);
    }
    assert.equal(hasty.ship.x, honest.ship.x);
    // What was not done has been answered, so that the page knows.
    assert.ok(hasty.ship.acknowledged >= (ticks - 1) * 40 - 1, String(hasty.ship.acknowledged));
  });

  it("are made up for after a short stall, and not after a long one", () => {
    const distanceAfter = (silentTicks: number): number => {
      const player = new PlayerShip(1, "Ann", false, place);
      for (let tick = 0; tick < silentTicks; tick += 1) player.tick(none);
      player.receive(
        0,
        Array.from({ length: 60 }, () => right),
      );
      player.tick(none);
      return player.ship.x - place.x;
    };
    assert.ok(distanceAfter(6) > distanceAfter(2));
    assert.equal(distanceAfter(200), distanceAfter(40));
  });

  it("that stop coming leave a ship that comes to rest", () => {
    const player = new PlayerShip(1, "Ann", false, place);
    for (let tick = 0; tick < 10; tick += 1) {
      player.receive(tick * STEPS_PER_TICK, [right, right, right]);
      player.tick(none);
    }
    assert.ok(player.ship.vx > 0);
    for (let tick = 0; tick < 60; tick += 1) player.tick(none);
    assert.equal(player.ship.vx, 0);
    const { ship } = player;
    player.tick(none);
    assert.equal(player.ship, ship);
  });

  it("that were not done when somebody has left are answered all the same", () => {
    const player = new PlayerShip(1, "Ann", false, place);
    player.receive(0, [right]);
    player.isAway = true;
    assert.deepEqual([player.ship.isAway, player.ship.acknowledged], [true, 0]);
  });
});

describe("an arena", () => {
  it("tells what has changed, and the same seed gives the same game", () => {
    const told = (): string[] => {
      const arena = arenaOf(20, 77);
      return Array.from({ length: 120 }, () => {
        const { set, deleted } = arena.advance();
        return `${[...set].map(([key, record]) => key + Buffer.from(record).toString("hex")).join()} ${[...deleted].join()}`;
      });
    };
    assert.deepEqual(told(), told());
  });

  it("has bots that fly, collect, shoot, and are destroyed", () => {
    const scores = new Map<string, number>();
    const arena = new Arena(new Random(4), 100, true, {
      playerChanged: none,
      scoreChanged: (key, score) => scores.set(key, score),
    });
    let [shots, destroyed] = [0, 0];
    for (let tick = 0; tick < 400; tick += 1) {
      for (const [key, record] of arena.advance().set) {
        if (key.startsWith("s")) shots += 1;
        if (key.startsWith("p") && readShip(record).hull === 0) destroyed += 1;
      }
    }
    assert.ok(shots > 20, `${shots} shots`);
    assert.ok(destroyed > 0);
    assert.ok([...scores.values()].some((score) => score > 0));
  });

  it("lets a shot hit a ship, which is thrown, and counts who has destroyed it", () => {
    const arena = arenaOf(0);
    const [ann, bob] = [arena.join("Ann"), arena.join("Bob")];
    ann.ship = { ...ann.ship, ...place, aim: 0 };
    bob.ship = { ...bob.ship, x: place.x + 200 * UNITS, y: place.y };
    let number = 0;
    const shots = new Set<string>();
    const gone = new Set<string>();
    for (let tick = 0; tick < 200 && bob.ship.hull > 0; tick += 1) {
      bob.ship = { ...bob.ship, x: place.x + 200 * UNITS, y: place.y, vx: 0 };
      ann.receive(number, [{ thrust: false, fire: true, aim: 0 }]);
      number += 1;
      const { set, deleted } = arena.advance();
      for (const [key, record] of set) {
        if (!key.startsWith("s")) continue;
        assert.equal(readShot(record).owner, ann.seat);
        shots.add(key);
      }
      for (const key of deleted) gone.add(key);
    }
    assert.equal(bob.ship.hull, 0);
    assert.ok(bob.ship.vx > 0);
    assert.equal(ann.score, 5);
    assert.equal(gone.size, HULL_MAX / 20);
    assert.ok(shots.size >= gone.size);
    for (let tick = 0; tick < 45; tick += 1) arena.advance();
    assert.equal(bob.ship.hull, HULL_MAX);
  });
});

describe("seats", () => {
  it("wait for who has lost the connection, and are free after that", () => {
    const arena = arenaOf(0);
    const seats = new Seats(arena, 2);
    let stopped = 0;
    const taken = seats.take("ann", "Ann", 0, () => {
      stopped += 1;
    });
    assert.ok(taken !== undefined);
    assert.ok(seats.take("bob", "Bob", 0, none) !== undefined);
    assert.equal(seats.take("cid", "Cid", 0, none), undefined);
    seats.look(new Set(["bob"]), 1_000);
    assert.equal(taken.player.ship.isAway, true);
    seats.look(new Set(["ann", "bob"]), SEAT_HOLD_MS - 1);
    assert.equal(seats.of("ann"), taken);
    assert.equal(taken.player.ship.isAway, false);
    seats.look(new Set(["bob"]), 2 * SEAT_HOLD_MS);
    assert.equal(seats.of("ann"), undefined);
    assert.deepEqual([stopped, seats.size, arena.players.size], [1, 1, 1]);
    assert.ok(arena.advance().deleted.has(shipKey(taken.player.seat)));
  });
});

class FakeTimer implements TickTimer {
  nowMs = 0;
  #due: { readonly atMs: number; readonly callback: () => void } | undefined;

  now(): number {
    return this.nowMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const due = { atMs: this.nowMs + delayMs, callback };
    this.#due = due;
    return () => {
      if (this.#due === due) this.#due = undefined;
    };
  }

  /** @param lateMs How much later than it should the timer comes. */
  fire(lateMs: number): void {
    const due = this.#due;
    if (due === undefined) return;
    this.#due = undefined;
    this.nowMs = Math.max(this.nowMs, due.atMs + lateMs);
    due.callback();
  }
}

describe("the tick loop", () => {
  it("keeps its rate though each timer is late", () => {
    const timer = new FakeTimer();
    let ticks = 0;
    const loop = new TickLoop(50, () => (ticks += 1), timer);
    loop.start();
    for (let round = 0; round < 100; round += 1) timer.fire(7);
    assert.equal(ticks, 100);
    assert.ok(timer.nowMs < 5_010);
    loop.stop();
    timer.fire(0);
    assert.equal(ticks, 100);
  });

  it("makes up for a little, leaves out what is too much, and goes no further behind", () => {
    const timer = new FakeTimer();
    let ticks = 0;
    const loop = new TickLoop(50, () => (ticks += 1), timer);
    loop.start();
    timer.fire(100);
    assert.equal(ticks, 3);
    timer.fire(1_000);
    assert.equal(ticks, 6);
    assert.equal(loop.skipped, 18);
    timer.fire(0);
    assert.equal(ticks, 7);
  });

  it("does not make up for ticks that take longer than they may", () => {
    const timer = new FakeTimer();
    let ticks = 0;
    const loop = new TickLoop(
      50,
      () => {
        ticks += 1;
        timer.nowMs += 200;
      },
      timer,
    );
    loop.start();
    for (let round = 0; round < 20; round += 1) timer.fire(0);
    assert.ok(loop.skipped > 0);
    assert.ok(ticks <= 60);
  });
});

describe("the times of ticks", () => {
  it("are those of the newest", () => {
    const times = new TickTimes(100);
    assert.equal(times.percentile(99), 0);
    for (let ms = 1; ms <= 200; ms += 1) times.add(ms);
    assert.deepEqual([times.size, times.percentile(50), times.percentile(99)], [100, 150, 199]);
    times.clear();
    assert.equal(times.size, 0);
  });
});
