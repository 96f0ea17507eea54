// The page's connection, which comes back by itself. It knows nothing of chat: it decodes, tells its state, and notices
// when the server has fallen silent.
import { type ReconnectingSocket, type ReconnectingState, reconnecting } from "openline/reconnecting";
import { LIVE_PATH } from "../shared/limits.js";
import { type ClientMessage, decodeServerMessage, encode, type ServerMessage } from "../shared/wire.js";

/** Somebody looks at it: shorter waits than the defaults. */
const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
/** Without a word for this long the connection is gone, whatever the network says; the page asks every 5 seconds. */
const SILENCE_TIMEOUT_MS = 15_000;
const SILENCE_CHECK_INTERVAL_MS = 5_000;

/** What the owner of a connection hears. */
export interface ConnectionHandlers {
  /** `text` is the message as it came, from which its size is known; `arrivedAtMs` is by `performance.now()`. */
  message(message: ServerMessage, text: string, arrivedAtMs: number): void;
  state(state: ReconnectingState): void;
}

/** A connection to this page's own server, from when it is made and for as long as the page lives. */
export class Connection {
  readonly #socket: ReconnectingSocket;
  #heardAtMs = 0;

  constructor(handlers: ConnectionHandlers) {
    this.#socket = reconnecting(LIVE_PATH, {
      // Whatever ended it: a page that is open is meant to be connected.
      reconnect: { minDelayMs: MIN_DELAY_MS, maxDelayMs: MAX_DELAY_MS, retry: () => true },
      message: (_socket, text) => {
        const arrivedAtMs = performance.now();
        this.#heardAtMs = arrivedAtMs;
        if (typeof text !== "string") return;
        const decoded = decodeServerMessage(text);
        if (decoded.ok) handlers.message(decoded.message, text, arrivedAtMs);
        else console.warn(`A message was left out: ${decoded.reason}`);
      },
      state: (_socket, state) => {
        this.#heardAtMs = performance.now();
        handlers.state(state);
      },
    });
    setInterval(() => this.#checkSilence(), SILENCE_CHECK_INTERVAL_MS);
  }

  /** Ends a wait for the next attempt; does nothing while connected or connecting. */
  retryNow(): void {
    this.#socket.reconnectNow();
  }

  /**
   * Sends a message now; what the server has to confirm waits elsewhere.
   * @returns False when there is no open connection; nothing was sent then.
   */
  send(message: ClientMessage): boolean {
    return this.#socket.current?.send(encode(message)).ok ?? false;
  }

  #checkSilence(): void {
    // Timers of a hidden page are late, so its silence proves nothing; it is checked again when the page is shown.
    if (document.hidden || performance.now() - this.#heardAtMs <= SILENCE_TIMEOUT_MS) return;
    this.#socket.current?.terminate();
  }
}
