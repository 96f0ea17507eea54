import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { PlayerShip } from "../../demos/game/arena/player.js";
import { Track } from "../../demos/game/shared/interpolation.js";
import { Prediction } from "../../demos/game/shared/prediction.js";
import {
  COMMANDS_MAX,
  distance,
  placeOf,
  readCommands,
  readMark,
  readOrb,
  readShip,
  readShot,
  type ToldShip,
  writeCommands,
  writeMark,
  writeOrb,
  writeShip,
  writeShot,
} from "../../demos/game/shared/records.js";
import { type Command, HULL_MAX, isAtRest, stepShip } from "../../demos/game/shared/ship.js";
import { TickClock } from "../../demos/game/shared/tick-clock.js";
import { NO_TROUBLE, type Trouble, TroubledWay } from "../../demos/game/shared/trouble.js";
import { View } from "../../demos/game/shared/view.js";
import {
  CELL_PX,
  CELLS,
  SHIP_RADIUS,
  STEP_MS,
  STEPS_PER_TICK,
  TICK_MS,
  UNITS,
  VIEW_HEIGHT_PX,
  VIEW_WIDTH_PX,
  WORLD_UNITS,
  wallAt,
} from "../../demos/game/shared/world.js";
import { Random } from "../../demos/trading/exchange/random.js";

const octet = fc.integer({ min: 0, max: 255 });
const signed = fc.integer({ min: -127, max: 127 });
const number16 = fc.integer({ min: 0, max: 65_535 });
const plain = { noNullPrototype: true } as const;
const anyShip: fc.Arbitrary<ToldShip> = fc.record(
  {
    ...{ x: number16, y: number16, vx: signed, vy: signed, aim: octet, hull: octet, cooldown: octet, shots: octet },
    ...{ isAway: fc.boolean(), acknowledged: number16 },
  },
  plain,
);
const anyCommand: fc.Arbitrary<Command> = fc.record({ thrust: fc.boolean(), fire: fc.boolean(), aim: octet }, plain);

/** A ship in the middle, where there are no walls. */
const begun: ToldShip = {
  ...{ x: 32_768, y: 32_768, vx: 0, vy: 0, aim: 0, hull: HULL_MAX, cooldown: 0, shots: 0 },
  ...{ isAway: false, acknowledged: 65_535 },
};

describe("the game's records", () => {
  it("are read as they were written, and are as short as the description says", () => {
    fc.assert(
      fc.property(
        anyShip,
        fc.array(anyCommand, { minLength: 1, maxLength: COMMANDS_MAX }),
        number16,
        (ship, commands, n) => {
          const record = writeShip(ship);
          assert.equal(record.length, 13);
          assert.deepEqual(readShip(record), ship);
          assert.deepEqual(placeOf("p1", record), [ship.x, ship.y]);
          assert.deepEqual(readCommands(writeCommands(n, commands)), { first: n, commands });
          const shot = { owner: n, number: ship.hull, x: ship.x, y: ship.y, aim: ship.aim, tick: ship.acknowledged };
          assert.equal(writeShot(shot).length, 10);
          assert.deepEqual(readShot(writeShot(shot)), shot);
          assert.deepEqual(placeOf("s1.2", writeShot(shot)), [ship.x, ship.y]);
          assert.deepEqual(readOrb(writeOrb(ship)), { x: ship.x, y: ship.y });
          assert.deepEqual(placeOf("o1", writeOrb(ship)), [ship.x, ship.y]);
          assert.equal(readMark(writeMark(n * 65_536 + n)), n * 65_536 + n);
          assert.equal(distance(n, (n + 5) & 65_535), 5);
          assert.equal(distance(n, (n - 5) & 65_535), -5);
        },
      ),
    );
    assert.equal(placeOf("@", writeMark(1)), undefined);
  });

  it("of commands are refused where no page of ours has written them", () => {
    for (const length of [0, 1, 2, 3, 5, 2 + 2 * (COMMANDS_MAX + 1)]) {
      assert.equal(readCommands(new Uint8Array(length)), undefined, String(length));
    }
  });
});

