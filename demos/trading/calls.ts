// What pages call.
import { type CallHandlers, type DefinitionOf, RealtimeError } from "openline/realtime";
import { joinCandles } from "./exchange/candles.js";
import { type Exchange, OrderRefused } from "./exchange/exchange.js";
import type { Market } from "./exchange/market.js";
import { OrderRates } from "./order-rates.js";
import type { api, Candle } from "./shared/contract.js";

/** Calls what takes orders; whoever placed one is told why it is not taken. */
function refusing<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof OrderRefused) throw new RealtimeError(error.code, error.message);
    throw error;
  }
}

/**
 * The handlers of all calls.
 * @param clockMs The server's clock: Unix milliseconds.
 * @param checksumAt The checksum that a book had at a revision, where it is remembered.
 */
export function callHandlers(
  exchange: Exchange,
  clockMs: () => number,
  checksumAt: (symbol: string, revision: number) => number | undefined,
): CallHandlers<undefined, DefinitionOf<typeof api>> {
  const rates = new OrderRates();
  const marketOf = (symbol: string): Market => {
    const market = exchange.market(symbol);
    if (market === undefined) throw new RealtimeError("unknown-symbol", "nothing is traded by that name");
    return market;
  };
  /** Who may place an order now. */
  const orderer = (user: string | null): string => {
    // `authenticate` lets in nobody else.
    if (user === null) throw new RealtimeError("forbidden", "orders have an owner");
    const retryAfterMs = rates.take(user, clockMs());
    if (retryAfterMs === 0) return user;
    throw new RealtimeError("rate-limited", "Too many orders at once", { retryable: true, retryAfterMs });
  };
  return {
    instruments: () => exchange.instruments,
    candles: ({ symbol, intervalMs }) => {
      const market = marketOf(symbol);
      const { price, size } = market.steps;
      const candles = joinCandles(market.candles.kept(clockMs()), intervalMs).map(
        ({ startMs, open, high, low, close, lots }): Candle => [
          startMs,
          price.format(open),
          price.format(high),
          price.format(low),
          price.format(close),
          size.format(lots),
        ],
      );
      return { candles, lastTradeId: market.lastTradeId };
    },
    checksum: ({ symbol, revision }) => ({ checksum: checksumAt(symbol, revision) ?? null }),
    order: (request, { user, key }) => {
      const owner = orderer(user.id);
      return refusing(() => exchange.place(owner, request, key, clockMs()));
    },
    cancel: ({ id }, { user }) => {
      const owner = orderer(user.id);
      return refusing(() => exchange.cancel(owner, id, clockMs()));
    },
  };
}
