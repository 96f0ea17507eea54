// The page's WebSocket, which comes back by itself. It knows nothing of chat: it opens, decodes, tells its state, and
// tries again.
import { backoffMs } from "../shared/backoff.js";
import { LIVE_PATH } from "../shared/limits.js";
import { type ClientMessage, decodeServerMessage, encode, type ServerMessage } from "../shared/wire.js";

/** An attempt that takes longer than this is given up. */
const OPEN_TIMEOUT_MS = 10_000;
/** Without a word for this long the connection is gone, whatever the network says; the page asks every 5 seconds. */
const SILENCE_TIMEOUT_MS = 15_000;
const SILENCE_CHECK_INTERVAL_MS = 5_000;
/** A connection that lasts this long ends a row of failures; one that breaks sooner is one more of them. */
const STABLE_AFTER_MS = 5_000;

/** Where the connection stands; `waiting` knows when the next attempt is due (by `performance.now()`). */
export type ConnectionState =
  | { readonly name: "connecting" }
  | { readonly name: "open" }
  | { readonly name: "waiting"; readonly retryAtMs: number };

/** What the owner of a connection hears. */
export interface ConnectionHandlers {
  /** `text` is the message as it came, from which its size is known; `arrivedAtMs` is by `performance.now()`. */
  message(message: ServerMessage, text: string, arrivedAtMs: number): void;
  state(state: ConnectionState): void;
}

/** A WebSocket to this page's own server that reconnects with full-jitter backoff. Call `start` once. */
export class Connection {
  readonly #handlers: ConnectionHandlers;
  #state: ConnectionState = { name: "waiting", retryAtMs: 0 };
  #socket: WebSocket | undefined;
  #timer: number | undefined;
  #failures = 0;
  #openedAtMs = 0;
  #heardAtMs = 0;

  constructor(handlers: ConnectionHandlers) {
    this.#handlers = handlers;
  }

  /** Opens the connection and keeps it open for as long as the page lives. */
  start(): void {
    addEventListener("online", () => this.retryNow());
    addEventListener("pageshow", () => this.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.retryNow();
    });
    setInterval(() => this.#checkSilence(), SILENCE_CHECK_INTERVAL_MS);
    this.#open();
  }

  /** Ends a wait for the next attempt; does nothing while connected or connecting. */
  retryNow(): void {
    if (this.#state.name === "waiting") this.#open();
  }

  /**
   * Sends a message.
   * @returns False when there is no open connection; nothing was sent then.
   */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(encode(message));
    return true;
  }

  #open(): void {
    clearTimeout(this.#timer);
    const url = new URL(LIVE_PATH, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#setState({ name: "connecting" });
    this.#timer = setTimeout(() => this.#lost(socket), OPEN_TIMEOUT_MS);

    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      this.#openedAtMs = performance.now();
      this.#heardAtMs = this.#openedAtMs;
      this.#setState({ name: "open" });
    });
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      const arrivedAtMs = performance.now();
      if (socket !== this.#socket || typeof event.data !== "string") return;
      this.#heardAtMs = arrivedAtMs;
      const decoded = decodeServerMessage(event.data);
      if (decoded.ok) this.#handlers.message(decoded.message, event.data, arrivedAtMs);
      else console.warn(`A message was left out: ${decoded.reason}`);
    });
    // `error` is always followed by `close`, and browsers tell nothing more in it.
    socket.addEventListener("close", () => this.#lost(socket));
  }

  /** Gives up a socket at once: waiting for a dead peer's `close` may take a browser minutes. */
  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    socket.close();
    const wasStable = this.#state.name === "open" && performance.now() - this.#openedAtMs >= STABLE_AFTER_MS;
    const waitMs = backoffMs(wasStable ? 0 : this.#failures, Math.random());
    this.#failures = wasStable ? 1 : this.#failures + 1;
    this.#timer = setTimeout(() => this.#open(), waitMs);
    this.#setState({ name: "waiting", retryAtMs: performance.now() + waitMs });
  }

  #checkSilence(): void {
    // Timers of a hidden page are late, so its silence proves nothing; it is checked again when the page is shown.
    if (document.hidden || this.#state.name !== "open" || this.#socket === undefined) return;
    if (performance.now() - this.#heardAtMs > SILENCE_TIMEOUT_MS) this.#lost(this.#socket);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#handlers.state(state);
  }
}
