// What the page and the server say to each other. Prices and sizes are decimals as text. Only what clients send is checked
// with schemas; the server is believed.
import { call, contract, log, state, unchecked } from "openline/realtime/contract";
import * as v from "valibot";
import type { Instrument } from "./instrument.js";
import { BOOK_UPDATES_PER_SECOND, CANDLE_INTERVALS_MS, TICKER_UPDATES_PER_SECOND } from "./limits.js";

/** Who takes part on which side. */
export type Side = "buy" | "sell";

/** The key in a book's state under which its mark is. No level has it. */
export const MARK_KEY: string = "@";

/** Where a book is: set anew with each change, after the levels that it changed. */
export interface BookMark {
  /** Counts the changes of the book: one for each order that changed it. */
  readonly revision: number;
  /** Of the whole book, see checksum.ts. */
  readonly checksum: number;
  /** Changes of levels until now. */
  readonly levelChanges: number;
  /** When it changed, by the server's clock: Unix time in milliseconds. */
  readonly timeMs: number;
}

/** A trade, told to everybody. */
export interface Trade {
  /** Counts the trades of the instrument. */
  readonly id: number;
  readonly price: string;
  readonly size: string;
  /** The side of the order that came last. */
  readonly side: Side;
}

/** An instrument in the list of prices. */
export interface Ticker {
  readonly last: string;
  /** The price an hour ago. */
  readonly open: string;
  /** Traded within the last hour. */
  readonly volume: string;
}

/** What is to be bought or sold. */
export type OrderRequest = v.InferOutput<typeof orderRequest>;

/** An order as its owner sees it. */
export interface Order {
  readonly type: "order";
  readonly id: string;
  readonly symbol: string;
  readonly side: Side;
  /** The price of a limit order; a market order has none. */
  readonly limit: string | null;
  readonly size: string;
  readonly filled: string;
  readonly status: "open" | "filled" | "cancelled";
  /** The idempotency key that it was placed with. */
  readonly key: string | null;
  readonly placedAtMs: number;
}

/** What somebody has of an instrument. */
export interface Position {
  readonly type: "position";
  readonly symbol: string;
  /** Negative when more was sold than bought. */
  readonly size: string;
  /** What was paid for it, less what was got: negative when more was got. */
  readonly cost: string;
}

/** What happened to an order. */
export interface OrderEvent {
  readonly what: "accepted" | "filled" | "cancelled";
  /** As it was then. */
  readonly order: Order;
  readonly fill?: {
    readonly price: string;
    readonly size: string;
    /** Whether it waited in the book for the other one. */
    readonly isMaker: boolean;
  };
}

/** A candle: when it begins (Unix time in milliseconds), open, high, low, close, volume. */
export type Candle = readonly [startMs: number, open: string, high: string, low: string, close: string, volume: string];

const decimal = v.pipe(v.string(), v.maxLength(32), v.regex(/^\d+(\.\d+)?$/, "a decimal such as 12.50"));
const symbol = v.pipe(v.string(), v.maxLength(8));
const side = v.picklist(["buy", "sell"]);
const orderRequest = v.variant("type", [
  v.object({ type: v.literal("limit"), symbol, side, size: decimal, price: decimal }),
  v.object({ type: v.literal("market"), symbol, side, size: decimal }),
]);

/** The contract. */
export const api = contract({
  channels: {
    /** Levels by `levelKey`, and the mark. */
    "book/{symbol}": state({ value: unchecked<string | BookMark>(), maxUpdatesPerSecond: BOOK_UPDATES_PER_SECOND }),
    "trades/{symbol}": log({
      message: unchecked<Trade>(),
      retain: { count: 100, ageMs: 600_000 },
      tell: { user: false, key: false },
    }),
    /** By symbol. */
    tickers: state({ value: unchecked<Ticker>(), maxUpdatesPerSecond: TICKER_UPDATES_PER_SECOND }),
    /** What happens to one's orders. */
    "orders/{user}": log({ message: unchecked<OrderEvent>(), retain: { count: 200, ageMs: 3_600_000 } }),
    /** One's open orders by "order/<id>", and positions by "position/<symbol>". */
    "account/{user}": state({ value: unchecked<Order | Position>() }),
  },
  calls: {
    instruments: call({ output: unchecked<readonly Instrument[]>() }),
    candles: call({
      input: v.object({ symbol, intervalMs: v.picklist(CANDLE_INTERVALS_MS) }),
      /** `lastTradeId`: the last trade that is in them. */
      output: unchecked<{ readonly candles: readonly Candle[]; readonly lastTradeId: number }>(),
    }),
    /** The checksum that the book had at a revision; null where that is not known any more. */
    checksum: call({
      input: v.object({ symbol, revision: v.pipe(v.number(), v.safeInteger()) }),
      output: unchecked<{ readonly checksum: number | null }>(),
    }),
    order: call({ input: orderRequest, output: unchecked<Order>(), idempotent: true }),
    cancel: call({
      input: v.object({ id: v.pipe(v.string(), v.maxLength(20)) }),
      output: unchecked<Order>(),
      idempotent: true,
    }),
  },
});
