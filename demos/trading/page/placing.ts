// Sends orders, also in ways in which they could come to be two, and says how many there are.
import { RealtimeError } from "openline/realtime/client";
import { randomId } from "../../site/page/dom.js";
import type { Order, OrderRequest } from "../shared/contract.js";
import type { TradingClient } from "./book-feed.js";
import { stopWatching, watchSending } from "./cuttable-socket.js";
import type { Sending } from "./ticket-form.js";

/** What became of an order, in words. */
export interface Outcome {
  readonly text: string;
  readonly isWrong: boolean;
}

/** See the head of this file. */
export class Placing {
  readonly #client: TradingClient;
  readonly #answered: (roundTripMs: number) => void;
  /** How many orders of a key there are, by what happens to one's orders. */
  readonly #ordersOf: (key: string) => number;

  constructor(client: TradingClient, ordersOf: (key: string) => number, answered: (roundTripMs: number) => void) {
    this.#client = client;
    this.#ordersOf = ordersOf;
    this.#answered = answered;
  }

  /** Places an order. */
  async place(request: OrderRequest, sending: Sending): Promise<Outcome> {
    const key = randomId();
    const sent = watchSending(key, sending === "cut");
    const call = (): Promise<Order> => this.#client.call("order", request, { idempotencyKey: key });
    try {
      const begunMs = performance.now();
      const [order, ...others] = await Promise.all([call(), ...(sending === "twice" ? [call()] : [])]);
      if (sending === "once") this.#answered(performance.now() - begunMs);
      const words = describe(order);
      if (sending === "once") return { text: words, isWrong: false };
      const count = Math.max(new Set([order, ...others].map(({ id }) => id)).size, this.#ordersOf(key));
      const how = sending === "twice" ? "Asked for twice at once" : "Your connection was cut when the order had left";
      const text = `${how}: it was sent ${sent()} times, and ${count === 1 ? "one order exists" : `${count} exist`}. ${words}`;
      return { text, isWrong: count !== 1 };
    } catch (error) {
      return { text: error instanceof RealtimeError ? error.message : String(error), isWrong: true };
    } finally {
      stopWatching(key);
    }
  }

  /** Cancels an order. Says nothing where that went well. */
  async cancel(id: string): Promise<Outcome | undefined> {
    try {
      const begunMs = performance.now();
      await this.#client.call("cancel", { id });
      this.#answered(performance.now() - begunMs);
      return undefined;
    } catch (error) {
      return { text: error instanceof RealtimeError ? error.message : String(error), isWrong: true };
    }
  }
}

function describe({ id, side, symbol, size, filled, status, limit }: Order): string {
  const what = `Order ${id}: ${side === "buy" ? "buy" : "sell"} ${size} ${symbol}`;
  if (status === "filled") return `${what}, filled.`;
  if (status === "cancelled") return `${what}, ${filled} filled; nobody wanted the rest.`;
  return `${what} at ${limit ?? "any price"}, ${filled} filled, the rest waits.`;
}
