// The page's entry: one client, one instrument at a time, and what shows it.
import { createClient } from "openline/realtime/client";
import { ConnectionView } from "../../site/page/connection-view.js";
import { byId, randomId, setText } from "../../site/page/dom.js";
import type { BookView } from "../shared/book-view.js";
import { api, type Ticker } from "../shared/contract.js";
import { groupDigits } from "../shared/decimal.js";
import { type Instrument, stepsOf } from "../shared/instrument.js";
import {
  BOOK_UPDATES_PER_SECOND,
  CANDLE_INTERVALS_MS,
  SOCKET_PATH,
  TICKER_UPDATES_PER_SECOND,
} from "../shared/limits.js";
import { BookFeed, type Pace, type TradingClient } from "./book-feed.js";
import { CuttableSocket } from "./cuttable-socket.js";
import { Ladder } from "./ladder.js";
import { Meters } from "./meters.js";
import { OwnOrders } from "./own-orders.js";
import { PaceMaker } from "./pace-maker.js";
import { Placing } from "./placing.js";
import { changeOf, SymbolList } from "./symbol-list.js";
import { Tape } from "./tape.js";
import { TicketForm } from "./ticket-form.js";

const FULL_PACE: Pace = { workMs: 0, updatesPerSecond: BOOK_UPDATES_PER_SECOND };
const PACES: Readonly<Record<string, Pace>> = {
  full: FULL_PACE,
  slow: { workMs: 100, updatesPerSecond: 4 },
  slower: { workMs: 250, updatesPerSecond: 2 },
};
/** Updates come twice as often: all are checked, and every other one is drawn. */
const LADDER_INTERVAL_MS = 90;
const FIRST_INTERVAL_MS = CANDLE_INTERVALS_MS[0] ?? 5_000;
const IDENTITY_KEY = "openline-trading";

/** What only this browser knows, and is known by; without storage, for as long as the page is open. */
function ownToken(): string {
  try {
    const token = localStorage.getItem(IDENTITY_KEY) ?? randomId();
    localStorage.setItem(IDENTITY_KEY, token);
    return token;
  } catch {
    return randomId();
  }
}

globalThis.WebSocket = CuttableSocket;
const connectionView: ConnectionView = new ConnectionView(() => client.reconnectNow());
const client: TradingClient = createClient(api, SOCKET_PATH, {
  token: ownToken(),
  reconnect: { minDelayMs: 200, maxDelayMs: 5_000 },
  state: (state) => {
    connectionView.show(state);
    if (state.name === "open") void opened(state.user ?? "");
  },
});

let instruments: ReadonlyMap<string, Instrument> = new Map();
let shown: Instrument | undefined;
const tickers = client.channel("tickers");
const meters = new Meters();
const tape = new Tape(client, FIRST_INTERVAL_MS);
const ladder: Ladder = new Ladder((price) => form.takePrice(price));
const symbols = new SymbolList((symbol) => show(symbol));
const own: OwnOrders = new OwnOrders(client, (id) => {
  void placing.cancel(id).then((outcome) => {
    if (outcome !== undefined) form.say(outcome.text, outcome.isWrong);
  });
});
const placing: Placing = new Placing(
  client,
  (key) => own.countOf(key),
  (roundTripMs) => meters.answered(roundTripMs),
);
const form: TicketForm = new TicketForm(
  () => ladder.best,
  (request, sending) => {
    form.say("On its way …");
    void placing.place(request, sending).then(({ text, isWrong }) => form.say(text, isWrong));
  },
);
/** The book as it was last told. */
let newest: BookView | undefined;
const ladderDrawing = new PaceMaker(LADDER_INTERVAL_MS, () => {
  if (shown !== undefined) ladder.show(newest, stepsOf(shown));
});
const feed = new BookFeed(
  client,
  FULL_PACE,
  (update) => {
    newest = update.view;
    ladderDrawing.ask();
    meters.updated(update);
  },
  (isRight, roundTripMs) => {
    meters.asked(isRight);
    meters.answered(roundTripMs);
  },
);

/** There is a connection: the first one begins everything, and each one after asks for what may have been missed. */
async function opened(user: string): Promise<void> {
  if (instruments.size > 0) {
    void tape.reload();
    return;
  }
  let listed: readonly Instrument[];
  try {
    listed = await client.call("instruments", undefined);
  } catch {
    // The connection was lost on which it was asked: the next one asks again.
    return;
  }
  if (instruments.size > 0) return;
  instruments = new Map(listed.map((instrument) => [instrument.symbol, instrument]));
  symbols.fill(listed);
  followTickers();
  own.follow(user, instruments, tickers.values);
  const wanted = location.hash.slice(1);
  show(instruments.has(wanted) ? wanted : (listed[0]?.symbol ?? ""));
}

let leaveTickers: () => void = () => undefined;

function followTickers(updatesPerSecond: number = TICKER_UPDATES_PER_SECOND): void {
  leaveTickers();
  leaveTickers = client.channel("tickers", { maxUpdatesPerSecond: updatesPerSecond }).listen(({ set }) => {
    symbols.update(set);
    own.reprice();
    if (shown !== undefined && set.has(shown.symbol)) showPrice(set.get(shown.symbol));
  });
}

function showPrice(ticker: Ticker | undefined): void {
  if (ticker === undefined) return;
  const { text, way } = changeOf(ticker);
  const last = byId("last", HTMLElement);
  setText(last, ticker.last);
  last.dataset["way"] = way;
  const change = byId("change", HTMLElement);
  setText(change, text);
  change.dataset["way"] = way;
  setText(byId("volume", HTMLElement), `volume ${groupDigits(ticker.volume)}`);
  form.last = ticker.last;
}

/** Shows another instrument. */
function show(symbol: string): void {
  const instrument = instruments.get(symbol);
  if (instrument === undefined) return;
  shown = instrument;
  history.replaceState(null, "", `#${symbol}`);
  setText(byId("symbol", HTMLElement), symbol);
  setText(byId("name", HTMLElement), instrument.name);
  symbols.choose(symbol);
  newest = undefined;
  ladderDrawing.ask();
  meters.restart();
  form.follow(instrument);
  showPrice(tickers.values.get(symbol));
  feed.follow(instrument);
  tape.follow(instrument);
}

byId("paces", HTMLElement).addEventListener("change", ({ target }) => {
  const pace = PACES[target instanceof HTMLInputElement ? target.value : ""] ?? FULL_PACE;
  meters.restart();
  feed.pace = pace;
  followTickers(Math.min(TICKER_UPDATES_PER_SECOND, pace.updatesPerSecond));
});

const intervals = byId("intervals", HTMLElement);
intervals.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement) tape.intervalMs = Number(target.value);
});
