// The exchange on the real-time layer: what happens there goes into channels, and users place their orders by calls.
import { createHash } from "node:crypto";
import { createRealtime, type DefinitionOf, EngineError, memory, type ServedRealtime } from "openline/realtime";
import { BookPublisher } from "./book-publisher.js";
import { callHandlers } from "./calls.js";
import { Exchange, type ExchangeEvents } from "./exchange/exchange.js";
import type { Market } from "./exchange/market.js";
import type { Random } from "./exchange/random.js";
import { api, type BookMark, type Order } from "./shared/contract.js";
import { INSTRUMENTS, TOKEN_MAX_LENGTH } from "./shared/limits.js";

/** How often the generator is asked for what is due: more often than a page is told. */
const STEP_MS = 20;
/** How often it is looked which books nobody follows any more, and how long one who was let in has to get there. */
const LOOK_MS = 2_000;
const GRACE_MS = 20_000;
/** What the channels may take in memory: 200 books and their trades, and the orders of some hundred users. */
const MEMORY_MAX_BYTES = 96 * 1024 * 1024;
/** A page has a handful of channels, and few calls under way. */
const LIMITS = {
  maxSubscriptions: 32,
  maxRequests: 32,
  requestsPerSecond: 40,
  requestBurst: 80,
  maxMessageBytes: 16 * 1024,
  maxBufferedBytes: 4 * 1024 * 1024,
};

/** Who a page is: what only that page knows, made into a name that others may know. Undefined: nobody. */
export function userOf(token: unknown): string | undefined {
  if (typeof token !== "string" || token.length < 16 || token.length > TOKEN_MAX_LENGTH) return undefined;
  return createHash("sha256").update(token).digest("base64url").slice(0, 12);
}

/** See the head of this file. */
export class TradingFloor {
  readonly realtime: ServedRealtime<DefinitionOf<typeof api>>;
  readonly exchange: Exchange;
  readonly #clockMs: () => number;
  readonly #books = new Map<string, BookPublisher>();
  readonly #timers: NodeJS.Timeout[];

  /**
   * Opens the exchange, which trades from then on.
   * @param random Where the generator's chance comes from.
   * @param clockMs The server's clock: Unix milliseconds.
   * @param instruments How many are traded.
   */
  constructor(random: Random, clockMs: () => number, instruments: number = INSTRUMENTS) {
    this.#clockMs = clockMs;
    this.exchange = new Exchange(instruments, this.#events(), random, clockMs());
    this.realtime = createRealtime(api, {
      engine: memory({ maxBytes: MEMORY_MAX_BYTES }),
      limits: LIMITS,
      authenticate: ({ token }) => {
        const user = userOf(token);
        return user === undefined ? undefined : { user };
      },
      authorize: {
        "book/{symbol}": (_user, { symbol }, action) => action === "subscribe" && this.#follow(symbol),
        "trades/{symbol}": (_user, { symbol }, action) => action !== "publish" && this.#isTraded(symbol),
        tickers: (_user, _params, action) => action === "subscribe",
        "orders/{user}": ({ id }, { user }, action) => action !== "publish" && id === user,
        "account/{user}": ({ id }, { user }, action) => action === "subscribe" && id === user,
      },
      calls: callHandlers(this.exchange, clockMs, (symbol, revision) => this.#books.get(symbol)?.checksumAt(revision)),
    });
    for (const market of this.exchange.markets) {
      this.#books.set(market.instrument.symbol, this.#publisherOf(market));
      this.#tellPrice(market);
    }
    this.#timers = [
      setInterval(() => this.exchange.advance(clockMs()), STEP_MS),
      setInterval(() => this.#look(), LOOK_MS),
    ];
  }

  /** What happens on the exchange, and where it is told. Nothing happens before there are channels. */
  #events(): ExchangeEvents {
    const bookOf = ({ instrument }: Market): BookPublisher | undefined => this.#books.get(instrument.symbol);
    return {
      levelChanged: (market, side, ticks, lots) => bookOf(market)?.levelChanged(side, ticks, lots),
      bookChanged: (market) => bookOf(market)?.bookChanged(),
      traded: (market, { id, ticks, lots, side }) => {
        // Before the first page can be there: while books are filled, orders may meet.
        if (this.#books.size === 0) return;
        const { price, size } = market.steps;
        const trade = { id, price: price.format(ticks), size: size.format(lots), side };
        this.#done(this.realtime.publish(`trades/${market.instrument.symbol}`, trade));
        this.#tellPrice(market);
      },
      orderChanged: (owner, event) => {
        this.#done(this.realtime.publish(`orders/${owner}`, event));
        this.#keepOrder(owner, event.order);
      },
      positionChanged: (owner, position) => {
        this.#done(this.realtime.set(`account/${owner}`, `position/${position.symbol}`, position));
      },
      accountForgotten: (owner, positions) => {
        for (const { symbol } of positions) this.#done(this.realtime.delete(`account/${owner}`, `position/${symbol}`));
      },
    };
  }

  #publisherOf(market: Market): BookPublisher {
    const name = `book/${market.instrument.symbol}` as const;
    return new BookPublisher(market, {
      set: (key: string, value: string | BookMark) => this.#done(this.realtime.set(name, key, value)),
      delete: (key: string) => this.#done(this.realtime.delete(name, key)),
    });
  }

  #tellPrice({ instrument, steps, lastTicks, hour }: Market): void {
    const { price, size } = steps;
    const ticker = { last: price.format(lastTicks), open: price.format(hour.open), volume: size.format(hour.lots) };
    this.#done(this.realtime.set("tickers", instrument.symbol, ticker));
  }

  #keepOrder(owner: string, order: Order): void {
    const key = `order/${order.id}`;
    if (order.status === "open") this.#done(this.realtime.set(`account/${owner}`, key, order));
    else this.#done(this.realtime.delete(`account/${owner}`, key));
  }

  #isTraded(symbol: string): boolean {
    return this.#books.has(symbol);
  }

  /** Somebody wants to follow a book: it is written down from now on. */
  #follow(symbol: string): boolean {
    this.#books.get(symbol)?.wanted(this.#clockMs());
    return this.#isTraded(symbol);
  }

  #look(): void {
    const followed = new Set<string>();
    for (const { channels } of this.realtime.sessions) for (const name of channels) followed.add(name);
    for (const [symbol, book] of this.#books) {
      if (book.isActive && !followed.has(`book/${symbol}`)) book.unwanted(this.#clockMs(), GRACE_MS);
    }
  }

  /** Nobody waits for it; what fails is told, but for what comes when all is over. */
  #done(telling: Promise<unknown>): void {
    telling.catch((error: unknown) => {
      if (!(error instanceof EngineError && error.code === "closed")) console.error(error);
    });
  }

  /** Stops the trading. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
