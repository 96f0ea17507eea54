/**
 * A connection to the server that carries sessions of several tabs (docs/protocol.md, "Several sessions over one connection").
 */
import type { Clock, Timer } from "../../../transport/index.js";
import { readShared, sharedSubprotocol, writeShared, writeSharing } from "../../wire/sharing.js";
import type { ConnectionEnd, RealtimeConnection } from "../connection.js";
import type { TabsPlatform } from "./platform.js";

/** Whoever has a session on it. */
export interface Carried {
  opened(protocol: string): void;
  /** The server wants it on another connection. */
  refused(): void;
  message(data: string | Uint8Array): void;
  ack(length: number): void;
  /** It is over. Called once, and nothing after it. */
  closed(end: Pick<ConnectionEnd, "code" | "reason" | "wasClean">): void;
}

const protocolBroken = 4400;

// A round trip takes less, if it takes place at all.
const patienceMs = 3000;

/** See the head of this file. */
export class Carrier {
  readonly #abort = new AbortController();
  /** Whether the server has refused a session on it. */
  isRefusing = false;
  /** Resolves when it is open; rejects when it cannot be. */
  readonly opened: Promise<void>;
  readonly #over: (carrier: Carrier) => void;
  readonly #sessions = new Map<number, Carried>();
  #connection: RealtimeConnection | undefined;
  #next = 1;
  readonly #clock: Clock;
  /** Cuts it, unless the server is heard before. */
  #verdict: Timer | undefined;
  /** Those who wait for it to be open, and those who have a session. */
  #users = 0;

  /** @param over it takes no more sessions: it has ended, or nobody has one */
  constructor(platform: TabsPlatform, url: string, over: (carrier: Carrier) => void) {
    this.#over = over;
    this.#clock = platform.clock;
    this.opened = this.#connect(platform, url);
  }

  async #connect(platform: TabsPlatform, url: string): Promise<void> {
    try {
      const connection = await platform.connect(url, {
        protocols: [sharedSubprotocol],
        signal: this.#abort.signal,
        message: (_connection, data) => this.#received(data),
        error: () => undefined,
      });
      if (this.#abort.signal.aborted) connection.terminate();
      this.#connection = connection;
      void connection.closed.then((end) => this.#ended(end));
    } catch (error) {
      this.#over(this);
      throw error;
    }
  }

  /** Somebody wants a session on it, once it is open. */
  join(): void {
    this.#users++;
  }

  /** Somebody has none any more. Without any, it closes. */
  leave(): void {
    if (--this.#users > 0) return;
    this.#over(this);
    this.#abort.abort();
    this.#connection?.close(1000);
  }

  /** Begins a session. @returns its number */
  open(protocols: readonly string[], session: Carried): number {
    const s = this.#next++;
    this.#sessions.set(s, session);
    this.#connection?.send(writeSharing(["open", s, protocols]));
    return s;
  }

  /** Sends a message of a session's. */
  send(s: number, data: string | Uint8Array): void {
    this.#connection?.send(writeShared(s, data));
  }

  /** Tells the server that so much has been taken. */
  ack(s: number, length: number): void {
    this.#connection?.send(writeSharing(["ack", s, length]));
  }

  /** Ends a session. */
  close(s: number, code: number, reason: string): void {
    if (this.#sessions.delete(s)) this.#connection?.send(writeSharing(["close", s, code, reason]));
  }

  /**
   * Somebody believes it dead. It is for all, unless the server answers: that it speaks none of no subprotocols, in a session
   * of nobody's.
   */
  probe(): void {
    if (this.#connection === undefined || this.#verdict !== undefined) return;
    this.#verdict = this.#clock.setTimer(() => this.terminate(), patienceMs);
    this.#connection.send(writeSharing(["open", this.#next++, []]));
  }

  /** Cuts it, with all sessions. */
  terminate(): void {
    this.#abort.abort();
    this.#connection?.terminate();
  }

  #received(data: string | Uint8Array): void {
    this.#verdict?.cancel();
    this.#verdict = undefined;
    const frame = readShared(data);
    if (frame === undefined || frame[0] === "open") {
      this.#connection?.close(protocolBroken, "no message of a session's");
      return;
    }
    const session = this.#sessions.get(frame[1]);
    switch (frame[0]) {
      case "opened":
        session?.opened(frame[2]);
        break;
      case "refused":
        this.#sessions.delete(frame[1]);
        session?.refused();
        break;
      case "message":
        session?.message(frame[2]);
        break;
      case "ack":
        session?.ack(frame[2]);
        break;
      case "close":
        this.#sessions.delete(frame[1]);
        session?.closed({ code: frame[2], reason: frame[3], wasClean: true });
        break;
    }
  }

  #ended(end: ConnectionEnd): void {
    this.#verdict?.cancel();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#over(this);
    for (const session of sessions) session.closed(end);
  }
}
