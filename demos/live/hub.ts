// Everything that happens on the live page's sockets: decodes what they say, applies the limits, and passes it to the
// room. It sees a socket as the few members below, so that its tests need no network.
import { type ChatRoom, type Outcome } from "./chat-room.js";
import { TokenBucket } from "./rate-limit.js";
import { CLIENT_MESSAGE_MAX_LENGTH } from "./shared/limits.js";
import { type ClientMessage, decodeClientMessage, encode, type ServerMessage, type Update } from "./shared/wire.js";

/** Enough for a full outbox within some seconds; a flood is slowed down to four messages a second. */
const SAY_BURST = 10;
const SAY_PER_SECOND = 4;
/** All messages together. A page needs about one per second; beyond this it is no page of ours. */
const ANY_BURST = 100;
const ANY_PER_SECOND = 20;
/** A page that misunderstands us is told so this often before it is shut out. */
const MISTAKES_MAX = 10;
/** A connection that does not introduce itself within this time is closed. */
const HELLO_TIMEOUT_MS = 10_000;
/** With this much waiting to be sent, updates are skipped: the next one will say more. */
const SKIP_UPDATES_ABOVE_BYTES = 16 * 1024;
/** With this much waiting, the connection is too slow for the chat as well. */
const CLOSE_ABOVE_BYTES = 1024 * 1024;

/** What the hub needs of a WebSocket. */
export interface LiveSocket {
  readonly bufferedBytes: number;
  send(data: string): unknown;
  ping(): Promise<unknown>;
  close(code?: number, reason?: string): void;
  terminate(): void;
}

interface Session {
  readonly socket: LiveSocket;
  readonly openedAtMs: number;
  readonly says: TokenBucket;
  readonly anything: TokenBucket;
  member: { readonly clientId: string; readonly memberId: number } | undefined;
  watchesUpdates: boolean;
  awaitsPong: boolean;
  mistakes: number;
}

/** The sockets of the live page. Feed it with what happens to them, and call `checkLiveness` every so often. */
export class LiveHub {
  readonly #room: ChatRoom;
  readonly #clockMs: () => number;
  readonly #sessions = new Map<LiveSocket, Session>();

