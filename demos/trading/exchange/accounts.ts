// What users have: orders that wait, and what they bought and sold.
import type { Order, Position, Side } from "../shared/contract.js";
import { formatDecimal } from "../shared/decimal.js";
import type { Market } from "./market.js";

/** A user's order, and how far it has come. */
export interface OwnOrder {
  readonly id: number;
  readonly owner: string;
  readonly market: Market;
  readonly side: Side;
  /** Undefined: a market order. */
  readonly limitTicks: number | undefined;
  readonly lots: number;
  readonly key: string | undefined;
  readonly placedAtMs: number;
  filledLots: number;
  status: Order["status"];
}

/** An order as its owner sees it. */
export function orderView(order: OwnOrder): Order {
  const { price, size } = order.market.steps;
  return {
    type: "order",
    id: String(order.id),
    symbol: order.market.instrument.symbol,
    side: order.side,
    limit: order.limitTicks === undefined ? null : price.format(order.limitTicks),
    size: size.format(order.lots),
    filled: size.format(order.filledLots),
    status: order.status,
    key: order.key ?? null,
    placedAtMs: order.placedAtMs,
  };
}

interface Holding {
  readonly market: Market;
  lots: number;
  /** In units of a price's last digit times a size's. */
  costUnits: bigint;
}

/** One user's. */
export class Account {
  readonly owner: string;
  /** By number. */
  readonly openOrders: Map<number, OwnOrder> = new Map<number, OwnOrder>();
  readonly #holdings = new Map<string, Holding>();

  constructor(owner: string) {
    this.owner = owner;
  }

  /** Something was bought or sold. Returns what the user has of it now. */
  trade(market: Market, side: Side, ticks: number, lots: number): Position {
    const { symbol } = market.instrument;
    const holding = this.#holdings.get(symbol) ?? { market, lots: 0, costUnits: 0n };
    this.#holdings.set(symbol, holding);
    const sign = side === "buy" ? 1 : -1;
    holding.lots += sign * lots;
    holding.costUnits += BigInt(sign) * market.steps.price.units(ticks) * market.steps.size.units(lots);
    return positionView(holding);
  }

  /** What the user has. */
  get positions(): readonly Position[] {
    return [...this.#holdings.values()].map(positionView);
  }
}

function positionView({ market, lots, costUnits }: Holding): Position {
  const { price, size } = market.steps;
  return {
    type: "position",
    symbol: market.instrument.symbol,
    size: size.format(lots),
    cost: formatDecimal(costUnits, price.decimals + size.decimals),
  };
}

/** The accounts of users, of whom those who were longest away are forgotten. */
export class Accounts {
  readonly #max: number;
  readonly #forgotten: (account: Account) => void;
  readonly #accounts = new Map<string, Account>();

  /**
   * @param max Accounts that are kept.
   * @param forgotten Hears of one before it is forgotten.
   */
  constructor(max: number, forgotten: (account: Account) => void) {
    this.#max = max;
    this.#forgotten = forgotten;
  }

  /** The account of a user, which is there from the first time on. */
  of(owner: string): Account {
    const account = this.#accounts.get(owner) ?? new Account(owner);
    this.#accounts.delete(owner);
    this.#accounts.set(owner, account);
    for (const [oldest, old] of this.#accounts) {
      if (this.#accounts.size <= this.#max) break;
      this.#forgotten(old);
      this.#accounts.delete(oldest);
    }
    return account;
  }
}
