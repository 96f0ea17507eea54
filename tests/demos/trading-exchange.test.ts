import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Candles, joinCandles } from "../../demos/trading/exchange/candles.js";
import { Exchange, type ExchangeEvents, OrderRefused } from "../../demos/trading/exchange/exchange.js";
import { listInstruments } from "../../demos/trading/exchange/instruments.js";
import type { Market } from "../../demos/trading/exchange/market.js";
import { Random } from "../../demos/trading/exchange/random.js";
import type { OrderEvent, Position } from "../../demos/trading/shared/contract.js";

const START_MS = 1_800_000_000_000;

/** An exchange that writes down what happens to users. */
class Watched {
  readonly events: (readonly [owner: string, event: OrderEvent])[] = [];
  readonly positions = new Map<string, Position>();
  readonly forgotten: string[] = [];
  bookChanges = 0;
  trades = 0;
  nowMs = START_MS;
  readonly exchange: Exchange;

  constructor(instruments: number, seed: number, events: Partial<ExchangeEvents> = {}) {
    const watching: ExchangeEvents = {
      levelChanged: () => {},
      bookChanged: () => (this.bookChanges += 1),
      traded: () => (this.trades += 1),
      orderChanged: (owner, event) => this.events.push([owner, event]),
      positionChanged: (owner, position) => this.positions.set(`${owner} ${position.symbol}`, position),
      accountForgotten: (owner) => this.forgotten.push(owner),
      ...events,
    };
    this.exchange = new Exchange(instruments, watching, new Random(seed), this.nowMs);
  }

  advance(seconds: number): void {
    const endMs = this.nowMs + seconds * 1000;
    while (this.nowMs < endMs) {
      this.nowMs += 20;
      this.exchange.advance(this.nowMs);
    }
  }

  get first(): Market {
    return [...this.exchange.markets][0]!;
  }

  /** What happened to a user's orders, in words. */
  story(owner: string): string[] {
    return this.events.filter(([whose]) => whose === owner).map(([, { what, order }]) => `${what} ${order.filled}`);
  }
}

describe("the generator", () => {
  it("keeps books that are never crossed, thicken away from the best price, and stay about as full", () => {
    const watched = new Watched(12, 7, {
      bookChanged: ({ book }) => {
        const [bid, ask] = [book.best("buy"), book.best("sell")];
        assert.ok(bid === undefined || ask === undefined || bid.ticks < ask.ticks);
      },
    });
    const [near, far] = [[0, 0], [0, 0]]; // biome-ignore format: short
    for (let round = 0; round < 40; round += 1) {
      watched.advance(2);
      for (const { book } of watched.exchange.markets) {
        assert.ok(book.size > 15 && book.size < 250, `${book.size} orders`);
        for (const side of ["buy", "sell"] as const) {
          for (const [index, { lots }] of [...book.levels(side)].entries()) {
            const sum = index < 4 ? near : index < 16 ? far : undefined;
            if (sum !== undefined) [sum[0], sum[1]] = [sum[0]! + lots, sum[1]! + 1];
          }
        }
      }
    }
    assert.ok(watched.trades > 100);
    assert.ok(far[0]! / far[1]! > 1.2 * (near[0]! / near[1]!), "as thin far away as near");
  });

  it("does the same again with the same seed, and something else with another", () => {
    const run = (seed: number): unknown[] => {
      const watched = new Watched(3, seed);
      watched.advance(20);
      return [...watched.exchange.markets].map((market) => [market.lastTicks, market.mark()]);
    };
    assert.deepEqual(run(1), run(1));
    assert.notDeepEqual(run(1), run(2));
  });

  it("does not make up for all that a process missed that slept", () => {
    const watched = new Watched(2, 3);
    watched.bookChanges = 0;
    watched.nowMs += 3_600_000;
    watched.exchange.advance(watched.nowMs);
    assert.ok(watched.bookChanges > 0 && watched.bookChanges < 5_000, String(watched.bookChanges));
  });

  it("lists 200 instruments, each with a symbol of its own, whose ticks and lots differ", () => {
    const listings = listInstruments(200, new Random(1));
    assert.equal(new Set(listings.map(({ instrument }) => instrument.symbol)).size, 200);
    assert.ok(new Set(listings.map(({ instrument }) => instrument.tick + " " + instrument.lot)).size >= 5);
    assert.ok(listings.every(({ startTicks, typicalLots }) => startTicks > 200 && typicalLots >= 1));
  });
});

