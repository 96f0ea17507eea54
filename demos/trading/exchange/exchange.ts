// The exchange: all markets, the generator that trades on them, and the orders of users among it. It reads no clock, and
// its chance is handed in.
import type { Order, OrderEvent, OrderRequest, Position, Side } from "../shared/contract.js";
import type { Instrument } from "../shared/instrument.js";
import { OPEN_ORDERS_MAX } from "../shared/limits.js";
import { judgeTicket } from "../shared/ticket.js";
import { type Account, Accounts, type OwnOrder, orderView } from "./accounts.js";
import { listInstruments } from "./instruments.js";
import { Market, type MarketEvents } from "./market.js";
import type { Fill, Placed } from "./order-book.js";
import { Random } from "./random.js";
import { Trader } from "./trader.js";

/** Users who are remembered: a party, and those who closed the page. */
const ACCOUNTS_MAX = 500;

/** Each time the same instruments, so that a page finds them again when the server was started anew. */
const LISTING_SEED = 2_026;

/** What happens on an exchange. */
export interface ExchangeEvents extends MarketEvents {
  /** Something happened to an order of a user's. */
  orderChanged(owner: string, event: OrderEvent): void;
  /** A user has more or less of something. */
  positionChanged(owner: string, position: Position): void;
  /** A user's account is gone. Open orders of theirs have been cancelled before. */
  accountForgotten(owner: string, positions: readonly Position[]): void;
}

/** An order, or a cancellation, that the exchange does not take. */
export class OrderRefused extends Error {
  override readonly name = "OrderRefused";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** See the head of this file. */
export class Exchange {
  readonly #markets = new Map<string, Market>();
  readonly #traders: Trader[] = [];
  readonly #accounts: Accounts;
  readonly #events: ExchangeEvents;
  #lastOrderId = 0;

  /**
   * Opens it, with books that are full and candles of the hour before.
   * @param instruments How many there are, 1 to 200.
   * @param nowMs The time: Unix milliseconds.
   */
  constructor(instruments: number, events: ExchangeEvents, random: Random, nowMs: number) {
    this.#events = events;
    this.#accounts = new Accounts(ACCOUNTS_MAX, (account) => this.#forget(account));
    for (const listing of listInstruments(instruments, new Random(LISTING_SEED))) {
      const market = new Market(listing, events, random, nowMs);
      this.#markets.set(listing.instrument.symbol, market);
      const floor = {
        place: (side: Side, lots: number, ticks: number | undefined, atMs: number) =>
          this.#placeForNobody(market, side, lots, ticks, atMs),
        cancel: (id: number, atMs: number) => void market.cancel(id, atMs),
      };
      this.#traders.push(new Trader(listing, floor, random, nowMs));
    }
  }

  get instruments(): readonly Instrument[] {
    return [...this.#markets.values()].map(({ instrument }) => instrument);
  }

  get markets(): Iterable<Market> {
    return this.#markets.values();
  }

  market(symbol: string): Market | undefined {
    return this.#markets.get(symbol);
  }

  /** Lets the generator do what is due. */
  advance(nowMs: number): void {
    for (const trader of this.#traders) trader.advance(nowMs);
  }

  #placeForNobody(
    market: Market,
    side: Side,
    lots: number,
    ticks: number | undefined,
    nowMs: number,
  ): number | undefined {
    const id = ++this.#lastOrderId;
    const placed = market.place({ id, owner: undefined, side, left: lots }, ticks, nowMs);
    this.#settle(market, placed);
    return placed.resting > 0 ? id : undefined;
  }

  /**
   * Places an order of a user's.
   * @param key The idempotency key that it came with.
   * @throws OrderRefused
   */
  place(owner: string, request: OrderRequest, key: string | undefined, nowMs: number): Order {
    const market = this.#marketOf(request.symbol);
    const { size } = request;
    const price = request.type === "limit" ? request.price : undefined;
    const ticket = judgeTicket(market.instrument, market.steps, { size, price }, market.lastTicks);
    if ("code" in ticket) throw new OrderRefused(ticket.code, ticket.message);
    const account = this.#accounts.of(owner);
    if (account.openOrders.size >= OPEN_ORDERS_MAX) {
      throw new OrderRefused("too-many-orders", `${OPEN_ORDERS_MAX} orders are open, and more there cannot be`);
    }
    const { lots, ticks: limitTicks } = ticket;
    const id = ++this.#lastOrderId;
    const order: OwnOrder = {
      ...{ id, owner, market, side: request.side, limitTicks, lots, key, placedAtMs: nowMs },
      ...{ filledLots: 0, status: "open" },
    };
    account.openOrders.set(id, order);
    this.#tell(order, "accepted");
    const placed = market.place({ id, owner, side: order.side, left: lots }, limitTicks, nowMs);
    for (const fill of placed.fills) this.#filled(order, fill, false);
    this.#settle(market, placed);
    if (placed.unfilled > 0) this.#end(order, "cancelled");
    return orderView(order);
  }

  /**
   * Cancels an order of a user's.
   * @throws OrderRefused when it is not open, or somebody else's
   */
  cancel(owner: string, id: string, nowMs: number): Order {
    const order = this.#accounts.of(owner).openOrders.get(Number(id));
    if (order === undefined) throw new OrderRefused("order-not-open", `There is no open order ${id} of yours`);
    order.market.cancel(order.id, nowMs);
    this.#end(order, "cancelled");
    return orderView(order);
  }

  #marketOf(symbol: string): Market {
    const market = this.#markets.get(symbol);
    if (market === undefined) throw new OrderRefused("unknown-symbol", `Nothing is traded as ${symbol}`);
    return market;
  }

  /** What an order did to those of users that waited. */
  #settle(market: Market, { fills, withdrawn }: Placed): void {
    for (const fill of fills) {
      const order = this.#ownOrder(fill.maker.owner, fill.maker.id);
      if (order?.market === market) this.#filled(order, fill, true);
    }
    for (const { owner, id } of withdrawn) {
      const order = this.#ownOrder(owner, id);
      if (order !== undefined) this.#end(order, "cancelled");
    }
  }

  #ownOrder(owner: string | undefined, id: number): OwnOrder | undefined {
    return owner === undefined ? undefined : this.#accounts.of(owner).openOrders.get(id);
  }

  #filled(order: OwnOrder, { ticks, lots }: Fill, isMaker: boolean): void {
    const { owner, market, side } = order;
    const { price, size } = market.steps;
    const account = this.#accounts.of(owner);
    order.filledLots += lots;
    if (order.filledLots === order.lots) {
      order.status = "filled";
      account.openOrders.delete(order.id);
    }
    this.#tell(order, "filled", { price: price.format(ticks), size: size.format(lots), isMaker });
    this.#events.positionChanged(owner, account.trade(market, side, ticks, lots));
  }

  #end(order: OwnOrder, status: "cancelled"): void {
    order.status = status;
    this.#accounts.of(order.owner).openOrders.delete(order.id);
    this.#tell(order, status);
  }

  #tell(order: OwnOrder, what: OrderEvent["what"], fill?: OrderEvent["fill"]): void {
    this.#events.orderChanged(order.owner, { what, order: orderView(order), ...(fill && { fill }) });
  }

  #forget(account: Account): void {
    for (const order of [...account.openOrders.values()]) {
      order.market.cancel(order.id, order.market.changedAtMs);
      order.status = "cancelled";
      account.openOrders.delete(order.id);
      this.#tell(order, "cancelled");
    }
    this.#events.accountForgotten(account.owner, account.positions);
  }
}