  /**
   * @param room The chat room.
   * @param clockMs Reads the server's clock: milliseconds since the Unix epoch, with a fraction.
   */
  constructor(room: ChatRoom, clockMs: () => number) {
    this.#room = room;
    this.#clockMs = clockMs;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** A connection was opened; it is silent until it says `hello`. */
  open(socket: LiveSocket): void {
    const nowMs = this.#clockMs();
    this.#sessions.set(socket, {
      socket,
      openedAtMs: nowMs,
      says: new TokenBucket(SAY_BURST, SAY_PER_SECOND, nowMs),
      anything: new TokenBucket(ANY_BURST, ANY_PER_SECOND, nowMs),
      member: undefined,
      watchesUpdates: false,
      awaitsPong: false,
      mistakes: 0,
    });
  }

  /** A message arrived. */
  receive(socket: LiveSocket, data: string | Uint8Array): void {
    const session = this.#sessions.get(socket);
    if (session === undefined) return;
    if (session.anything.take(this.#clockMs()) > 0) {
      socket.close(1008, "too many messages");
      return;
    }
    if (typeof data !== "string") {
      socket.close(1003, "text messages only");
      return;
    }
    if (data.length > CLIENT_MESSAGE_MAX_LENGTH) {
      this.#reject(session, "the message is too long");
      return;
    }
    const decoded = decodeClientMessage(data);
    if (decoded.ok) this.#handle(session, decoded.message);
    else this.#reject(session, decoded.reason);
  }

  /** A connection is gone. */
  closed(socket: LiveSocket): void {
    const session = this.#sessions.get(socket);
    this.#sessions.delete(socket);
    if (session?.member !== undefined) this.#deliver(session, this.#room.leave(session.member.memberId));
  }

  /** Sends an update to everybody who watches. */
  publish(update: Update): void {
    const text = encode({ type: "update", ...update });
    for (const session of this.#sessions.values()) {
      if (session.watchesUpdates && session.socket.bufferedBytes <= SKIP_UPDATES_ABOVE_BYTES) session.socket.send(text);
    }
  }

  /** Pings everybody; whoever did not answer the ping before this one is gone, and whoever never said hello may go. */
  checkLiveness(): void {
    const nowMs = this.#clockMs();
    for (const session of this.#sessions.values()) {
      if (session.awaitsPong) {
        session.socket.terminate();
      } else if (session.member === undefined && nowMs - session.openedAtMs > HELLO_TIMEOUT_MS) {
        session.socket.close(1008, "no hello");
      } else {
        session.awaitsPong = true;
        const answered = (): void => {
          session.awaitsPong = false;
        };
        // A ping that fails does so because the connection ended, and that is reported to `closed`.
        session.socket.ping().then(answered, () => undefined);
      }
    }
  }

  #handle(session: Session, message: ClientMessage): void {
    if (message.type === "hello") {
      this.#hello(session, message.clientId, message.name);
      return;
    }
    if (session.member === undefined) {
      this.#reject(session, "hello comes first");
      return;
    }
    const { clientId, memberId } = session.member;
    const nowMs = this.#clockMs();
    switch (message.type) {
      case "rename":
        // A new name is told to everybody like a message, so it counts like one.
        if (session.says.take(nowMs) > 0) this.#send(session, { type: "rejected", reason: "too many new names" });
        else this.#deliver(session, this.#room.rename(memberId, message.name));
        break;
      case "say": {
        const retryAfterMs = session.says.take(nowMs);
        if (retryAfterMs > 0) this.#send(session, { type: "slow-down", messageId: message.messageId, retryAfterMs });
        else this.#deliver(session, this.#room.say(clientId, message.messageId, message.text, nowMs));
        break;
      }
      case "watch":
        session.watchesUpdates = message.updates;
        break;
      case "clock":
        this.#send(session, { type: "clock", sentAtMs: message.sentAtMs, serverTimeMs: nowMs });
        break;
      default:
        message satisfies never;
    }
  }

  #hello(session: Session, clientId: string, name: string): void {
    if (session.member !== undefined) {
      this.#reject(session, "hello comes once");
      return;
    }
    for (const other of this.#sessions.values()) {
      if (other.member?.clientId !== clientId) continue;
      // The page has a new connection and we had not noticed the end of the old one: the member stays.
      other.member = undefined;
      this.#sessions.delete(other.socket);
      other.socket.close(4000, "continued on another connection");
    }
    const joined = this.#room.join(clientId, name);
    session.member = { clientId, memberId: joined.memberId };
    this.#deliver(session, joined);
  }

  #reject(session: Session, reason: string): void {
    session.mistakes += 1;
    if (session.mistakes > MISTAKES_MAX) session.socket.close(1008, "too many mistakes");
    else this.#send(session, { type: "rejected", reason });
  }

  #deliver(sender: Session, outcome: Outcome): void {
    for (const message of outcome.toSender) this.#send(sender, message);
    for (const message of outcome.toOthers) {
      const text = encode(message);
      for (const session of this.#sessions.values()) {
        if (session !== sender && session.member !== undefined) this.#sendText(session, text);
      }
    }
  }

  #send(session: Session, message: ServerMessage): void {
    this.#sendText(session, encode(message));
  }

  #sendText(session: Session, text: string): void {
    // What is refused is refused because the connection is closing, and that is reported to `closed`.
    session.socket.send(text);
    // RFC 6455 registry: 1013, "Try Again Later"; the page comes back by itself and gets the history.
    if (session.socket.bufferedBytes > CLOSE_ABOVE_BYTES) session.socket.close(1013, "too slow");
  }
}
