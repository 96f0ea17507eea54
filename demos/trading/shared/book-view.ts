// A book out of the state that carries it: the keys are sides and prices, the values sizes.
import { bookChecksum, type WrittenLevel } from "./checksum.js";
import { type BookMark, MARK_KEY, type Side } from "./contract.js";
import { parseDecimal } from "./decimal.js";

/** The key of a level. */
export function levelKey(side: Side, price: string): string {
  return (side === "buy" ? "b" : "a") + price;
}

/** A book as it is shown. */
export interface BookView {
  /** The best first. */
  readonly bids: readonly WrittenLevel[];
  readonly asks: readonly WrittenLevel[];
  /** Undefined before the book has come. */
  readonly mark: BookMark | undefined;
}

/**
 * Sorts a book.
 * @param values What the state has.
 * @param decimals Digits behind the point of a price.
 */
export function viewBook(values: ReadonlyMap<string, string | BookMark>, decimals: number): BookView {
  const bids: WrittenLevel[] = [];
  const asks: WrittenLevel[] = [];
  for (const [key, value] of values) {
    if (typeof value === "string") (key.startsWith("b") ? bids : asks).push([key.slice(1), value]);
  }
  const prices = new Map([...bids, ...asks].map(([price]) => [price, Number(parseDecimal(price, decimals) ?? 0n)]));
  const priceOf = ([price]: WrittenLevel): number => prices.get(price) ?? 0;
  bids.sort((a, b) => priceOf(b) - priceOf(a));
  asks.sort((a, b) => priceOf(a) - priceOf(b));
  const mark = values.get(MARK_KEY);
  return { bids, asks, mark: typeof mark === "object" ? mark : undefined };
}

/** Whether a book is what the server says that it is; undefined where there is nothing to compare with. */
export function isAsMarked({ bids, asks, mark }: BookView): boolean | undefined {
  return mark === undefined ? undefined : bookChecksum(bids, asks) === mark.checksum;
}
