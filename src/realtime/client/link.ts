/**
 * One connection, from its opening on: frames out and in, the requests that are under way on it, and whether the server
 * is still there.
 */
import type { Clock, Timer } from "../../transport/index.js";
import { protocolBroken } from "../wire/close-codes.js";
import { RealtimeError } from "../wire/errors.js";
import type {
  CallFrame,
  CancelFrame,
  ClientFrame,
  Codec,
  CreditFrame,
  ErrFrame,
  ExpiringFrame,
  GoawayFrame,
  ItemFrame,
  OkFrame,
  PingFrame,
  ServerFrame,
  Welcome,
  WelcomeFrame,
} from "../wire/index.js";
import { maxRequestNumber } from "../wire/limits.js";
import { FrameFault, readMessage } from "../wire/read.js";
import { pingReply, serverFrames } from "../wire/server-frames.js";
import type { ConnectionLoss } from "./client.js";
import type { ClockOffset } from "./clock-offset.js";
import type { RealtimeConnection } from "./connection.js";
import { fits } from "./message-size.js";

/** What is done with the answer to a request. */
export interface Answer {
  ok(value: unknown): void;
  err(error: RealtimeError): void;
  item?: ((value: unknown) => void) | undefined;
}

/** The server broke the protocol. */
export function brokenError(reason: string): RealtimeError {
  return new RealtimeError("protocol-broken", reason);
}

/** Whoever takes the frames of a channel. */
export interface FrameTaker {
  take(link: Link, frame: ChannelFrame): void;
}

/** A call of the server's that is being handled. */
export interface Handling {
  readonly abort: AbortController;
  /** Results that may be sent. */
  credit: number;
  /** Who waits for credit. */
  wake: () => void;
}

/** The frames that have a channel's number. */
export type ChannelFrame = Exclude<ServerFrame, SharedFrame | SessionFrame>;

type SharedFrame = OkFrame | ErrFrame | ItemFrame | PingFrame | CallFrame | CreditFrame | CancelFrame;

/** The frames about the session. */
export type SessionFrame = WelcomeFrame | ExpiringFrame | GoawayFrame;

/** The frames of the application: of channels, and of calls. */
export type UserFrame = ChannelFrame | CallFrame | CreditFrame | CancelFrame;

/** Whoever hears what happens on a link. */
export interface LinkOwner {
  readonly clock: Clock;
  /** A frame that answers nothing. */
  frame(link: Link, frame: SessionFrame | UserFrame): void;
  /** It is over: as the connection tells, or because the server broke the protocol. Called once. */
  over(link: Link, loss: ConnectionLoss): void;
  /** There is room again. */
  roomy(link: Link): void;
  /** Is told of round trips. */
  readonly offset: ClockOffset;
  /** Something threw that must not have. */
  reportError(error: unknown, during: string): void;
}

// Octets of a batch, so that many small frames are no message that blocks; what is larger goes alone.
const maxBatchBytes = 256 * 1024;

// A server whose answer to a ping takes longer is as good as gone.
const maxPingTimeoutMs = 10_000;

/** See the head of this file. */
export class Link {
  readonly codec: Codec;
  readonly transport: "websocket" | "events";
  /** Who takes the frames of which channel number. */
  readonly takers: Map<number, FrameTaker> = new Map<number, FrameTaker>();
  /** What the server said of this session. Undefined before that. */
  welcome: Welcome | undefined;
  /** No more requests are begun on it; it closes when those under way are done. */
  isRetired = false;
  /** Calls of the server's that are being handled, by their numbers. */
  readonly handling: Map<number, Handling> = new Map<number, Handling>();
  /** Whether it is better to wait before sending more. */
  isCongested = false;
  isOver = false;
  readonly #connection: RealtimeConnection;
  readonly #owner: LinkOwner;
  readonly #requests = new Map<number, Answer>();
  #nextNumber = 1;
  #queue: (string | Uint8Array)[] = [];
  #queueLength = 0;
  #heardAtMs: number;
  #timer: Timer | undefined;

