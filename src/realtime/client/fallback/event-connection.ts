/**
 * A connection without a WebSocket: what comes is a response that goes on, and what goes are requests, one at a time.
 */
import type { Clock, Timer } from "../../../transport/index.js";
import type { ConnectionEnd, ConnectionOptions, RealtimeConnection } from "../connection.js";
import type { ServerEvent } from "./server-events.js";

/** What the server said when it opened the connection. */
export interface Opened {
  readonly id: string;
  readonly protocol: string;
  /** Milliseconds after which something comes or goes in either direction. */
  readonly pingMs: number;
  /** Octets that a request may have. */
  readonly maxMessageBytes: number;
}

/** What a connection is made of. */
export interface EventConnectionParts {
  readonly opened: Opened;
  readonly events: AsyncGenerator<ServerEvent, undefined>;
  /** Makes a request about the connection. */
  readonly request: (init: RequestInit, sequence?: number) => Promise<Response>;
  /** Ends what comes. */
  readonly abort: AbortController;
  readonly message: ConnectionOptions["message"];
  readonly clock: Clock;
}

// More output than this waits for a server that is slow: better to wait, too.
const highWaterMarkBytes = 65_536;

// A UTF-16 code unit is at most so many octets of UTF-8.
const maxOctetsOfUnit = 3;

// A request that is lost on the way is repeated, which the server notices; the connection itself tells when it is gone.
const retryDelaysMs = [100, 500, 2000];

// As long as the server waits for a body, and for what it has to decide about it.
const requestTimeoutMs = 30_000;

// What was sent last may take so long.
const closeTimeoutMs = 5000;

/** See the head of this file. */
export class EventConnection implements RealtimeConnection {
  readonly transport = "events";
  readonly protocol: string;
  readonly closed: Promise<ConnectionEnd>;
  isOver = false;
  readonly #parts: EventConnectionParts;
  #queue: string[] = [];
  #queueLength = 0;
  #sequence = 0;
  #isPosting = false;
  #initiator: ConnectionEnd["initiator"] = "peer";
  #waiters: (() => void)[] = [];
  #heartbeat: Timer | undefined;
  /** With what `close` was called. */
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #patience: Timer | undefined;
  #resolveClosed: (end: ConnectionEnd) => void = () => undefined;

  constructor(parts: EventConnectionParts) {
    this.#parts = parts;
    this.protocol = parts.opened.protocol;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    void this.#read();
    this.#beat();
  }

  // What comes

  async #read(): Promise<void> {
    try {
      for await (const { type, data } of this.#parts.events) {
        if (this.isOver) return;
        if (type === "close") {
          const { code, reason } = JSON.parse(data) as { readonly code: number; readonly reason: string };
          this.#end(code, reason, true);
          return;
        }
        if (type === "message") this.#parts.message(this, data);
      }
    } catch {
      // It broke off, which is what follows.
    }
    this.#end(1006, "", false);
  }

  // What goes

  send(data: string | Uint8Array): { readonly ok: boolean; readonly status: "sent" | "buffered" | "refused" } {
    // Its codec writes text.
    if (this.isOver || this.#closing !== undefined || typeof data !== "string") return { ok: false, status: "refused" };
    this.#queue.push(data);
    this.#queueLength += data.length;
    if (!this.#isPosting) void this.#post();
    return { ok: true, status: this.#hasRoom ? "sent" : "buffered" };
  }

  get #hasRoom(): boolean {
    return this.#queueLength <= highWaterMarkBytes;
  }

  ready(): Promise<void> {
    // Of one that is over, what waits stays what it is.
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#tellRoom();
    });
  }

  #tellRoom(): void {
    if (!this.isOver && this.#hasRoom) for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Sends what waits, one request after the other, each with all that has collected meanwhile. */
  async #post(): Promise<void> {
    this.#isPosting = true;
    while (this.#queue.length > 0 && !this.isOver) {
      const messages = this.#take();
      const isTaken = await this.#postOne(joined(messages));
      if (!isTaken) {
        this.#end(1006, "", false);
        return;
      }
      for (const { length } of messages) this.#queueLength -= length;
      this.#tellRoom();
    }
    this.#isPosting = false;
    if (this.#closing !== undefined) this.#leave();
  }

  /** As many messages as one request may have. */
  #take(): string[] {
    let units = 0;
    let count = 0;
    for (const { length } of this.#queue) {
      units += length + 1;
      if (count > 0 && units * maxOctetsOfUnit > this.#parts.opened.maxMessageBytes) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** @returns whether the server has it */
  async #postOne(body: string): Promise<boolean> {
    const { request, clock } = this.#parts;
    const sequence = ++this.#sequence;
    for (let tries = 0; ; tries++) {
      const abort = new AbortController();
      const timer = clock.setTimer(() => abort.abort(), requestTimeoutMs);
      let status = 0;
      try {
        const signal = AbortSignal.any([abort.signal, this.#parts.abort.signal]);
        ({ status } = await request({ method: "POST", body, signal }, sequence));
      } catch {
        // On the way there or back; whether it has arrived, the next one finds out.
      }
      timer.cancel();
      if (status === 204) return true;
      const delayMs = retryDelaysMs[tries];
      // 408 and 429, and what proxies say, may pass.
      const mayPass = status === 0 || status === 408 || status === 429 || status >= 500;
      if (!mayPass || delayMs === undefined || this.isOver) return false;
      await new Promise<void>((resolve) => void clock.setTimer(resolve, delayMs));
    }
  }

  /** Says something where nothing else is said, so that the server knows that there is somebody. */
  #beat(): void {
    const { clock, opened } = this.#parts;
    const before = this.#sequence;
    this.#heartbeat = clock.setTimer(() => {
      // Alone, for within a batch it would be no frame; and a request that is under way says enough.
      if (this.#sequence === before && !this.#isPosting) this.send("[]");
      this.#beat();
    }, opened.pingMs);
  }

  // The end

  close(code = 1000, reason = ""): void {
    if (this.isOver || this.#closing !== undefined) return;
    this.#initiator = "us";
    this.#closing = { code, reason };
    if (!this.#isPosting) this.#leave();
    else this.#patience = this.#parts.clock.setTimer(() => this.#leave(), closeTimeoutMs);
  }

  /** Tells the server, also where the page is about to go. */
  #leave(): void {
    this.#patience?.cancel();
    this.#parts.request({ method: "DELETE", keepalive: true }).catch(() => undefined);
    const { code, reason } = this.#closing ?? { code: 1006, reason: "" };
    this.#end(code, reason, this.#closing !== undefined);
  }

  terminate(): void {
    if (this.isOver) return;
    this.#initiator = "us";
    this.#closing = undefined;
    this.#leave();
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#heartbeat?.cancel();
    this.#queue = [];
    this.#parts.abort.abort();
    this.#resolveClosed({ code, reason, wasClean, initiator: this.#initiator });
  }
}

/** Messages as one: the frames of all. */
function joined(messages: readonly string[]): string {
  const [only = "[]"] = messages;
  if (messages.length <= 1) return only;
  const frames = messages.map((message) => (message.startsWith("[[") ? message.slice(1, -1) : message));
  return `[${frames.join(",")}]`;
}