describe("an order of a user's", () => {
  it("fills partly at once, waits with the rest, and is filled when others come", () => {
    const watched = new Watched(1, 11);
    const { exchange, first } = watched;
    const { price, size } = first.steps;
    const { ticks, lots: there } = first.book.best("sell")!;
    const lots = there + 2;
    const limit = price.format(ticks);
    const order = exchange.place(
      "ann",
      { type: "limit", symbol: first.instrument.symbol, side: "buy", size: size.format(lots), price: limit },
      "key-1",
      watched.nowMs,
    );
    assert.equal(order.status, "open");
    assert.equal(order.filled, size.format(there));
    assert.equal(first.book.best("buy")?.ticks, ticks);
    // Somebody sells to her.
    exchange.place(
      "bob",
      { type: "market", symbol: order.symbol, side: "sell", size: size.format(2) },
      undefined,
      watched.nowMs,
    );
    assert.deepEqual(watched.story("ann").at(0), `accepted ${size.format(0)}`);
    assert.deepEqual(watched.story("ann").at(-1), `filled ${size.format(lots)}`);
    const last = watched.events.findLast(([owner]) => owner === "ann")?.[1];
    assert.equal(last?.order.status, "filled");
    assert.equal(last.order.key, "key-1");
    assert.equal(last.fill?.isMaker, true);
    const { symbol } = order;
    assert.equal(watched.positions.get(`ann ${symbol}`)?.size, size.format(lots));
    assert.equal(watched.positions.get(`bob ${symbol}`)?.size, size.format(-2));
    // What she paid is exactly what it cost.
    const each = price.units(ticks) * size.units(lots);
    const cost = BigInt(watched.positions.get(`ann ${symbol}`)!.cost.replace(".", ""));
    assert.equal(cost, each);
  });

  it("is cancelled once, by its owner", () => {
    const watched = new Watched(1, 11);
    const { exchange, first } = watched;
    const { symbol } = first.instrument;
    const price = first.steps.price.format(first.book.best("buy")!.ticks - 30);
    const order = exchange.place(
      "ann",
      { type: "limit", symbol, side: "buy", size: first.steps.size.format(3), price },
      undefined,
      watched.nowMs,
    );
    assert.throws(() => exchange.cancel("bob", order.id, watched.nowMs), { code: "order-not-open" });
    assert.equal(exchange.cancel("ann", order.id, watched.nowMs).status, "cancelled");
    assert.throws(() => exchange.cancel("ann", order.id, watched.nowMs), OrderRefused);
    assert.equal(first.book.order(Number(order.id)), undefined);
    assert.deepEqual(watched.story("ann"), [`accepted ${order.filled}`, `cancelled ${order.filled}`]);
  });

  it("is refused with the reason", () => {
    const { exchange, first, nowMs } = new Watched(1, 11);
    const { symbol, lot } = first.instrument;
    const last = first.steps.price.format(first.lastTicks);
    const refusedWith = (code: string, request: object): void => {
      const order = { type: "limit" as const, symbol, side: "buy" as const, size: lot, price: last, ...request };
      assert.throws(() => exchange.place("ann", order, undefined, nowMs), { name: "OrderRefused", code });
    };
    refusedWith("unknown-symbol", { symbol: "NOPE" });
    refusedWith("invalid-size", { size: "0" });
    refusedWith("size-off-lot", { size: String(Number(lot) * 1.5) });
    refusedWith("size-too-large", { size: "99999999" });
    refusedWith("price-off-tick", { price: last + (last.includes(".") ? "" : ".") + "1" });
    refusedWith("price-off-band", { price: first.steps.price.format(first.lastTicks * 2) });
    const low = first.steps.price.format(Math.ceil(first.lastTicks * 0.85));
    for (let count = 0; count < 50; count += 1) {
      exchange.place("ann", { type: "limit", symbol, side: "buy", size: lot, price: low }, undefined, nowMs);
    }
    refusedWith("too-many-orders", { price: low });
  });

  it("goes with its owner, when many others have come since", () => {
    const watched = new Watched(1, 11);
    const { exchange, first, nowMs } = watched;
    const { symbol, lot } = first.instrument;
    const price = first.steps.price.format(Math.ceil(first.lastTicks * 0.85));
    const order = exchange.place("ann", { type: "limit", symbol, side: "buy", size: lot, price }, undefined, nowMs);
    for (let count = 0; count < 500; count += 1) {
      exchange.place(
        `user ${count}`,
        { type: "market", symbol, side: count % 2 ? "buy" : "sell", size: lot },
        undefined,
        nowMs,
      );
    }
    assert.deepEqual(watched.forgotten, ["ann"]);
    assert.equal(first.book.order(Number(order.id)), undefined);
    assert.equal(watched.story("ann").at(-1), `cancelled ${order.filled}`);
  });
});

describe("candles", () => {
  it("have the first, the highest, the lowest and the last price of their time, and join to longer ones", () => {
    const candles = new Candles(1_000, 4);
    for (const [ticks, lots, atMs] of [
      [10, 1, 0],
      [12, 2, 500],
      [9, 1, 900],
      [11, 5, 1_000],
      [20, 1, 3_999],
    ] as const) {
      candles.add(ticks, lots, atMs);
    }
    const kept = candles.kept(3_999);
    assert.deepEqual(kept, [
      { startMs: 0, open: 10, high: 12, low: 9, close: 9, lots: 4 },
      { startMs: 1_000, open: 11, high: 11, low: 11, close: 11, lots: 5 },
      { startMs: 3_000, open: 20, high: 20, low: 20, close: 20, lots: 1 },
    ]);
    assert.deepEqual(joinCandles(kept, 2_000), [
      { startMs: 0, open: 10, high: 12, low: 9, close: 11, lots: 9 },
      { startMs: 2_000, open: 20, high: 20, low: 20, close: 20, lots: 1 },
    ]);
    assert.deepEqual(candles.summary(3_999), { open: 10, lots: 10 });
    // The oldest have had their time.
    assert.deepEqual(candles.kept(5_500).map(({ startMs }) => startMs), [3_000]); // biome-ignore format: short
  });

  it("are made up so that they end where trading begins, each where the one before it ended", () => {
    const candles = new Candles(5_000, 100);
    candles.makeUp(1_000, 3, 50, START_MS, new Random(5));
    const kept = candles.kept(START_MS);
    assert.equal(kept.length, 99);
    assert.equal(kept.at(-1)?.close, 1_000);
    for (const [index, { open, high, low, close, lots }] of kept.entries()) {
      assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close) && lots > 0);
      if (index > 0) assert.equal(open, kept[index - 1]?.close);
    }
  });
});
