// The order book as it is shown: the best levels of both sides, with bars for how much there is until there.
import { byId, element, setText } from "../../site/page/dom.js";
import type { BookView } from "../shared/book-view.js";
import type { WrittenLevel } from "../shared/checksum.js";
import { formatDecimal, parseDecimal } from "../shared/decimal.js";
import { type InstrumentSteps } from "../shared/instrument.js";
import { flash } from "./flash.js";

/** Of which the style sheet hides some where there is little room. */
const ROWS = 17;

interface Row {
  readonly row: HTMLElement;
  readonly price: HTMLElement;
  readonly size: HTMLElement;
  readonly total: HTMLElement;
}

/** See the head of this file. */
export class Ladder {
  readonly #asks: readonly Row[];
  readonly #bids: readonly Row[];
  readonly #spread = byId("spread", HTMLElement);

  /** @param chosen Hears of a price that was clicked. */
  constructor(chosen: (price: string) => void) {
    const asks = byId("asks", HTMLOListElement);
    this.#asks = makeRows(asks, chosen);
    // The best ask stands at the bottom of its half, above the best bid.
    asks.append(...[...asks.children].reverse());
    this.#bids = makeRows(byId("bids", HTMLOListElement), chosen);
  }

  /** The best prices as they are shown. */
  best: { readonly bid: string | undefined; readonly ask: string | undefined } = { bid: undefined, ask: undefined };

  /** Shows a book; undefined: there is none yet. */
  show(view: BookView | undefined, steps: InstrumentSteps): void {
    const { bids = [], asks = [] } = view ?? {};
    const totals = [bids, asks].map((levels) => totalsOf(levels.slice(0, ROWS), steps));
    const most = Math.max(1, ...totals.map((side) => Number(side.at(-1) ?? 0n)));
    showSide(this.#bids, bids, totals[0] ?? [], most, steps);
    showSide(this.#asks, asks, totals[1] ?? [], most, steps);
    const bid = bids[0]?.[0];
    const ask = asks[0]?.[0];
    this.best = { bid, ask };
    setText(this.#spread, bid === undefined || ask === undefined ? "–" : spreadOf(bid, ask, steps));
  }
}

function makeRows(list: HTMLOListElement, chosen: (price: string) => void): Row[] {
  const rows = Array.from({ length: ROWS }, (): Row => {
    const [price, size, total] = [element("span", "price"), element("span", ""), element("span", "muted")];
    const row = element("li", "", price, size, total);
    row.addEventListener("click", () => {
      if (price.textContent !== "") chosen(price.textContent);
    });
    return { row, price, size, total };
  });
  list.append(...rows.map(({ row }) => row));
  return rows;
}

/** What there is until each level, in units of a size's last digit. */
function totalsOf(levels: readonly WrittenLevel[], { size }: InstrumentSteps): bigint[] {
  let total = 0n;
  return levels.map(([, text]) => (total += parseDecimal(text, size.decimals) ?? 0n));
}

function showSide(
  rows: readonly Row[],
  levels: readonly WrittenLevel[],
  totals: readonly bigint[],
  most: number,
  { size }: InstrumentSteps,
): void {
  for (const [index, { row, price, size: sizeCell, total }] of rows.entries()) {
    const [priceText = "", sizeText = ""] = levels[index] ?? [];
    const units = totals[index];
    if (price.textContent === priceText && sizeCell.textContent !== sizeText) flash(sizeCell, "");
    setText(price, priceText);
    setText(sizeCell, sizeText);
    setText(total, units === undefined ? "" : formatDecimal(units, size.decimals));
    row.style.setProperty("--share", `${((100 * Number(units ?? 0n)) / most).toFixed(1)}%`);
  }
}

function spreadOf(bid: string, ask: string, { price }: InstrumentSteps): string {
  const low = parseDecimal(bid, price.decimals) ?? 0n;
  const high = parseDecimal(ask, price.decimals) ?? 0n;
  const basisPoints = (10_000 * Number(high - low)) / Number(high);
  return `spread ${formatDecimal(high - low, price.decimals)} (${basisPoints.toFixed(1)} bp)`;
}
