/**
 * A WebSocket or the fallback: whatever passes, for as long as it does.
 */
import type { ClientParts, ConnectionOptions, RealtimeConnection } from "../connection.js";
import { connectByEvents } from "./connect.js";
import type { EventConnection } from "./event-connection.js";

// Networks change: who is at work in the morning is at home in the evening.
const rememberedMs = 86_400_000;

// Seldom enough to cost nothing, often enough for who has gone elsewhere.
const tryAgainMs = 600_000;

/** See `FallbackModule.createConnect`. */
export function createConnect(parts: ClientParts, isForced: boolean): ClientParts["connect"] {
  if (isForced) return (url, options) => connectByEvents(url, options, parts.clock);
  const choice = new Choice(parts);
  return (url, options) => choice.connect(url, options);
}

class Choice {
  readonly #parts: ClientParts;
  /** Whether WebSockets are not tried first. */
  #isPreferred: boolean;
  /** Whether the last WebSocket opened, but nothing has come on it. */
  #isSilent = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const until = this.#inMemory((memory, key) => memory.getItem(key));
    this.#isPreferred = Number(until) > Date.now();
  }

  async connect(url: string | URL, options: ConnectionOptions): Promise<RealtimeConnection> {
    if (this.#isPreferred || this.#isSilent) {
      try {
        return await this.#byEvents(url, options);
      } catch (error) {
        this.#prefer(false);
        throw error;
      }
    }
    try {
      return await this.#webSocket(url, options);
    } catch (error) {
      if (options.signal.aborted) throw error;
      // Now, since a while later the server might be there again.
      return await this.#byEvents(url, options).catch(() => {
        throw error;
      });
    }
  }

  async #webSocket(url: string | URL, options: ConnectionOptions): Promise<RealtimeConnection> {
    const message: ConnectionOptions["message"] = (connection, data) => {
      this.#isSilent = false;
      return options.message(connection, data);
    };
    const connection = await this.#parts.connect(url, { ...options, message });
    this.#isSilent = true;
    return connection;
  }

  async #byEvents(url: string | URL, options: ConnectionOptions): Promise<RealtimeConnection> {
    const connection = await connectByEvents(url, options, this.#parts.clock);
    this.#prefer(true);
    this.#tryAgainLater(connection, url, options);
    return connection;
  }

  /** Tries a WebSocket from time to time. When it passes, the client connects anew, as for a server that goes away. */
  #tryAgainLater(connection: EventConnection, url: string | URL, options: ConnectionOptions): void {
    if (connection.isOver) return;
    const abort = new AbortController();
    const tryAgain = async (): Promise<void> => {
      try {
        // Nothing is said on it.
        const message = (): undefined => undefined;
        const socket = await this.#parts.connect(url, { ...options, signal: abort.signal, message });
        socket.close(1000);
      } catch {
        this.#tryAgainLater(connection, url, options);
        return;
      }
      this.#prefer(false);
      if (!connection.isOver) options.message(connection, '["goaway",{"afterMs":0}]');
    };
    const timer = this.#parts.clock.setTimer(() => void tryAgain(), tryAgainMs);
    void connection.closed.then(() => {
      timer.cancel();
      abort.abort();
    });
  }

  #prefer(isPreferred: boolean): void {
    this.#isPreferred = isPreferred;
    this.#isSilent = false;
    this.#inMemory((memory, key) => {
      if (isPreferred) memory.setItem(key, String(Date.now() + rememberedMs));
      else memory.removeItem(key);
    });
  }

  #inMemory<Result>(use: (memory: Storage, key: string) => Result): Result | undefined {
    const { memoryKey } = this.#parts;
    try {
      return memoryKey === undefined ? undefined : use(localStorage, memoryKey);
    } catch {
      // There is none in a worker, and a page may be denied it.
      return undefined;
    }
  }
}
