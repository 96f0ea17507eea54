// The matching engine of one instrument: price first, then time. Prices are whole ticks and sizes whole lots, so that
// nothing is rounded. It reads no clock and draws nothing by chance.
import type { Side } from "../shared/contract.js";
import { type BookOrder, BookSide, type Level, type RestingOrder } from "./book-side.js";

/** What was traded with an order that waited. */
export interface Fill {
  readonly maker: RestingOrder;
  readonly ticks: number;
  readonly lots: number;
}

/** What became of an order. */
export interface Placed {
  /** What was traded, in the order in which it was. */
  readonly fills: readonly Fill[];
  /** Orders of the same owner that stood in the way: they were taken out of the book, for nobody trades with themselves. */
  readonly withdrawn: readonly RestingOrder[];
  /** Lots that wait in the book now. */
  readonly resting: number;
  /** Lots of an order without a limit that found nobody. */
  readonly unfilled: number;
}

/** See the head of this file. */
export class OrderBook {
  readonly #bids = new BookSide("buy");
  readonly #asks = new BookSide("sell");
  readonly #orders = new Map<number, RestingOrder>();
  readonly #levelChanged: (side: Side, ticks: number, lots: number) => void;

  /** @param levelChanged Hears of each level that changed: how many lots it has now, 0 when it is gone. */
  constructor(levelChanged: (side: Side, ticks: number, lots: number) => void = () => {}) {
    this.#levelChanged = levelChanged;
  }

  /** Orders that wait. */
  get size(): number {
    return this.#orders.size;
  }

  /** The best level of a side. */
  best(side: Side): Level | undefined {
    return this.#side(side).best;
  }

  /** The levels of a side, the best first. */
  levels(side: Side): Iterable<Level> {
    return this.#side(side).levels();
  }

  order(id: number): RestingOrder | undefined {
    return this.#orders.get(id);
  }

  /**
   * Trades an order with those that wait, at their prices, and leaves what remains of it in the book.
   * @param order With a number of its own, and whole lots above 0; it is not changed.
   * @param limitTicks The worst price that it takes, a whole number; undefined: any, and nothing of it waits.
   * @throws RangeError for a number that is in use, or lots or a price that are not whole or not above 0
   */
  place(order: Readonly<BookOrder>, limitTicks: number | undefined): Placed {
    this.#check(order, limitTicks);
    const fills: Fill[] = [];
    const withdrawn: RestingOrder[] = [];
    const other = this.#side(order.side === "buy" ? "sell" : "buy");
    let { left } = order;
    while (left > 0 && other.isReachedBy(limitTicks)) {
      const level = other.best!;
      const maker = level.orders[0]!;
      if (maker.owner !== undefined && maker.owner === order.owner) {
        withdrawn.push(maker);
        this.cancel(maker.id);
        continue;
      }
      const lots = Math.min(left, maker.left);
      left -= lots;
      other.reduceFirst(level, maker, lots);
      if (maker.left === 0) this.#orders.delete(maker.id);
      this.#levelChanged(maker.side, level.ticks, level.lots);
      fills.push({ maker, ticks: level.ticks, lots });
    }
    const resting = limitTicks === undefined ? 0 : left;
    if (limitTicks !== undefined && left > 0) this.#rest({ ...order, ticks: limitTicks, left });
    return { fills, withdrawn, resting, unfilled: left - resting };
  }

  #check({ id, left }: Readonly<BookOrder>, limitTicks: number | undefined): void {
    if (this.#orders.has(id)) throw new RangeError(`there is an order ${id} already`);
    for (const steps of [left, limitTicks ?? 1]) {
      if (!Number.isSafeInteger(steps) || steps < 1) throw new RangeError(`${steps} is no whole number above 0`);
    }
  }

  #rest(order: RestingOrder): void {
    this.#orders.set(order.id, order);
    const level = this.#side(order.side).add(order);
    this.#levelChanged(order.side, level.ticks, level.lots);
  }

  /** Takes an order out of the book. Returns it, with what was left; undefined when it is not there (any more). */
  cancel(id: number): RestingOrder | undefined {
    const order = this.#orders.get(id);
    if (order === undefined) return undefined;
    this.#orders.delete(id);
    const level = this.#side(order.side).remove(order);
    this.#levelChanged(order.side, level.ticks, level.lots);
    return order;
  }

  #side(side: Side): BookSide {
    return side === "buy" ? this.#bids : this.#asks;
  }
}
