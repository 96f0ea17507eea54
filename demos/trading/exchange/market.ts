// One instrument with its book, its last price, its candles, and its trader.

import { bookChecksum, type WrittenLevel } from "../shared/checksum.js";
import type { BookMark, Side } from "../shared/contract.js";
import { type Instrument, type InstrumentSteps, stepsOf } from "../shared/instrument.js";
import { CANDLE_HISTORY_MS, CANDLE_MS } from "../shared/limits.js";
import type { BookOrder, Level } from "./book-side.js";
import { Candles } from "./candles.js";
import type { Listing } from "./instruments.js";
import { OrderBook, type Placed } from "./order-book.js";
import type { Random } from "./random.js";

/** What happens in a market. */
export interface MarketEvents {
  /** A level has so many lots now; 0: it is gone. */
  levelChanged(market: Market, side: Side, ticks: number, lots: number): void;
  /** All changes that one order made have been told. */
  bookChanged(market: Market): void;
  /** `id` counts the trades of the instrument; `side` is that of the order that came last. */
  traded(
    market: Market,
    trade: { readonly id: number; readonly ticks: number; readonly lots: number; side: Side },
  ): void;
}

/** See the head of this file. */
export class Market {
  readonly instrument: Instrument;
  readonly steps: InstrumentSteps;
  readonly listing: Listing;
  readonly book: OrderBook;
  readonly candles: Candles;
  lastTicks: number;
  /** The last trade's number. */
  lastTradeId = 0;
  /** Orders that changed the book. */
  revision = 0;
  /** Changes of levels. */
  levelChanges = 0;
  /** When the book changed last, in Unix milliseconds. */
  changedAtMs: number;
  readonly #events: MarketEvents;
  #hour: { open: number; lots: number; readonly untilMs: number };

  constructor(listing: Listing, events: MarketEvents, random: Random, nowMs: number) {
    this.instrument = listing.instrument;
    this.steps = stepsOf(listing.instrument);
    this.listing = listing;
    this.lastTicks = listing.startTicks;
    this.changedAtMs = nowMs;
    this.#events = events;
    this.book = new OrderBook((side, ticks, lots) => {
      this.levelChanges += 1;
      events.levelChanged(this, side, ticks, lots);
    });
    this.candles = new Candles(CANDLE_MS, CANDLE_HISTORY_MS / CANDLE_MS);
    const seconds = CANDLE_MS / 1000;
    const meanLots = listing.typicalLots * listing.eventsPerSecond * seconds * 0.03;
    this.candles.makeUp(this.lastTicks, listing.volatilityTicks * Math.sqrt(seconds), meanLots, nowMs, random);
    this.#hour = this.#lookBack(nowMs);
  }

  /** Places an order, see `OrderBook.place`, and tells what comes of it. */
  place(order: Readonly<BookOrder>, limitTicks: number | undefined, nowMs: number): Placed {
    const placed = this.book.place(order, limitTicks);
    for (const { ticks, lots } of placed.fills) {
      this.lastTicks = ticks;
      this.lastTradeId += 1;
      this.candles.add(ticks, lots, nowMs);
      this.#hour.lots += lots;
      this.#events.traded(this, { id: this.lastTradeId, ticks, lots, side: order.side });
    }
    if (nowMs >= this.#hour.untilMs && placed.fills.length > 0) this.#hour = this.#lookBack(nowMs);
    if (placed.fills.length > 0 || placed.withdrawn.length > 0 || placed.resting > 0) this.#changed(nowMs);
    return placed;
  }

  /** Cancels an order, see `OrderBook.cancel`, and tells it. */
  cancel(id: number, nowMs: number): BookOrder | undefined {
    const order = this.book.cancel(id);
    if (order !== undefined) this.#changed(nowMs);
    return order;
  }

  #changed(nowMs: number): void {
    this.revision += 1;
    this.changedAtMs = nowMs;
    this.#events.bookChanged(this);
  }

  /** The price an hour ago, and the lots since: looked up again with each candle, and counted in between. */
  get hour(): { readonly open: number; readonly lots: number } {
    return this.#hour;
  }

  #lookBack(nowMs: number): { open: number; lots: number; untilMs: number } {
    const { open = this.lastTicks, lots } = this.candles.summary(nowMs);
    return { open, lots, untilMs: (Math.floor(nowMs / CANDLE_MS) + 1) * CANDLE_MS };
  }

  /** The levels of a side as they are written, the best first. */
  *written(side: Side): Generator<WrittenLevel, void> {
    for (const level of this.book.levels(side)) yield this.#write(level);
  }

  #write({ ticks, lots }: Level): WrittenLevel {
    return [this.steps.price.format(ticks), this.steps.size.format(lots)];
  }

  /** Where the book is now. */
  mark(): BookMark {
    const { revision, levelChanges, changedAtMs: timeMs } = this;
    return { revision, checksum: bookChecksum(this.written("buy"), this.written("sell")), levelChanges, timeMs };
  }
}
