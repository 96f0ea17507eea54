// The rules that an order has to keep, for the form of the page and for the exchange alike.
import type { Instrument, InstrumentSteps } from "./instrument.js";
import { PRICE_BAND_PERCENT } from "./limits.js";

/** What is wrong with an order. */
export interface TicketFault {
  readonly field: "size" | "price";
  readonly code:
    | "invalid-size"
    | "size-off-lot"
    | "size-too-large"
    | "invalid-price"
    | "price-off-tick"
    | "price-off-band";
  /** For whoever placed it. */
  readonly message: string;
}

/** An order in steps. */
export interface Ticket {
  readonly lots: number;
  /** Undefined: at any price. */
  readonly ticks: number | undefined;
}

/**
 * Judges an order.
 * @param size As it was written.
 * @param price As it was written; undefined for a market order.
 * @param lastTicks The last price of the instrument.
 * @returns The order in steps, or what is wrong with it.
 */
export function judgeTicket(
  instrument: Instrument,
  steps: InstrumentSteps,
  { size, price }: { readonly size: string; readonly price: string | undefined },
  lastTicks: number,
): Ticket | TicketFault {
  if (!isDecimal(size) || !/[1-9]/.test(size)) {
    return { field: "size", code: "invalid-size", message: "A size is a number above 0, such as " + instrument.lot };
  }
  const lots = steps.size.parse(size);
  if (lots === undefined) {
    return { field: "size", code: "size-off-lot", message: `Sizes are multiples of ${instrument.lot}` };
  }
  if (lots > (steps.size.parse(instrument.maxSize) ?? 0)) {
    return { field: "size", code: "size-too-large", message: `The largest size is ${instrument.maxSize}` };
  }
  if (price === undefined) return { lots, ticks: undefined };
  if (!isDecimal(price)) {
    const message = `A price is a number, such as ${steps.price.format(lastTicks)}`;
    return { field: "price", code: "invalid-price", message };
  }
  const ticks = steps.price.parse(price);
  if (ticks === undefined) {
    return { field: "price", code: "price-off-tick", message: `Prices are multiples of ${instrument.tick}` };
  }
  const [lowest, highest] = priceBand(lastTicks);
  if (ticks < lowest || ticks > highest) {
    const message = `The price has to be from ${steps.price.format(lowest)} to ${steps.price.format(highest)}`;
    return { field: "price", code: "price-off-band", message };
  }
  return { lots, ticks };
}

function isDecimal(text: string): boolean {
  return /^\d{1,15}(\.\d{1,9})?$/.test(text);
}

/** The lowest and the highest price that orders may have. */
export function priceBand(lastTicks: number): readonly [lowest: number, highest: number] {
  return [
    Math.max(1, Math.ceil((lastTicks * (100 - PRICE_BAND_PERCENT)) / 100)),
    Math.floor((lastTicks * (100 + PRICE_BAND_PERCENT)) / 100),
  ];
}