describe("a ship", () => {
  it("stays in the arena and out of walls, whatever its player does", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { minLength: 30, maxLength: 60 }), octet, (commands, aim) => {
        let ship = begun;
        for (const command of commands) {
          // Mostly in one direction, so that it gets somewhere.
          for (let step = 0; step < 9; step += 1) ship = stepShip(ship, { ...command, thrust: true, aim });
          ship = stepShip(ship, command);
          assert.ok(ship.x >= SHIP_RADIUS && ship.x < WORLD_UNITS - SHIP_RADIUS);
          assert.ok(ship.y >= SHIP_RADIUS && ship.y < WORLD_UNITS - SHIP_RADIUS);
          assert.equal(wallAt(ship.x, ship.y, SHIP_RADIUS), undefined);
          // What is told is all there is.
          assert.deepEqual(readShip(writeShip(ship)), ship);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("comes to rest, and then a step is no change", () => {
    let ship = stepShip(begun, { thrust: true, fire: true, aim: 100 });
    for (let step = 0; step < 300; step += 1) ship = stepShip(ship, undefined);
    assert.ok(isAtRest(ship));
    assert.equal(stepShip(ship, undefined), ship);
  });
});

/** A page and the server, over two ways that may be troubled; both go on by steps of a clock that is no clock. */
class Pair {
  readonly server = new PlayerShip(1, "Ann", false, { x: begun.x, y: begun.y });
  readonly page = new Prediction(this.server.ship, this.server.ship.acknowledged);
  corrections = 0;
  nowMs = 0;
  readonly #up: { readonly atMs: number; readonly octets: Uint8Array }[] = [];
  readonly #down: { readonly atMs: number; readonly octets: Uint8Array }[] = [];
  readonly #ways: readonly [TroubledWay, TroubledWay];
  #steps = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#ways = [new TroubledWay(() => random.next()), new TroubledWay(() => random.next())];
  }

  step(command: Command, trouble: Trouble): void {
    this.nowMs += STEP_MS;
    this.page.step(command, this.nowMs);
    this.#steps += 1;
    if (this.#steps % STEPS_PER_TICK !== 0) return;
    const unsent = this.page.unsent(COMMANDS_MAX);
    if (unsent !== undefined) {
      const octets = writeCommands(unsent.first, unsent.commands);
      this.#up.push({ atMs: this.#ways[0].arrivalMs(this.nowMs, trouble), octets });
      this.page.sent(unsent.commands.length);
    }
    while ((this.#up[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.nowMs) {
      const read = readCommands(this.#up.shift()!.octets)!;
      this.server.receive(read.first, read.commands);
    }
    this.server.tick(() => undefined);
    this.#down.push({ atMs: this.#ways[1].arrivalMs(this.nowMs, trouble), octets: writeShip(this.server.ship) });
    while ((this.#down[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.nowMs) {
      if (this.page.reconcile(readShip(this.#down.shift()!.octets)).correctionPx > 0) this.corrections += 1;
    }
  }
}

const flight = (random: Random): (() => Command) => {
  let aim = 0;
  return () => {
    if (random.below(12) === 0) aim = random.below(256);
    return { thrust: random.below(5) > 0, fire: random.below(20) === 0, aim };
  };
};
const still = (aim: number): Command => ({ thrust: false, fire: false, aim });

describe("prediction", () => {
  for (const [name, trouble] of [
    ["no lag", NO_TROUBLE],
    ["lag", { ...NO_TROUBLE, lagMs: 150 }],
  ] as const) {
    it(`is never corrected with ${name}, for both ends compute the same`, () => {
      const pair = new Pair(7);
      const next = flight(new Random(3));
      for (let step = 0; step < 1_500; step += 1) pair.step(next(), trouble);
      assert.equal(pair.corrections, 0);
      assert.ok(Math.hypot(pair.server.ship.x - begun.x, pair.server.ship.y - begun.y) > 500);
    });
  }

  it("comes to where the server is when the player stops, after any lag, jitter and stalls", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
        const pair = new Pair(seed);
        const next = flight(new Random(seed));
        const trouble = { lagMs: 80, jitterMs: 120, stallMs: 900, stallEveryMs: 3_000 };
        for (let step = 0; step < 900; step += 1) pair.step(next(), trouble);
        for (let step = 0; step < 500; step += 1) pair.step(still(pair.page.ship.aim), NO_TROUBLE);
        const { x, y, vx, vy } = pair.server.ship;
        assert.deepEqual([pair.page.ship.x, pair.page.ship.y], [x, y]);
        assert.deepEqual([vx, vy, pair.page.pendingCount], [0, 0, 0]);
        const shown = pair.page.shown(1);
        assert.ok(Math.hypot(shown.x - x, shown.y - y) < 1);
        // Stalls of 0.9 s are longer than what is made up for.
        assert.ok(pair.corrections > 0);
      }),
      { numRuns: 6 },
    );
  });

  it("shows a push that nobody could foresee as a slide, and a new beginning at once", () => {
    const prediction = new Prediction(begun, 65_535);
    const pushed = { ...begun, x: begun.x + 40 * UNITS };
    assert.equal(prediction.reconcile(pushed).correctionPx, 40);
    assert.equal(prediction.shown(1).x, begun.x);
    for (let step = 0; step < 60; step += 1) prediction.step(still(0), step);
    assert.ok(Math.abs(prediction.shown(1).x - pushed.x) < 1);
    prediction.reconcile({ ...begun, x: 9_000 });
    assert.equal(prediction.shown(1).x, 9_000);
  });

  it("sends again after a reconnect what the server has not done", () => {
    const prediction = new Prediction(begun, 65_535);
    for (let step = 0; step < 6; step += 1) prediction.step({ thrust: true, fire: false, aim: 0 }, step);
    prediction.sent(prediction.unsent(COMMANDS_MAX)!.commands.length);
    assert.equal(prediction.unsent(COMMANDS_MAX), undefined);
    prediction.reconcile({ ...begun, acknowledged: 1 });
    prediction.reconnected();
    const again = prediction.unsent(COMMANDS_MAX)!;
    assert.deepEqual([again.first, again.commands.length], [2, 4]);
  });
});

describe("interpolation", () => {
  it("shows ships between two updates, still where nothing was told, and gone when they are", () => {
    const track = new Track();
    track.add(10, begun, 9);
    track.add(11, { ...begun, x: begun.x + 100 }, 10);
    assert.equal(track.at(10.5, 11)?.x, begun.x + 50);
    // Nothing was said in 12 to 19: it has not moved.
    track.add(20, { ...begun, x: begun.x + 300 }, 19);
    assert.equal(track.at(15, 20)?.x, begun.x + 100);
    assert.equal(track.at(19.5, 20)?.x, begun.x + 200);
    track.add(22, undefined, 21);
    assert.equal(track.at(22.1, 22), undefined);
    assert.equal(track.isOver(21), false);
    assert.equal(track.isOver(22), true);
    assert.equal(track.at(9, 22), undefined);
  });

  it("takes the shorter way round, and leaps where a ship has begun anew", () => {
    const track = new Track();
    track.add(1, { ...begun, aim: 250 }, 0);
    track.add(2, { ...begun, aim: 6 }, 1);
    assert.equal((track.at(1.5, 2)?.aim ?? 0) & 255, 0);
    track.add(3, { ...begun, x: 1_000 }, 2);
    assert.equal(track.at(2.9, 3)?.x, begun.x);
  });

  it("shows others two ticks late, later where updates come unevenly, and never goes back", () => {
    const random = new Random(5);
    for (const [jitterMs, least, most] of [
      [0, 2 * TICK_MS, 2 * TICK_MS + 1],
      [200, 220, 320],
    ] as const) {
      const clock = new TickClock();
      let last = Number.NEGATIVE_INFINITY;
      let arrivedMs = 0;
      for (let tick = 1; tick < 400; tick += 1) {
        arrivedMs = Math.max(arrivedMs, 5_000 + tick * TICK_MS + random.next() * jitterMs);
        clock.add(tick, arrivedMs);
        const shown = clock.shownTick(arrivedMs)!;
        assert.ok(shown >= last, `${shown} after ${last}`);
        last = shown;
      }
      assert.ok(clock.delayMs >= least && clock.delayMs <= most, String(clock.delayMs));
    }
  });
});

describe("a troubled way", () => {
  it("delays, stalls, and lets nothing overtake", () => {
    const random = new Random(9);
    const way = new TroubledWay(() => random.next());
    const trouble = { lagMs: 50, jitterMs: 100, stallMs: 700, stallEveryMs: 3_000 };
    let last = 0;
    for (let nowMs = 0; nowMs < 20_000; nowMs += 20) {
      const arrivalMs = way.arrivalMs(nowMs, trouble);
      assert.ok(arrivalMs >= nowMs + 50 && arrivalMs >= last);
      assert.ok(arrivalMs % 3_000 >= 700);
      last = arrivalMs;
    }
    // What is on its way is not overtaken when the network gets better.
    assert.equal(way.arrivalMs(last - 10, NO_TROUBLE), last);
    assert.equal(way.isBusy(last - 1), true);
    assert.equal(way.isBusy(last), false);
  });
});

describe("what a player sees", () => {
  it("has all that the largest screen shows, and is the same set while somebody flies along an edge", () => {
    const view = new View();
    fc.assert(
      fc.property(number16, number16, (x, y) => {
        const seen = view.from({ x, y });
        for (const [dx, dy] of [
          [-1, -1],
          [1, 1],
        ] as const) {
          const [px, py] = [x / UNITS + (dx * VIEW_WIDTH_PX) / 2, y / UNITS + (dy * VIEW_HEIGHT_PX) / 2];
          if (px < 0 || py < 0 || px >= 4_096 || py >= 4_096) continue;
          assert.ok(seen.has(Math.floor(py / CELL_PX) * CELLS + Math.floor(px / CELL_PX)), `${px} ${py}`);
        }
      }),
    );
    const edge = 14 * CELL_PX * UNITS;
    const first = view.from({ x: edge + 200, y: edge + 200 });
    for (let turn = 0; turn < 10; turn += 1) {
      assert.equal(view.from({ x: edge + (turn % 2 === 0 ? -200 : 200), y: edge + 200 }), first);
    }
    assert.ok(first.size <= 78);
  });
});
