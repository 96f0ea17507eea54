// Shows whether the page is connected.
import { byId, setText } from "./dom.js";

/** What is shown of the state of a reconnecting socket, or of a client. */
export type ShownState =
  | { readonly name: "connecting" | "open" | "closed" }
  | { readonly name: "waiting"; readonly delayMs: number };

const WORDS: Readonly<Record<ShownState["name"], string>> = {
  connecting: "Connecting",
  open: "Connected",
  waiting: "Connection lost",
  closed: "Connection lost",
};

/** The lamp in the corner. */
export class ConnectionView {
  readonly #frame = byId("connection", HTMLElement);
  readonly #state = byId("connection-state", HTMLElement);
  readonly #detail = byId("connection-detail", HTMLElement);
  readonly #retry = byId("retry", HTMLButtonElement);
  #countdown: number | undefined;

  /** @param retryNow What the button does. */
  constructor(retryNow: () => void) {
    this.#retry.addEventListener("click", retryNow);
  }

  /** Shows a state, and counts down to the next attempt. */
  show(state: ShownState): void {
    clearInterval(this.#countdown);
    this.#frame.dataset["state"] = state.name;
    setText(this.#state, WORDS[state.name]);
    this.#retry.hidden = state.name !== "waiting";
    setText(this.#detail, "");
    if (state.name !== "waiting") return;
    const retryAtMs = performance.now() + state.delayMs;
    const count = (): void => {
      const seconds = Math.max(0, Math.ceil((retryAtMs - performance.now()) / 1000));
      setText(this.#detail, `next try in ${seconds} s`);
    };
    count();
    this.#countdown = setInterval(count, 250);
  }
}
