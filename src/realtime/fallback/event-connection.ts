/**
 * One connection: a response that goes on, and requests that name it.
 */
import type { ServerResponse } from "node:http";
import type { Prepared, RealtimeConnection, RealtimePlatform, SendStatus, Session } from "../server/index.js";
import { closeEvent, heartbeat, messageEvent, openEvent } from "./events.js";

/** What a connection is made of. */
export interface EventConnectionParts {
  readonly id: string;
  readonly protocol: string;
  readonly platform: RealtimePlatform;
  readonly response: ServerResponse;
  readonly request: Request;
  readonly remoteAddress: string | undefined;
  /** The page that it was opened from. */
  readonly origin: string | undefined;
  readonly pingMs: number;
  readonly maxMessageBytes: number;
  /** It is over, whyever. Called once. */
  readonly ended: () => void;
}

// More than this waits for a peer that reads slowly: better to wait, too. As a socket has it.
const highWaterMarkBytes = 65_536;

// A peer that takes nothing for so long is gone, or means harm.
const stuckTimeoutMs = 30_000;

// What was sent last may take so long.
const closeTimeoutMs = 5000;

// Looked at twice in `pingMs`, so that no longer than that passes in silence.
const beatsInPing = 2;

// Three times `pingMs` without a request: the client is gone, though nobody on the way has said so.
const maxSilentBeats = 3 * beatsInPing;

/** See the head of this file. */
export class EventConnection implements RealtimeConnection {
  readonly id: string;
  readonly request: Request;
  readonly remoteAddress: string | undefined;
  readonly origin: string | undefined;
  /** Requests whose bodies are being read, or handled. */
  reading = 0;
  session: Session | undefined;
  readonly #parts: EventConnectionParts;
  readonly #response: ServerResponse;
  /** What leaves at the end of this turn. */
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  /** All that was ever handed to the response. */
  #handedBytes = 0;
  #isFull = false;
  /** Whether anything has been sent since a heartbeat was due last, so that none is needed. */
  #isBusy = true;
  #silence = 0;
  #sequence = 0;
  #isClosing = false;
  #isOver = false;
  #heartbeats: { cancel(): void } | undefined;
  #patience: { cancel(): void } | undefined;
  readonly #flush = (): void => this.#write();

  constructor(parts: EventConnectionParts) {
    this.#parts = parts;
    this.#response = parts.response;
    this.id = parts.id;
    this.request = parts.request;
    this.remoteAddress = parts.remoteAddress;
    this.origin = parts.origin;
  }

  /** Begins, with the first event. */
  open(session: Session): void {
    this.session = session;
    const { id, protocol, pingMs, maxMessageBytes } = this.#parts;
    this.#response.on("drain", () => this.#drained());
    this.#response.on("error", () => this.cut());
    this.#response.once("close", () => this.#over());
    this.#response.write(openEvent({ id, protocol, pingMs, maxMessageBytes }));
    this.#beat();
  }

  // Down

  send(data: string | Uint8Array | Prepared): SendStatus {
    if (this.#isClosing || this.#isOver) return "refused";
    const event = messageEvent(data);
    if (this.#gathered.length === 0) this.#parts.platform.atTurnEnd(this.#flush);
    this.#gathered.push(event);
    this.#gatheredBytes += event.length;
    if (this.bufferedBytes <= highWaterMarkBytes) return "sent";
    this.#isFull = true;
    return "buffered";
  }

  get bufferedBytes(): number {
    return this.#gatheredBytes + this.#writtenBytes;
  }

  /** What was written and has not left. */
  get #writtenBytes(): number {
    const { writableLength, stream } = this.#response as ServerResponse & {
      readonly stream?: { readonly writableLength: number };
    };
    // Over HTTP/2 the stream knows.
    return stream?.writableLength ?? writableLength;
  }

  /** What was gathered in a turn leaves in one piece. */
  #write(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0 || this.#isOver) return;
    this.#handedBytes += this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#isBusy = true;
    const [first] = gathered;
    const hasRoom = this.#response.write(gathered.length === 1 ? first : Buffer.concat(gathered));
    if (!this.#isFull) return;
    if (hasRoom) this.#parts.platform.atTurnEnd(() => this.#drained());
    else this.#patience ??= this.#watchStuck();
  }

  /** Cuts a client that takes nothing of what waits for it. */
  #watchStuck(): { cancel(): void } {
    const taken = this.#handedBytes - this.#writtenBytes;
    return this.#parts.platform.setTimer(() => {
      if (this.#handedBytes - this.#writtenBytes > taken) this.#patience = this.#watchStuck();
      else this.cut();
    }, stuckTimeoutMs);
  }

  #drained(): void {
    this.#patience?.cancel();
    this.#patience = undefined;
    if (!this.#isFull || this.#isOver) return;
    this.#isFull = false;
    this.session?.drained();
  }

  /** Says something where nothing else has been said, and looks whether the client does. */
  #beat(): void {
    const { platform, pingMs } = this.#parts;
    this.#heartbeats = platform.setTimer(() => {
      // Who waits for an answer of ours says nothing else.
      if (this.reading > 0) this.#silence = 0;
      else if (++this.#silence > maxSilentBeats) {
        this.cut();
        return;
      }
      if (!this.#isBusy && !this.#isFull) this.#response.write(heartbeat);
      this.#isBusy = false;
      this.#beat();
    }, pingMs / beatsInPing);
  }

  // Up

  /**
   * Whose turn a message is.
   *
   * @returns whether it is the next one; "repeated": it has been there already; "early": one before it is missing
   */
  takes(sequence: number): "next" | "repeated" | "early" {
    this.#silence = 0;
    if (sequence <= this.#sequence) return "repeated";
    if (sequence > this.#sequence + 1) return "early";
    this.#sequence = sequence;
    return "next";
  }

  // The end

  close(code: number, reason: string): void {
    if (this.#isClosing || this.#isOver) return;
    this.#write();
    this.#isClosing = true;
    this.#heartbeats?.cancel();
    this.#patience?.cancel();
    this.#response.end(closeEvent(code, reason));
    this.#patience = this.#parts.platform.setTimer(() => this.cut(), closeTimeoutMs);
    // Nobody finds it by its id any more.
    this.#parts.ended();
  }

  /** Cuts it. */
  cut(): void {
    this.#response.destroy();
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#heartbeats?.cancel();
    this.#patience?.cancel();
    if (!this.#isClosing) this.#parts.ended();
    this.session?.closed();
  }
}
