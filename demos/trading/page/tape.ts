// Trades of the instrument that is shown: the newest as a list, all of them as candles.
import { byId, element, setText } from "../../site/page/dom.js";
import type { Candle, Trade } from "../shared/contract.js";
import { type Instrument, stepsOf } from "../shared/instrument.js";
import type { TradingClient } from "./book-feed.js";
import { CandleChart, type DrawnCandle } from "./candle-chart.js";
import { PaceMaker } from "./pace-maker.js";

const ROWS = 14;
/** Trades that are asked for first: what fills the list. */
const LAST = 20;
const SHOWING_INTERVAL_MS = 150;

interface TimedTrade extends Trade {
  readonly timeMs: number;
}

interface Row {
  readonly item: HTMLElement;
  readonly side: HTMLElement;
  readonly price: HTMLElement;
  readonly size: HTMLElement;
  readonly time: HTMLElement;
}

function makeRow(): Row {
  const side = element("span", "side");
  // An image to those who hear the page: its name is in its label.
  side.setAttribute("role", "img");
  const price = element("span", "");
  const size = element("span", "");
  const time = element("time", "muted");
  const item = element("li", "", element("span", "price", side, " ", price), size, time);
  return { item, side, price, size, time };
}

/** See the head of this file. */
export class Tape {
  readonly #client: TradingClient;
  readonly #chart = new CandleChart();
  readonly #rows: readonly Row[] = Array.from({ length: ROWS }, makeRow);
  readonly #showing = new PaceMaker(SHOWING_INTERVAL_MS, () => this.#show());
  #instrument: Instrument | undefined;
  #intervalMs: number;
  #candles: DrawnCandle[] = [];
  /** The last trade that is in the candles. */
  #lastTradeId = 0;
  /** The newest last: until the candles have come, all that are not in them. */
  #trades: TimedTrade[] = [];
  #stop: () => void = () => undefined;
  /** Counts what was asked for: an answer to an older question means nothing. */
  #question = 0;

  constructor(client: TradingClient, intervalMs: number) {
    this.#client = client;
    this.#intervalMs = intervalMs;
    byId("trades", HTMLOListElement).replaceChildren(...this.#rows.map(({ item }) => item));
  }

  /** Follows the trades of another instrument. */
  follow(instrument: Instrument): void {
    this.#instrument = instrument;
    this.#trades = [];
    this.#showing.ask();
    this.#stop();
    void this.reload();
    const channel = this.#client.channel(`trades/${instrument.symbol}`, { last: LAST });
    this.#stop = channel.listen((event) => {
      if (event.type === "message") this.#take({ ...event.value, timeMs: event.timeMs ?? 0 });
      else if (event.type === "gap") {
        // What is lost here is in the candles of the server. One that was started anew counts trades anew.
        this.#trades = [];
        void this.reload();
      }
    });
  }

  /** How long candles are, in milliseconds. */
  set intervalMs(intervalMs: number) {
    this.#intervalMs = intervalMs;
    void this.reload();
  }

  /** Asks for the candles. */
  async reload(): Promise<void> {
    const question = ++this.#question;
    const instrument = this.#instrument;
    if (instrument === undefined) return;
    this.#lastTradeId = Number.POSITIVE_INFINITY;
    const { symbol } = instrument;
    try {
      const { candles, lastTradeId } = await this.#client.call("candles", { symbol, intervalMs: this.#intervalMs });
      if (question !== this.#question) return;
      this.#candles = candles.map(drawn);
      this.#lastTradeId = lastTradeId;
      for (const trade of this.#trades) this.#addToCandles(trade);
      this.#draw();
    } catch {
      // Without a connection: it is asked again when there is one.
    }
  }

  #take(trade: TimedTrade): void {
    // What was kept comes again when somebody comes back to an instrument.
    if (trade.id <= (this.#trades.at(-1)?.id ?? 0)) return;
    this.#trades.push(trade);
    if (this.#trades.length > 5 * LAST) this.#trades.splice(0, LAST);
    this.#showing.ask();
    this.#addToCandles(trade);
    this.#draw();
  }

  /** The newest trades, the newest first. */
  #show(): void {
    for (const [index, row] of this.#rows.entries()) {
      const trade = this.#trades.at(-1 - index);
      row.item.hidden = trade === undefined;
      if (trade === undefined) continue;
      const { side, price, size, timeMs } = trade;
      row.item.className = side === "buy" ? "up" : "down";
      setText(row.side, side === "buy" ? "▲" : "▼");
      row.side.setAttribute("aria-label", side === "buy" ? "bought at" : "sold at");
      setText(row.price, price);
      setText(row.size, size);
      setText(row.time, new Date(timeMs).toLocaleTimeString([], { hour12: false }));
    }
  }

  #addToCandles({ id, price, size, timeMs }: TimedTrade): void {
    if (id <= this.#lastTradeId) return;
    this.#lastTradeId = id;
    const value = Number(price);
    const volume = Number(size);
    const startS = (Math.floor(timeMs / this.#intervalMs) * this.#intervalMs) / 1000;
    const last = this.#candles.at(-1);
    if (last === undefined || last[0] < startS) {
      this.#candles.push([startS, value, value, value, value, volume]);
      return;
    }
    const [start, open, high, low, , traded] = last;
    this.#candles[this.#candles.length - 1] = [
      ...([start, open, Math.max(high, value), Math.min(low, value), value] as const),
      traded + volume,
    ];
  }

  #draw(): void {
    if (this.#instrument !== undefined) this.#chart.draw(this.#candles, stepsOf(this.#instrument).price.decimals);
  }
}

/** For the eye: a pixel is coarser than what a number loses. */
function drawn([startMs, open, high, low, close, volume]: Candle): DrawnCandle {
  return [startMs / 1000, Number(open), Number(high), Number(low), Number(close), Number(volume)];
}
