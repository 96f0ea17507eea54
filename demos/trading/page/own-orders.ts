// What is one's own: positions, orders that wait, and what happened to orders.
import { byId, element, setText } from "../../site/page/dom.js";
import type { Order, OrderEvent, Position, Ticker } from "../shared/contract.js";
import { type Instrument, stepsOf } from "../shared/instrument.js";
import { profitOf, shownMoney } from "../shared/profit.js";
import type { TradingClient } from "./book-feed.js";

/** Events that are asked for, and shown. */
const LAST = 30;

const WORDS = { accepted: "accepted", filled: "filled", cancelled: "cancelled" } as const;

/** See the head of this file. */
export class OwnOrders {
  readonly #client: TradingClient;
  readonly #cancel: (id: string) => void;
  readonly #positions = byId("positions", HTMLTableSectionElement);
  readonly #open = byId("open-orders", HTMLTableSectionElement);
  readonly #events = byId("order-events", HTMLOListElement);
  readonly #none = byId("no-orders", HTMLElement);
  readonly #total = byId("profit", HTMLElement);
  /** Numbers of orders by the keys that they were placed with. */
  readonly #byKey = new Map<string, Set<string>>();
  #entries: ReadonlyMap<string, Order | Position> = new Map();
  #instruments: ReadonlyMap<string, Instrument> = new Map();
  #tickers: ReadonlyMap<string, Ticker> = new Map();
  /** The cell of each position's profit, by symbol. */
  readonly #profits = new Map<string, HTMLElement>();

  /** @param cancel Cancels an order. */
  constructor(client: TradingClient, cancel: (id: string) => void) {
    this.#client = client;
    this.#cancel = cancel;
  }

  /** Follows what is this user's. */
  follow(user: string, instruments: ReadonlyMap<string, Instrument>, tickers: ReadonlyMap<string, Ticker>): void {
    this.#instruments = instruments;
    this.#tickers = tickers;
    const account = this.#client.channel(`account/${user}`);
    account.listen(() => {
      this.#entries = account.values;
      this.#show();
    });
    this.#client.channel(`orders/${user}`, { last: LAST }).listen((event) => {
      if (event.type === "message") this.#happened(event.value, event.timeMs ?? 0);
    });
  }

  /** How many orders there are of a key. */
  countOf(key: string): number {
    return this.#byKey.get(key)?.size ?? 0;
  }

  /** Prices changed: so do profits. */
  reprice(): void {
    let total = 0;
    for (const [symbol, cell] of this.#profits) {
      const profit = this.#profitOf(symbol);
      if (profit === undefined) continue;
      total += Number(profit);
      setText(cell, shownMoney(profit));
      cell.dataset["way"] = wayOf(Number(profit));
    }
    setText(this.#total, this.#profits.size === 0 ? "" : shownMoney(total.toFixed(2)));
    this.#total.dataset["way"] = wayOf(total);
  }

  #profitOf(symbol: string): string | undefined {
    const instrument = this.#instruments.get(symbol);
    const ticker = this.#tickers.get(symbol);
    const position = this.#entries.get(`position/${symbol}`);
    if (instrument === undefined || ticker === undefined || position?.type !== "position") return undefined;
    return profitOf(position, ticker.last, stepsOf(instrument));
  }

  #show(): void {
    const entries = [...this.#entries.values()];
    const orders = entries.filter((entry) => entry.type === "order").sort((a, b) => b.placedAtMs - a.placedAtMs);
    const positions = entries.filter((entry) => entry.type === "position");
    this.#open.replaceChildren(...orders.map((order) => this.#orderRow(order)));
    this.#profits.clear();
    this.#positions.replaceChildren(
      ...positions.map(({ symbol, size, cost }) => {
        const profit = element("td", "profit");
        this.#profits.set(symbol, profit);
        return row(symbol, size, shownMoney(cost).replace("+", ""), profit);
      }),
    );
    byId("open-orders-table", HTMLElement).hidden = orders.length === 0;
    byId("positions-table", HTMLElement).hidden = positions.length === 0;
    this.#none.hidden = entries.length > 0 || this.#events.children.length > 0;
    this.reprice();
  }

  #orderRow({ id, symbol, side, limit, size, filled }: Order): HTMLElement {
    const button = element("button", "quiet small", "Cancel");
    button.type = "button";
    button.setAttribute("aria-label", `Cancel order ${id}`);
    button.addEventListener("click", () => this.#cancel(id));
    const created = row(element("span", side === "buy" ? "up" : "down", side === "buy" ? "Buy" : "Sell"), symbol);
    created.dataset["order"] = id;
    created.append(...row(limit ?? "market", `${filled} / ${size}`, button).children);
    return created;
  }

  #happened({ what, order, fill }: OrderEvent, timeMs: number): void {
    if (order.key !== null && what === "accepted") {
      const ids = this.#byKey.get(order.key) ?? new Set<string>();
      this.#byKey.set(order.key, ids.add(order.id));
    }
    const time = element("time", "muted", new Date(timeMs).toLocaleTimeString([], { hour12: false }));
    const wanted = `${order.side === "buy" ? "Buy" : "Sell"} ${order.size} ${order.symbol}`;
    const detail = fill === undefined ? wanted : `${fill.size} ${order.symbol} at ${fill.price}`;
    const item = element(
      "li",
      what,
      time,
      element("b", "", `#${order.id} ${WORDS[what]}`),
      element("span", "", detail),
    );
    item.dataset["order"] = order.id;
    this.#events.prepend(item);
    while (this.#events.children.length > LAST) this.#events.lastElementChild?.remove();
    this.#none.hidden = true;
  }
}

function row(...cells: (Node | string)[]): HTMLElement {
  return element(
    "tr",
    "",
    ...cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : element("td", "", cell))),
  );
}

function wayOf(amount: number): string {
  return amount > 0 ? "up" : amount < 0 ? "down" : "";
}
