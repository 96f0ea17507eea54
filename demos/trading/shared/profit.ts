// What somebody has, at today's price: exact, whatever its size.
import type { Position } from "./contract.js";
import { formatDecimal, groupDigits, parseDecimal } from "./decimal.js";
import type { InstrumentSteps } from "./instrument.js";

/**
 * What a position would bring, less what it cost.
 * @param last The last price.
 * @returns A decimal with all its digits.
 * @throws RangeError for what is no decimal of these steps
 */
export function profitOf(position: Position, last: string, { price, size }: InstrumentSteps): string {
  const decimals = price.decimals + size.decimals;
  const held = parseDecimal(position.size, size.decimals);
  const each = parseDecimal(last, price.decimals);
  const cost = parseDecimal(position.cost, decimals);
  if (held === undefined || each === undefined || cost === undefined) {
    throw new RangeError(`${position.size} at ${last} for ${position.cost} does not go with the instrument's steps`);
  }
  return formatDecimal(held * each - cost, decimals);
}

/** An amount of money as it is shown: cut off behind cents, with a sign. */
export function shownMoney(amount: string): string {
  const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  const cents = fraction.slice(0, 2).padEnd(2, "0");
  const isZero = !/[1-9]/.test(whole + cents);
  return `${isZero ? "" : sign === "-" ? "−" : "+"}${groupDigits(whole)}.${cents}`;
}
