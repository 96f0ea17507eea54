// The generator of one instrument: a crowd of traders as one process. Orders, cancellations and takers come as Poisson
// processes around a fair price, which wanders, comes back, and is calm for a while and wild for another.
import type { Side } from "../shared/contract.js";
import type { Listing } from "./instruments.js";
import type { Random } from "./random.js";

/** What a trader does with a book. */
export interface TradingFloor {
  /**
   * Places an order.
   * @param ticks The limit; undefined: at any price.
   * @returns The order's number if some of it waits.
   */
  place(side: Side, lots: number, ticks: number | undefined, nowMs: number): number | undefined;
  /** Cancels an order, unless it is gone. */
  cancel(id: number, nowMs: number): void;
}

/** Orders that wait, where as many come as go. */
const ORDERS_WANTED = 110;
/** How many of the events take what is there at any price. */
const TAKERS = 0.04;
/** Mean distance of an order from the best price, in ticks: most are near, some far. */
const NEAR_TICKS = 6;
const FAR_TICKS = 22;
const SHARE_FAR = 0.5;
/** Ticks from the best price at which an order is as large again as there. */
const THICKENING_TICKS = 3;
/** Orders that are further from the fair price than this go first. */
const STALE_TICKS = 90;
/** Seconds in which what is left of a difference goes to a third: of the wildness, of the price, of its anchor. */
const CALMING_S = 25;
const REVERSION_S = 240;
const ANCHOR_REVERSION_S = 5_400;
/** A process that slept does not make up for all that it missed. */
const CATCH_UP_MS = 1_000;

interface OwnOrder {
  readonly id: number;
  readonly ticks: number;
}

/** See the head of this file. */
export class Trader {
  readonly #listing: Listing;
  readonly #floor: TradingFloor;
  readonly #random: Random;
  readonly #orders: OwnOrder[] = [];
  /** In ticks and fractions: an opinion, no price. */
  #fair: number;
  #anchor: number;
  /** The logarithm of how wild it is. */
  #wildness = 0;
  #movedAtMs: number;
  #nextMs: number;

  /** Fills the book. */
  constructor(listing: Listing, floor: TradingFloor, random: Random, nowMs: number) {
    this.#listing = listing;
    this.#floor = floor;
    this.#random = random;
    this.#fair = listing.startTicks;
    this.#anchor = listing.startTicks;
    this.#movedAtMs = nowMs;
    for (let count = 0; count < ORDERS_WANTED; count += 1) this.#quote(nowMs);
    this.#nextMs = nowMs + this.#wait();
  }

  /** Does what is due. */
  advance(nowMs: number): void {
    if (nowMs - this.#nextMs > CATCH_UP_MS) this.#nextMs = nowMs - CATCH_UP_MS;
    while (this.#nextMs <= nowMs) {
      this.#move(this.#nextMs);
      this.#act(this.#nextMs);
      this.#nextMs += this.#wait();
    }
  }

  /** Wild times are busy times. */
  #wait(): number {
    return this.#random.exponential(1000 / (this.#listing.eventsPerSecond * Math.exp(this.#wildness / 2)));
  }

  #move(nowMs: number): void {
    const seconds = Math.min(Math.max(0, nowMs - this.#movedAtMs), CATCH_UP_MS) / 1000;
    this.#movedAtMs = nowMs;
    const root = Math.sqrt(seconds);
    const { volatilityTicks, startTicks } = this.#listing;
    this.#wildness += (-this.#wildness * seconds) / CALMING_S + 0.16 * root * this.#random.gaussian();
    this.#wildness = Math.min(1.5, this.#wildness);
    const step = volatilityTicks * Math.exp(this.#wildness) * root;
    this.#anchor += ((startTicks - this.#anchor) * seconds) / ANCHOR_REVERSION_S + step * this.#random.gaussian();
    this.#fair += ((this.#anchor - this.#fair) * seconds) / REVERSION_S + step * this.#random.gaussian();
    // Far below anything that comes about, and above what would be no price.
    this.#fair = Math.max(startTicks / 8, this.#fair);
  }

  #act(nowMs: number): void {
    const random = this.#random;
    if (random.next() < TAKERS) {
      this.#floor.place(this.#side(), this.#lots(0) + this.#lots(0), undefined, nowMs);
      return;
    }
    // As many waiting orders as are wanted: as many cancellations as orders.
    const cancelling = this.#orders.length / (this.#orders.length + ORDERS_WANTED);
    if (random.next() < cancelling) this.#cancel(nowMs);
    else this.#quote(nowMs);
  }

  #side(): Side {
    return this.#random.next() < 0.5 ? "buy" : "sell";
  }

  /** An order around the fair price. When that has moved past the best price of the other side, it trades. */
  #quote(nowMs: number): void {
    const random = this.#random;
    const side = this.#side();
    const distance = random.exponential(random.next() < SHARE_FAR ? FAR_TICKS : NEAR_TICKS);
    const ticks = side === "buy" ? Math.floor(this.#fair - 0.5 - distance) : Math.ceil(this.#fair + 0.5 + distance);
    if (ticks < 1) return;
    const id = this.#floor.place(side, this.#lots(distance), ticks, nowMs);
    if (id !== undefined) this.#orders.push({ id, ticks });
  }

  #lots(distanceTicks: number): number {
    const mean = this.#listing.typicalLots * (1 + distanceTicks / THICKENING_TICKS);
    return Math.max(1, Math.round(mean * Math.exp(0.8 * this.#random.gaussian() - 0.3)));
  }

  /** Of a few by chance the one that is furthest away, if it is far. */
  #cancel(nowMs: number): void {
    let chosen = this.#random.below(this.#orders.length);
    for (let tries = 0; tries < 3; tries += 1) {
      if (Math.abs((this.#orders[chosen]?.ticks ?? 0) - this.#fair) > STALE_TICKS) break;
      chosen = this.#random.below(this.#orders.length);
    }
    const order = this.#orders[chosen];
    const last = this.#orders.pop();
    if (order === undefined || last === undefined) return;
    if (order !== last) this.#orders[chosen] = last;
    this.#floor.cancel(order.id, nowMs);
  }
}
