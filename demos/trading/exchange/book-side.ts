// One side of an order book: its levels by price, and in each the orders in the order in which they came.
import type { Side } from "../shared/contract.js";

/** An order that waits in a book, or looks for others. */
export interface BookOrder {
  readonly id: number;
  /** Whose it is; undefined: nobody's in particular. */
  readonly owner: string | undefined;
  readonly side: Side;
  /** Lots that are still to be traded. */
  left: number;
}

/** An order that waits. */
export interface RestingOrder extends BookOrder {
  readonly ticks: number;
}

/** All orders of a price. */
export interface Level {
  readonly ticks: number;
  /** The sum of what is left of its orders. */
  lots: number;
  /** The one that came first is the first. */
  readonly orders: RestingOrder[];
}

/** See the head of this file. */
export class BookSide {
  /** 1 for bids, of which the highest is the best; -1 for asks. */
  readonly #sign: 1 | -1;
  /** The best is the last, where levels come and go. */
  readonly #levels: Level[] = [];

  constructor(side: Side) {
    this.#sign = side === "buy" ? 1 : -1;
  }

  /** The level of the best price. */
  get best(): Level | undefined {
    return this.#levels.at(-1);
  }

  get size(): number {
    return this.#levels.length;
  }

  /** The levels, the best first. */
  *levels(): Generator<Level, void> {
    for (let index = this.#levels.length - 1; index >= 0; index -= 1) yield this.#levels[index]!;
  }

  /** Whether an order of the other side with this limit would trade with the best level; without a limit, any would. */
  isReachedBy(limitTicks: number | undefined): boolean {
    const { best } = this;
    return best !== undefined && (limitTicks === undefined || (best.ticks - limitTicks) * this.#sign >= 0);
  }

  /** Puts an order behind those of its price. Returns its level. */
  add(order: RestingOrder): Level {
    const index = this.#indexOf(order.ticks);
    let level = this.#levels[index];
    if (level?.ticks !== order.ticks) {
      level = { ticks: order.ticks, lots: 0, orders: [] };
      this.#levels.splice(index, 0, level);
    }
    level.orders.push(order);
    level.lots += order.left;
    return level;
  }

  /** Takes an order out, with what is left of it. Returns its level. */
  remove(order: RestingOrder): Level {
    const level = this.#levels[this.#indexOf(order.ticks)];
    const place = level?.ticks === order.ticks ? level.orders.indexOf(order) : -1;
    if (level === undefined || place === -1) throw new RangeError(`the order ${order.id} is not in this book`);
    level.orders.splice(place, 1);
    level.lots -= order.left;
    this.#dropEmpty(level);
    return level;
  }

  /** Trades some lots of the first order of the best level, which leaves when nothing is left of it. */
  reduceFirst(level: Level, order: RestingOrder, lots: number): void {
    order.left -= lots;
    level.lots -= lots;
    if (order.left === 0) level.orders.shift();
    this.#dropEmpty(level);
  }

  #dropEmpty(level: Level): void {
    if (level.orders.length === 0) this.#levels.splice(this.#indexOf(level.ticks), 1);
  }

  /** Where the level of a price is, or would be. */
  #indexOf(ticks: number): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#levels[middle]!.ticks - ticks) * this.#sign < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
