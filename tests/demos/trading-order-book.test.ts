import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BookOrder } from "../../demos/trading/exchange/book-side.js";
import { OrderBook } from "../../demos/trading/exchange/order-book.js";
import type { Side } from "../../demos/trading/shared/contract.js";

interface Waiting extends BookOrder {
  readonly ticks: number;
}

/** The same rules without any structure: all orders in a row, looked through each time. */
class PlainBook {
  readonly waiting: Waiting[] = [];

  /** Returns what was traded: the maker's number, price and lots. */
  place(order: BookOrder, limit: number | undefined): (readonly [id: number, ticks: number, lots: number])[] {
    const fills: (readonly [number, number, number])[] = [];
    let { left } = order;
    for (
      let maker = this.#next(order.side, limit);
      left > 0 && maker !== undefined;
      maker = this.#next(order.side, limit)
    ) {
      const isOwn = maker.owner !== undefined && maker.owner === order.owner;
      const lots = isOwn ? 0 : Math.min(left, maker.left);
      if (!isOwn) fills.push([maker.id, maker.ticks, lots]);
      left -= lots;
      maker.left -= lots;
      if (isOwn || maker.left === 0) this.waiting.splice(this.waiting.indexOf(maker), 1);
    }
    if (limit !== undefined && left > 0) this.waiting.push({ ...order, left, ticks: limit });
    return fills;
  }

  /** The one whose turn it is, if its price is good enough. */
  #next(side: Side, limit: number | undefined): Waiting | undefined {
    const sign = side === "buy" ? 1 : -1;
    return this.waiting
      .filter((maker) => maker.side !== side && (limit === undefined || (limit - maker.ticks) * sign >= 0))
      .sort((a, b) => (a.ticks - b.ticks) * sign || this.waiting.indexOf(a) - this.waiting.indexOf(b))[0];
  }

  cancel(id: number): void {
    const index = this.waiting.findIndex((order) => order.id === id);
    if (index !== -1) this.waiting.splice(index, 1);
  }

  /** Lots by price, the best first. */
  levels(side: Side): (readonly [ticks: number, lots: number])[] {
    const lots = new Map<number, number>();
    for (const order of this.waiting) {
      if (order.side === side) lots.set(order.ticks, (lots.get(order.ticks) ?? 0) + order.left);
    }
    return [...lots].sort(([a], [b]) => (side === "buy" ? b - a : a - b));
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant("place" as const),
      side: fc.constantFrom<Side>("buy", "sell"),
      lots: fc.integer({ min: 1, max: 9 }),
      ticks: fc.option(fc.integer({ min: 95, max: 105 }), { nil: undefined, freq: 8 }),
      owner: fc.constantFrom(undefined, undefined, "ann", "bob"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("cancel" as const), id: fc.integer({ min: 1, max: 40 }) }) },
);

describe("the order book", () => {
  it("matches by price and then by time, as orders in a plain row do, and tells each level that changes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const told = { buy: new Map<number, number>(), sell: new Map<number, number>() };
        const book = new OrderBook((side, ticks, lots) => {
          if (lots === 0) told[side].delete(ticks);
          else told[side].set(ticks, lots);
        });
        const plain = new PlainBook();
        let id = 0;
        for (const doing of steps) {
          if (doing.what === "cancel") {
            book.cancel(doing.id);
            plain.cancel(doing.id);
          } else {
            id += 1;
            const { side, lots, ticks, owner } = doing;
            const { fills, resting, unfilled } = book.place({ id, owner, side, left: lots }, ticks);
            const expected = plain.place({ id, owner, side, left: lots }, ticks);
            assert.deepEqual(
              fills.map((fill) => [fill.maker.id, fill.ticks, fill.lots]),
              expected,
            );
            // Nothing comes about and nothing is lost.
            assert.equal(fills.reduce((sum, fill) => sum + fill.lots, 0) + resting + unfilled, lots);
            assert.ok(ticks === undefined ? resting === 0 : unfilled === 0);
          }
          const [bid, ask] = [book.best("buy"), book.best("sell")];
          assert.ok(bid === undefined || ask === undefined || bid.ticks < ask.ticks, "the book is crossed");
          for (const side of ["buy", "sell"] as const) {
            const levels = [...book.levels(side)];
            assert.deepEqual(
              levels.map((level) => [level.ticks, level.lots]),
              plain.levels(side),
            );
            for (const { lots, orders } of levels)
              assert.equal(
                orders.reduce((sum, { left }) => sum + left, 0),
                lots,
              );
            assert.deepEqual(told[side], new Map(plain.levels(side)));
          }
          assert.equal(book.size, plain.waiting.length);
        }
      }),
    );
  });

  it("trades at the price of the order that waited, the first in time first, and leaves the rest", () => {
    const book = new OrderBook();
    book.place({ id: 1, owner: undefined, side: "sell", left: 5 }, 101);
    book.place({ id: 2, owner: undefined, side: "sell", left: 5 }, 100);
    book.place({ id: 3, owner: undefined, side: "sell", left: 5 }, 100);
    const { fills, resting } = book.place({ id: 4, owner: "ann", side: "buy", left: 20 }, 102);
    assert.deepEqual(
      fills.map(({ maker, ticks, lots }) => [maker.id, ticks, lots]),
      [
        [2, 100, 5],
        [3, 100, 5],
        [1, 101, 5],
      ],
    );
    assert.equal(resting, 5);
    assert.equal(book.best("sell"), undefined);
    assert.equal(book.cancel(4)?.left, 5);
    assert.equal(book.cancel(4), undefined);
  });

  it("takes an order out of its owner's way", () => {
    const book = new OrderBook();
    book.place({ id: 1, owner: "ann", side: "sell", left: 5 }, 100);
    book.place({ id: 2, owner: "bob", side: "sell", left: 5 }, 100);
    const { fills, withdrawn } = book.place({ id: 3, owner: "ann", side: "buy", left: 5 }, 100);
    assert.deepEqual(withdrawn.map(({ id }) => id), [1]); // biome-ignore format: short
    assert.deepEqual(fills.map(({ maker }) => maker.id), [2]); // biome-ignore format: short
  });

  it("refuses numbers that are in use, and what is no whole number of lots and ticks", () => {
    const book = new OrderBook();
    book.place({ id: 1, owner: undefined, side: "buy", left: 1 }, 10);
    for (const [id, left, ticks] of [
      [1, 1, 10],
      [2, 0, 10],
      [2, 0.5, 10],
      [2, 1, 0],
      [2, 1, 9.5],
      [2, -1, undefined],
    ] as const) {
      assert.throws(() => book.place({ id, owner: undefined, side: "buy", left }, ticks), RangeError);
    }
    assert.equal(book.size, 1);
  });
});
