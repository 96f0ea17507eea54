/**
 * A connection that carries the sessions of several tabs of a browser (docs/protocol.md, "Several sessions over one
 * connection"). Each of them is a connection to the rest of the server, with a window of its own, so that a tab which sleeps
 * is slow by itself.
 */
import type { EngineTimer } from "../engines/index.js";
import {
  type Codec,
  FlowWindow,
  RealtimeCloseCode,
  readShared,
  type SharingFrame,
  sharingOverheadBytes,
  writeShared,
  writeSharing,
} from "../wire/index.js";
import type { Prepared, RealtimeConnection, RealtimePlatform, SendStatus } from "./connection.js";
import type { ResolvedLimits } from "./limits.js";
import type { Session } from "./session.js";

/** What it needs of the server. */
export interface SharingServer {
  readonly isDraining: boolean;
  readonly limits: ResolvedLimits;
  readonly platform: RealtimePlatform;
  codecFor(protocols: readonly string[]): Codec | undefined;
  connect(connection: RealtimeConnection, codec: Codec): Session;
}

/** What it needs of the platform. */
export type ContentOf = (prepared: Prepared) => string | Uint8Array;

/** See the head of this file. */
export class SharedConnection {
  readonly #server: SharingServer;
  readonly #carrier: RealtimeConnection;
  readonly #contentOf: ContentOf;
  readonly #sessions = new Map<number, CarriedConnection>();
  #idleTimer: EngineTimer | undefined;
  #isOver = false;

  /** @param contentOf what was prepared */
  constructor(server: SharingServer, carrier: RealtimeConnection, contentOf: ContentOf) {
    this.#server = server;
    this.#carrier = carrier;
    this.#contentOf = contentOf;
    this.#watchIdle();
  }

  /**
   * A message has come.
   *
   * @returns a promise where the next message had better wait
   */
  receive(data: string | Uint8Array): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    const frame = readShared(data);
    if (frame === undefined) {
      this.#fail("neither a message of a session's nor about one");
      return undefined;
    }
    const [, s] = frame;
    const session = this.#sessions.get(s);
    switch (frame[0]) {
      case "open":
        this.#open(s, frame[2]);
        break;
      // What concerns a session that is over has crossed its end.
      case "message":
        return session?.receive(frame[2]);
      case "ack":
        session?.acknowledged(frame[2]);
        break;
      case "close":
        this.#sessions.delete(s);
        session?.session.closed();
        this.#watchIdle();
        break;
      default:
        this.#fail(`${frame[0]} is what servers say`);
    }
    return undefined;
  }

  #open(s: number, protocols: readonly string[]): void {
    if (this.#sessions.has(s)) {
      this.#fail(`the session ${s} is there already`);
      return;
    }
    const { limits, isDraining } = this.#server;
    const codec = this.#server.codecFor(protocols);
    if (codec === undefined) {
      this.#say(["close", s, RealtimeCloseCode.ProtocolBroken, "no subprotocol of openline's"]);
    } else if (isDraining || this.#sessions.size >= limits.maxSharedSessions) {
      this.#say(["refused", s]);
    } else {
      const link = {
        say: (frame: SharingFrame) => this.#say(frame),
        contentOf: this.#contentOf,
        ended: () => this.#ended(s),
      };
      const carried = new CarriedConnection(this.#server, this.#carrier, s, codec, link);
      this.#sessions.set(s, carried);
      this.#say(["opened", s, codec.subprotocol]);
      this.#watchIdle();
    }
  }

  #say(frame: SharingFrame): SendStatus {
    return this.#carrier.send(writeSharing(frame));
  }

  #ended(s: number): void {
    this.#sessions.delete(s);
    if (this.#sessions.size === 0 && this.#server.isDraining && !this.#isOver) {
      this.#isOver = true;
      this.#carrier.close(1012, "going away");
    } else this.#watchIdle();
  }

  /** A connection without a session is none that anybody needs. */
  #watchIdle(): void {
    if (this.#sessions.size > 0 || this.#isOver) {
      this.#idleTimer?.cancel();
      this.#idleTimer = undefined;
      return;
    }
    // What is said of sessions that are not there begins no time anew.
    if (this.#idleTimer !== undefined) return;
    const { platform, limits } = this.#server;
    this.#idleTimer = platform.setTimer(() => {
      this.#isOver = true;
      this.#carrier.close(RealtimeCloseCode.HelloTimeout, "no session in time");
    }, limits.helloTimeoutMs);
  }

  #fail(reason: string): void {
    this.#isOver = true;
    this.#carrier.close(RealtimeCloseCode.ProtocolBroken, reason);
    this.closed();
  }

  /** There is room again on the connection. */
  drained(): void {
    for (const { window, session } of [...this.#sessions.values()]) if (!window.isFull) session.drained();
  }

  /** The connection is over. */
  closed(): void {
    this.#isOver = true;
    this.#idleTimer?.cancel();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const { session } of sessions) session.closed();
  }
}

interface CarriedLink {
  say(frame: SharingFrame): SendStatus;
  readonly contentOf: ContentOf;
  ended(): void;
}

/** One of the sessions, as a connection. */
class CarriedConnection implements RealtimeConnection {
  readonly overheadBytes = sharingOverheadBytes;
  readonly session: Session;
  /** What is on its way to the tab. */
  readonly window = new FlowWindow();
  readonly #taken = new FlowWindow();
  readonly #carrier: RealtimeConnection;
  readonly #s: number;
  readonly #link: CarriedLink;
  readonly #maxWaitingBytes: number;
  #waitingBytes = 0;
  #isOver = false;

  constructor(server: SharingServer, carrier: RealtimeConnection, s: number, codec: Codec, link: CarriedLink) {
    this.#carrier = carrier;
    this.#s = s;
    this.#link = link;
    this.#maxWaitingBytes = server.limits.maxMessageBytes;
    this.session = server.connect(this, codec);
  }

  get request(): Request | undefined {
    return this.#carrier.request;
  }

  get remoteAddress(): string | undefined {
    return this.#carrier.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.window.length;
  }

  send(data: string | Uint8Array | Prepared): SendStatus {
    const content = typeof data === "string" || data instanceof Uint8Array ? data : this.#link.contentOf(data);
    const status = this.#carrier.send(writeShared(this.#s, content));
    this.window.sent(content.length);
    return status === "sent" && this.window.isFull ? "buffered" : status;
  }

  close(code: number, reason: string): void {
    this.#isOver = true;
    this.#link.say(["close", this.#s, code, reason]);
    this.#link.ended();
  }

  /** The tab has taken so much. */
  acknowledged(length: number): void {
    if (this.window.acknowledged(length)) this.session.drained();
  }

  receive(message: string | Uint8Array): Promise<void> | undefined {
    const { length } = message;
    const taking = this.session.receive(message);
    if (taking === undefined) {
      this.#take(length);
      return undefined;
    }
    this.#waitingBytes += length;
    const done = (): void => {
      this.#waitingBytes -= length;
      this.#take(length);
    };
    taking.then(done, done);
    // The others do not wait for one of them, unless it goes too far.
    return this.#waitingBytes > this.#maxWaitingBytes ? taking : undefined;
  }

  #take(length: number): void {
    const due = this.#taken.taken(length);
    if (due > 0 && !this.#isOver) this.#link.say(["ack", this.#s, due]);
  }
}