  constructor(connection: RealtimeConnection, codec: Codec, owner: LinkOwner) {
    this.#connection = connection;
    this.transport = connection.transport ?? "websocket";
    this.codec = codec;
    this.#owner = owner;
    this.#heardAtMs = owner.clock.now();
    void connection.closed.then((report) => this.#end({ kind: "connection-lost", report }));
  }

  // Out

  /**
   * Sends a frame, with all others of this turn.
   *
   * @throws RealtimeError `too-large`; TypeError, RangeError where the codec cannot have it
   */
  send(frame: ClientFrame): void {
    if (this.isOver) return;
    const encoded = this.codec.encode(frame);
    const limit = this.welcome?.maxMessageBytes ?? Infinity;
    if (!fits(encoded, limit)) {
      throw new RealtimeError("too-large", `the server takes ${limit} octets`);
    }
    // A character has at most three octets, and what joins them has one.
    if ((this.#queueLength + encoded.length) * 4 > Math.min(limit, maxBatchBytes)) this.flush();
    if (this.#queue.length === 0) queueMicrotask(() => this.flush());
    this.#queue.push(encoded);
    // With a comma and the brackets.
    this.#queueLength += encoded.length + 2;
  }

  /** Sends a request. @returns its number @throws as `send` */
  request(frame: (r: number) => ClientFrame, answer: Answer): number {
    while (this.#requests.has(this.#nextNumber)) this.#countOn();
    const r = this.#nextNumber;
    this.send(frame(r));
    this.#countOn();
    this.#requests.set(r, answer);
    return r;
  }

  #countOn(): void {
    this.#nextNumber = (this.#nextNumber % maxRequestNumber) + 1;
  }

  /** Whatever is answered to it, nobody wants to know. */
  forget(r: number): void {
    this.#requests.delete(r);
    this.retireIfDone();
  }

  /** Sends what waits for the end of the turn. */
  flush(): void {
    const frames = this.#queue;
    if (frames.length === 0 || this.isOver) return;
    this.#queue = [];
    this.#queueLength = 0;
    const { ok, status } = this.#connection.send(this.codec.batch(frames));
    if (!ok) this.#connection.terminate();
    if (status !== "buffered" || this.isCongested) return;
    this.isCongested = true;
    this.#connection.ready().then(
      () => {
        this.isCongested = false;
        this.#owner.roomy(this);
      },
      // It is over, which is told elsewhere.
      () => undefined,
    );
  }

  // In

  /** A message has come. Throws nothing, whatever it is. */
  receive(message: string | Uint8Array): void {
    if (this.isOver) return;
    this.#heardAtMs = this.#owner.clock.now();
    for (const frame of readMessage(this.codec, message, serverFrames)) {
      if (this.isOver) return;
      try {
        if (!(frame instanceof FrameFault)) this.#receiveFrame(frame);
        else if (frame.request === undefined) this.fail(frame.message);
        else this.refuse(frame.request, new RealtimeError(frame.code, frame.message));
      } catch (error) {
        this.#owner.reportError(error, "frame");
      }
    }
  }

  #receiveFrame(frame: ServerFrame): void {
    switch (frame[0]) {
      case "ok":
        this.#take(frame[1])?.ok(frame[2]);
        break;
      case "err":
        this.#take(frame[1])?.err(RealtimeError.from(frame[2]));
        break;
      case "item":
        this.#requests.get(frame[1])?.item?.(frame[2]);
        break;
      case "ping":
        this.send(["ok", frame[1], Date.now()]);
        break;
      default:
        this.#owner.frame(this, frame);
    }
    this.retireIfDone();
  }

  #take(r: number): Answer | undefined {
    const answer = this.#requests.get(r);
    this.#requests.delete(r);
    return answer;
  }

  /** Answers a request of the server's with an error. */
  refuse(r: number, error: RealtimeError): void {
    this.send(["err", r, error.toBody()]);
  }

  // Whether the server is there

  /** From now on, silence is looked into. */
  watch(welcome: Welcome): void {
    this.welcome = welcome;
    this.probe();
  }

  /** Asks the server whether it is there; cuts the connection when it does not say so in time. */
  probe(): void {
    const { clock } = this.#owner;
    const { pingMs = maxPingTimeoutMs } = this.welcome ?? {};
    const sentMs = clock.now();
    this.#timer?.cancel();
    this.#timer = clock.setTimer(() => this.#connection.terminate(), Math.min(pingMs, maxPingTimeoutMs));
    const wait = (): void => {
      this.#timer?.cancel();
      this.#timer = clock.setTimer(() => this.#lookAround(pingMs), pingMs);
    };
    this.request((r) => ["ping", r], {
      ok: (value) => {
        if (pingReply(value) === undefined) this.#owner.offset.add(sentMs, clock.now(), value as number);
        if (!this.isOver) wait();
      },
      // It is there.
      err: wait,
    });
  }

  #lookAround(pingMs: number): void {
    const silentMs = this.#owner.clock.now() - this.#heardAtMs;
    if (silentMs >= pingMs) this.probe();
    else this.#timer = this.#owner.clock.setTimer(() => this.#lookAround(pingMs), pingMs - silentMs);
  }

  // The end

  /** Closes it when what is under way is done. */
  retire(): void {
    this.isRetired = true;
    this.retireIfDone();
  }

  /** For those who know that something is done. */
  retireIfDone(): void {
    if (this.isRetired && this.#requests.size === 0 && this.handling.size === 0) this.close();
  }

  /** Closes it. */
  close(): void {
    this.flush();
    this.#connection.close(1000);
  }

  /** The server broke the protocol: nothing more is believed of it. */
  fail(reason: string): void {
    if (this.isOver) return;
    this.flush();
    const error = brokenError(reason);
    this.#end({ kind: "attempt-failed", error });
    // A close reason has at most 123 octets (RFC 6455 §5.5), and what is quoted in it may be anything.
    this.#connection.close(protocolBroken, reason.replace(/[^ -~]/g, "?").slice(0, 123));
  }

  /** Cuts it, without a word. */
  cut(): void {
    this.#connection.terminate();
  }

  #end(loss: ConnectionLoss): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#timer?.cancel();
    this.#requests.clear();
    this.#owner.over(this, loss);
  }
}
