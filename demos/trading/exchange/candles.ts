// The candles of one instrument, of one length, over a span of time; longer ones are put together from them.
import type { Random } from "./random.js";

/** A candle in ticks and lots. */
export interface TickCandle {
  /** When it begins, in Unix milliseconds: a multiple of its length. */
  readonly startMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly lots: number;
}

/** Steps of the price within a candle that is made up. */
const STEPS = 4;

/** See the head of this file. */
export class Candles {
  readonly #lengthMs: number;
  readonly #count: number;
  /** By the number of its interval, modulo `count`; of older ones and of intervals without a trade there is none. */
  readonly #candles: (TickCandle | undefined)[];

  /**
   * @param lengthMs How long a candle is.
   * @param count How many are kept.
   */
  constructor(lengthMs: number, count: number) {
    this.#lengthMs = lengthMs;
    this.#count = count;
    this.#candles = Array.from({ length: count }, () => undefined);
  }

  /** A trade. */
  add(ticks: number, lots: number, nowMs: number): void {
    const interval = Math.floor(nowMs / this.#lengthMs);
    const startMs = interval * this.#lengthMs;
    const place = interval % this.#count;
    const known = this.#candles[place];
    if (known?.startMs !== startMs) {
      this.#candles[place] = { startMs, open: ticks, high: ticks, low: ticks, close: ticks, lots };
      return;
    }
    this.#candles[place] = {
      ...known,
      high: Math.max(known.high, ticks),
      low: Math.min(known.low, ticks),
      close: ticks,
      lots: known.lots + lots,
    };
  }

  /**
   * Makes up what was before the first trade: a walk that ends at `ticks`.
   * @param stepTicks How far a candle's close is from its open, about.
   * @param meanLots Lots of a candle, about.
   */
  makeUp(ticks: number, stepTicks: number, meanLots: number, nowMs: number, random: Random): void {
    const last = Math.floor(nowMs / this.#lengthMs) - 1;
    let close = ticks;
    let volatility = 0;
    for (let interval = last; interval > last - this.#count; interval -= 1) {
      volatility += -volatility / 40 + 0.13 * random.gaussian();
      const step = (stepTicks / Math.sqrt(STEPS)) * Math.exp(volatility);
      let price = close;
      let high = close;
      let low = close;
      for (let index = 0; index < STEPS; index += 1) {
        // Far from where it ends it comes back, so that no history begins at nothing.
        price = Math.max(ticks / 4, price + step * random.gaussian() + (ticks - price) / 4_000);
        high = Math.max(high, Math.round(price));
        low = Math.min(low, Math.round(price));
      }
      const open = Math.round(price);
      const lots = Math.max(1, Math.round(meanLots * Math.exp(volatility + 0.5 * random.gaussian())));
      this.#candles[((interval % this.#count) + this.#count) % this.#count] = {
        ...{ startMs: interval * this.#lengthMs, open, high, low, close, lots },
      };
      close = open;
    }
  }

  /** The candles that are kept and have a trade in them, the oldest first. */
  kept(nowMs: number): readonly TickCandle[] {
    const oldestMs = (Math.floor(nowMs / this.#lengthMs) - this.#count + 1) * this.#lengthMs;
    return this.#candles
      .filter((candle): candle is TickCandle => candle !== undefined && candle.startMs >= oldestMs)
      .sort((a, b) => a.startMs - b.startMs);
  }

  /** The price when what is kept begins, and the lots that were traded since. */
  summary(nowMs: number): { readonly open: number | undefined; readonly lots: number } {
    const kept = this.kept(nowMs);
    return { open: kept[0]?.open, lots: kept.reduce((sum, { lots }) => sum + lots, 0) };
  }
}

/**
 * Puts candles together to longer ones.
 * @param candles The oldest first.
 * @param lengthMs A multiple of theirs.
 */
export function joinCandles(candles: readonly TickCandle[], lengthMs: number): readonly TickCandle[] {
  const joined: TickCandle[] = [];
  for (const candle of candles) {
    const startMs = Math.floor(candle.startMs / lengthMs) * lengthMs;
    const last = joined.at(-1);
    if (last?.startMs !== startMs) joined.push({ ...candle, startMs });
    else {
      joined[joined.length - 1] = {
        ...last,
        high: Math.max(last.high, candle.high),
        low: Math.min(last.low, candle.low),
        close: candle.close,
        lots: last.lots + candle.lots,
      };
    }
  }
  return joined;
}
