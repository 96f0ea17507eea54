// The form in which orders are written.
import { byId, setText } from "../../site/page/dom.js";
import type { OrderRequest, Side } from "../shared/contract.js";
import { type Instrument, stepsOf } from "../shared/instrument.js";
import { judgeTicket, type TicketFault } from "../shared/ticket.js";

/** How an order is sent: once, twice at the same time, or with the connection cut when it has left. */
export type Sending = "once" | "twice" | "cut";

/** See the head of this file. */
export class TicketForm {
  readonly #form = byId("ticket", HTMLFormElement);
  readonly #size = byId("size", HTMLInputElement);
  readonly #price = byId("price", HTMLInputElement);
  readonly #sizeHint = byId("size-hint", HTMLElement);
  readonly #priceHint = byId("price-hint", HTMLElement);
  readonly #outcome = byId("outcome", HTMLElement);
  readonly #submit = byId("submit", HTMLButtonElement);
  readonly #place: (request: OrderRequest, sending: Sending) => void;
  #instrument: Instrument | undefined;
  #last: string | undefined;

  /**
   * @param best The best prices now, for the buttons that take them.
   * @param place Sends an order that keeps the rules.
   */
  constructor(
    best: () => { readonly bid: string | undefined; readonly ask: string | undefined },
    place: (request: OrderRequest, sending: Sending) => void,
  ) {
    this.#place = place;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#form.addEventListener("change", () => this.#arrange());
    for (const [button, side] of [
      ["take-bid", "bid"],
      ["take-ask", "ask"],
    ] as const) {
      byId(button, HTMLButtonElement).addEventListener("click", () => this.takePrice(best()[side] ?? ""));
    }
    for (const input of [this.#size, this.#price]) input.addEventListener("input", () => this.#clear(input));
  }

  /** Orders are for another instrument now. */
  follow(instrument: Instrument): void {
    this.#instrument = instrument;
    this.#last = undefined;
    this.#price.value = "";
    // A size that is neither the least nor much.
    const { size } = stepsOf(instrument);
    this.#size.value = size.format(Math.max(1, Math.round((size.parse(instrument.maxSize) ?? 500) / 200)));
    for (const input of [this.#size, this.#price]) this.#clear(input);
    this.say("");
    this.#arrange();
  }

  /** The last price, which is what is put into the form at first. */
  set last(last: string) {
    this.#last = last;
    if (this.#price.value === "" && document.activeElement !== this.#price) this.#price.value = last;
  }

  takePrice(price: string): void {
    if (price === "") return;
    this.#radio("type", "limit").checked = true;
    this.#price.value = price;
    this.#clear(this.#price);
    this.#arrange();
  }

  /** Says what became of an order. */
  say(text: string, isWrong: boolean = false): void {
    setText(this.#outcome, text);
    this.#outcome.classList.toggle("wrong", isWrong);
  }

  /** The one of these values that is chosen; the first where none is. */
  #chosen<Value extends string>(name: string, first: Value, ...others: readonly Value[]): Value {
    const value = new FormData(this.#form).get(name);
    return [first, ...others].find((known) => known === value) ?? first;
  }

  #radio(name: string, value: string): HTMLInputElement {
    const found = this.#form.querySelector(`input[name=${name}][value=${value}]`);
    if (!(found instanceof HTMLInputElement)) throw new Error(`the form has no ${name} ${value}`);
    return found;
  }

  #arrange(): void {
    const side = this.#chosen<Side>("side", "buy", "sell");
    const isMarket = this.#chosen("type", "limit", "market") === "market";
    this.#price.disabled = isMarket;
    byId("price-field", HTMLElement).hidden = isMarket;
    this.#submit.dataset["side"] = side;
    setText(this.#submit, `${side === "buy" ? "Buy" : "Sell"} ${this.#instrument?.symbol ?? ""}`);
  }

  #clear(input: HTMLInputElement): void {
    input.removeAttribute("aria-invalid");
    const { tick = "", lot = "" } = this.#instrument ?? {};
    setText(this.#sizeHint, `in steps of ${lot}`);
    setText(this.#priceHint, `in steps of ${tick}`);
  }

  #send(): void {
    const instrument = this.#instrument;
    if (instrument === undefined) return;
    const type = this.#chosen("type", "limit", "market");
    const size = this.#size.value.trim();
    const price = this.#price.value.trim();
    const steps = stepsOf(instrument);
    const lastTicks = steps.price.parse(this.#last ?? price) ?? 0;
    const judged = judgeTicket(instrument, steps, { size, price: type === "limit" ? price : undefined }, lastTicks);
    if ("code" in judged) {
      this.#complain(judged);
      return;
    }
    const common = { symbol: instrument.symbol, side: this.#chosen<Side>("side", "buy", "sell"), size };
    const request: OrderRequest = type === "limit" ? { type, ...common, price } : { type, ...common };
    this.#place(request, this.#chosen<Sending>("sending", "once", "twice", "cut"));
  }

  #complain({ field, message }: TicketFault): void {
    const input = field === "size" ? this.#size : this.#price;
    input.setAttribute("aria-invalid", "true");
    setText(field === "size" ? this.#sizeHint : this.#priceHint, message);
    input.focus();
  }
}
