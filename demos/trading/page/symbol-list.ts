// The list of all instruments with their prices: a group of radio buttons, so that the keyboard goes through it.
import { byId, element, setText } from "../../site/page/dom.js";
import type { Ticker } from "../shared/contract.js";
import type { Instrument } from "../shared/instrument.js";
import { flash } from "./flash.js";

interface Row {
  readonly instrument: Instrument;
  readonly label: HTMLElement;
  readonly input: HTMLInputElement;
  readonly last: HTMLElement;
  readonly change: HTMLElement;
}

/** How much a price changed, in percent: text for people, and which way. */
export function changeOf({ last, open }: Ticker): { readonly text: string; readonly way: "up" | "down" | "" } {
  const percent = (100 * (Number(last) - Number(open))) / Number(open);
  const text = Math.abs(percent).toFixed(2);
  if (text === "0.00") return { text: "0.00 %", way: "" };
  return percent > 0 ? { text: `+${text} %`, way: "up" } : { text: `−${text} %`, way: "down" };
}

/** See the head of this file. */
export class SymbolList {
  readonly #list = byId("symbols", HTMLElement);
  readonly #filter = byId("filter", HTMLInputElement);
  readonly #none = byId("no-symbols", HTMLElement);
  readonly #count = byId("symbol-count", HTMLElement);
  readonly #chosen: (symbol: string) => void;
  readonly #rows = new Map<string, Row>();

  /** @param chosen Hears of an instrument that was chosen. */
  constructor(chosen: (symbol: string) => void) {
    this.#chosen = chosen;
    this.#filter.addEventListener("input", () => this.#show());
  }

  /** Lists instruments, once. */
  fill(instruments: readonly Instrument[]): void {
    for (const instrument of instruments) {
      const { symbol, name } = instrument;
      const input = element("input", "");
      input.type = "radio";
      input.name = "symbol";
      input.value = symbol;
      input.addEventListener("change", () => this.#chosen(symbol));
      const last = element("span", "last", "–");
      const change = element("span", "change");
      const names = element("span", "names", element("b", "", symbol), element("small", "", name));
      const label = element("label", "", input, names, element("span", "prices", last, change));
      this.#rows.set(symbol, { instrument, label, input, last, change });
    }
    this.#list.replaceChildren(...[...this.#rows.values()].map(({ label }) => label));
    this.#show();
  }

  /** Marks one as chosen, and brings it into view. */
  choose(symbol: string): void {
    const row = this.#rows.get(symbol);
    if (row === undefined) return;
    row.input.checked = true;
    row.label.scrollIntoView({ block: "nearest" });
  }

  /** Prices changed. */
  update(tickers: ReadonlyMap<string, Ticker>): void {
    for (const [symbol, ticker] of tickers) {
      const row = this.#rows.get(symbol);
      if (row === undefined) continue;
      const before = row.last.textContent;
      if (before !== ticker.last) {
        setText(row.last, ticker.last);
        if (before !== "–") flash(row.last, Number(ticker.last) > Number(before) ? "up" : "down");
      }
      const { text, way } = changeOf(ticker);
      setText(row.change, text);
      row.change.dataset["way"] = way;
    }
  }

  #show(): void {
    const wanted = this.#filter.value.trim().toLowerCase();
    let count = 0;
    for (const { instrument, label } of this.#rows.values()) {
      label.hidden = !`${instrument.symbol} ${instrument.name}`.toLowerCase().includes(wanted);
      if (!label.hidden) count += 1;
    }
    this.#none.hidden = count > 0 || this.#rows.size === 0;
    setText(this.#count, String(count));
  }
}
