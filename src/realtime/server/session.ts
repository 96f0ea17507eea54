/**
 * One connection from `hello` to its end: who it is, and whose turn each frame is.
 */
import type { EngineTimer } from "../engines/index.js";
import {
  type ClientFrame,
  type Codec,
  clientFrames,
  FrameFault,
  type HelloFrame,
  RealtimeCloseCode,
  RealtimeError,
  readMessage,
  type ServerFrame,
} from "../wire/index.js";
import type { RealtimeConnection } from "./connection.js";
import { bodyOf } from "./failures.js";
import { InOrder } from "./in-order.js";
import { IncomingCalls } from "./incoming-calls.js";
import { isLonger } from "./octets.js";
import type { Authenticated, RealtimeUser } from "./options.js";
import { Outgoing } from "./outgoing.js";
import { OutgoingCalls } from "./outgoing-calls.js";
import { PublishedMedia } from "./published-media.js";
import { Publishing } from "./publishing.js";
import { inTime, type Services } from "./services.js";
import { SessionChannels } from "./session-channels.js";

// A reason fits into a Close frame.
const maxReasonLength = 100;
// Later than any timer can be set for.
const maxTimerMs = 2 ** 31 - 1;

/** Requests that say by themselves that they have been answered. */
export const answered: unique symbol = Symbol("answered");

/** See the head of this file. */
export class Session {
  readonly id: string;
  readonly services: Services;
  readonly out: Outgoing;
  /** What is asked of a channel takes effect in order: who subscribes and then publishes gets what they published. */
  readonly order: InOrder = new InOrder();
  readonly channels: SessionChannels;
  readonly calls: OutgoingCalls;
  readonly #connection: RealtimeConnection;
  readonly #maxMessageBytes: number;
  readonly #codec: Codec;
  readonly #ended: (session: Session) => void;
  readonly #publishing: Publishing;
  readonly #publishedMedia: PublishedMedia;
  readonly #incomingCalls: IncomingCalls;
  /** Numbers of requests that have not been answered. */
  readonly #requests = new Set<number>();
  /** Ends what `authenticate` does. Made when it is asked. */
  #deciding: AbortController | undefined;
  readonly #revokedMeanwhile = new Set<string>();
  #phase: "new" | "authenticating" | "open" | "ended" = "new";
  #user: RealtimeUser = { id: null, data: undefined };
  #client: string;
  #helloTimer: EngineTimer | undefined;
  #expiryTimer: EngineTimer | undefined;
  /** The message that is being handled, where that takes longer than a turn. */
  #busy: Promise<void> | undefined;

  /** @param ended called when nothing more comes of it */
  constructor(services: Services, connection: RealtimeConnection, codec: Codec, ended: (session: Session) => void) {
    const { platform, limits } = services;
    this.id = platform.randomId();
    this.services = services;
    this.#client = this.id;
    this.#connection = connection;
    this.#maxMessageBytes = Math.max(1, limits.maxMessageBytes - (connection.overheadBytes ?? 0));
    this.#codec = codec;
    this.#ended = ended;
    this.out = new Outgoing(connection, codec, platform, limits.maxBufferedBytes, () => {
      this.close(1013, `more than maxBufferedBytes (${limits.maxBufferedBytes}) wait to be read`);
    });
    this.channels = new SessionChannels(this);
    this.calls = new OutgoingCalls(this);
    this.#publishing = new Publishing(this);
    this.#publishedMedia = new PublishedMedia(this);
    this.#incomingCalls = new IncomingCalls(this);
    this.#helloTimer = platform.setTimer(() => {
      this.close(RealtimeCloseCode.HelloTimeout, "no hello in time");
    }, limits.helloTimeoutMs);
  }

  get user(): RealtimeUser {
    return this.#user;
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** What rates and idempotency keys are counted by. */
  get owner(): string {
    return this.#user.id === null ? `?${this.id}` : `=${this.#user.id}`;
  }

  /** A user and a client of theirs: what idempotency keys belong to. */
  get ownerAndClient(): string {
    return JSON.stringify([this.#user.id, this.#client]);
  }

  get client(): string {
    return this.#client;
  }

  /**
   * A message has come.
   *
   * @returns a promise where the next message had better wait
   */
  receive(message: string | Uint8Array): Promise<void> | undefined {
    if (this.#busy !== undefined) {
      const next = this.#busy.then(() => this.#take(message));
      this.#keepBusy(next);
      return next;
    }
    const taking = this.#take(message);
    if (taking !== undefined) this.#keepBusy(taking);
    return taking;
  }

  #keepBusy(working: Promise<void>): void {
    this.#busy = working;
    const done = (): void => {
      if (this.#busy === working) this.#busy = undefined;
    };
    // Whoever has handed in the message hears of what it throws.
    working.then(done, done);
  }

  #take(message: string | Uint8Array): Promise<void> | undefined {
    if (this.#phase === "ended") return undefined;
    if (isLonger(message, this.#maxMessageBytes)) {
      this.close(1009, `a message is longer than maxMessageBytes (${this.#maxMessageBytes})`);
      return undefined;
    }
    return this.#handleAll(readMessage(this.#codec, message, clientFrames), 0);
  }

  #handleAll(frames: readonly (ClientFrame | FrameFault)[], from: number): Promise<void> | undefined {
    for (let index = from; index < frames.length; index++) {
      const frame = frames[index];
      if (frame === undefined || this.#phase === "ended") return undefined;
      const waiting = this.#handle(frame);
      if (waiting !== undefined) return waiting.then(() => this.#handleAll(frames, index + 1));
    }
    return undefined;
  }

  #handle(frame: ClientFrame | FrameFault): Promise<void> | undefined {
    if (frame instanceof FrameFault) {
      this.#faulty(frame);
      return undefined;
    }
    if (this.#phase === "new") {
      if (frame[0] === "hello") return this.#hello(frame);
      this.close(RealtimeCloseCode.ProtocolBroken, "the first frame must be hello");
    } else if (frame[0] === "hello") this.close(RealtimeCloseCode.ProtocolBroken, "hello is said once");
    else this.#dispatch(frame);
    return undefined;
  }

  #faulty({ code, message, request }: FrameFault): void {
    if (request === undefined || this.#phase !== "open") this.close(RealtimeCloseCode.ProtocolBroken, message);
    else if (this.#isAllowed(request)) this.out.send(["err", request, new RealtimeError(code, message).toBody()]);
  }

  async #hello([, { token, client }]: HelloFrame): Promise<void> {
    this.#phase = "authenticating";
    this.#helloTimer?.cancel();
    this.#helloTimer = undefined;
    const { services } = this;
    let authenticated: Authenticated<unknown> | undefined;
    do {
      this.#revokedMeanwhile.clear();
      authenticated = await this.#authenticate(token);
      if (authenticated === undefined || (this.#phase as string) === "ended") return;
      // Who it is may have been decided before that.
    } while (authenticated.user !== null && this.#revokedMeanwhile.has(authenticated.user));
    this.#user = { id: authenticated.user, data: authenticated.data };
    if (client !== undefined) this.#client = client;
    services.rates.enter(this.owner);
    this.#phase = "open";
    services.users.add(this);
    const { pingMs } = services.limits;
    const timeMs = services.platform.unixMs();
    const maxMessageBytes = this.#maxMessageBytes;
    this.send(["welcome", { session: this.id, user: this.#user.id, timeMs, pingMs, maxMessageBytes }]);
    if (services.parting.frame !== undefined) this.send(services.parting.frame);
    this.#watchExpiry(authenticated.expiresAtMs);
  }

  /** @returns undefined when it was refused, and the connection is closed */
  async #authenticate(token: unknown): Promise<Authenticated<unknown> | undefined> {
    const { services } = this;
    if (services.authenticate === undefined) return { user: null };
    const { request, remoteAddress } = this.#connection;
    try {
      this.#deciding ??= new AbortController();
      const context = { token, request, remoteAddress, signal: this.#deciding.signal };
      const decision = Promise.resolve(services.authenticate(context));
      const authenticated = await inTime(services, decision, services.limits.decisionTimeoutMs);
      if (isAuthenticated(authenticated)) return authenticated;
      this.close(RealtimeCloseCode.Unauthenticated, "not authenticated");
    } catch (error) {
      services.report(error, "authenticating");
      this.close(1013, "who this is cannot be told at the moment");
    }
    return undefined;
  }

  #watchExpiry(expiresAtMs: number | undefined): void {
    this.#expiryTimer?.cancel();
    this.#expiryTimer = undefined;
    if (expiresAtMs === undefined) return;
    const { platform, limits } = this.services;
    const leftMs = expiresAtMs - platform.unixMs();
    // Nor is what is no time.
    if (!(leftMs > 0)) {
      this.close(RealtimeCloseCode.Unauthenticated, "the authentication has run out");
      return;
    }
    const isSoon = leftMs <= limits.expiryNoticeMs;
    if (isSoon) this.send(["expiring", { inMs: Math.ceil(leftMs) }]);
    const waitMs = isSoon ? leftMs : Math.min(leftMs - limits.expiryNoticeMs, maxTimerMs);
    this.#expiryTimer = platform.setTimer(() => {
      if (isSoon) this.close(RealtimeCloseCode.Unauthenticated, "the authentication has run out");
      else this.#watchExpiry(expiresAtMs);
    }, waitMs);
  }

  async #refresh(token: unknown): Promise<void> {
    const authenticated = await this.#authenticate(token);
    if (authenticated === undefined || !this.isOpen) return;
    if (authenticated.user !== this.#user.id) throw new RealtimeError("forbidden", "the user must stay the same");
    this.#user = { id: authenticated.user, data: authenticated.data };
    this.#watchExpiry(authenticated.expiresAtMs);
    await this.reauthorize();
  }

  /** What the user may do has changed: asks again about all there is of it, what waits and what runs included. */
  async reauthorize(): Promise<void> {
    this.order.reconsider();
    await Promise.all([this.channels.reauthorize(), this.#incomingCalls.reauthorize()]);
  }

  /** A user is revoked, who this may turn out to be. */
  revokedMeanwhile(user: string): void {
    if (this.#phase === "authenticating") this.#revokedMeanwhile.add(user);
  }

  /** Nothing more is done for this user: what waits is refused, and calls are aborted. */
  revoke(error: RealtimeError): void {
    this.order.refuse(error);
    this.#incomingCalls.revoke(error);
  }

  #dispatch(frame: ClientFrame): void {
    switch (frame[0]) {
      case "ok":
      case "err":
      case "item":
        if (!this.calls.answered(frame)) this.#isAllowed(undefined);
        break;
      case "credit":
        if (!this.#incomingCalls.credited(frame[1], frame[2])) this.#isAllowed(undefined);
        break;
      case "cancel":
        if (this.#isAllowed(undefined)) this.#incomingCalls.cancelled(frame[1]);
        break;
      case "more":
        if (this.#isAllowed(undefined)) this.channels.more(frame[1]);
        break;
      default:
        this.#request(frame);
    }
  }

  #request(
    frame: Exclude<ClientFrame, readonly ["ok" | "err" | "item" | "credit" | "cancel" | "more", ...unknown[]]>,
  ): void {
    switch (frame[0]) {
      case "ping":
        this.#answer(frame[1], () => Promise.resolve(this.services.platform.unixMs()));
        break;
      case "token":
        this.#answer(frame[1], () => this.#refresh(frame[2]));
        break;
      case "sub":
        this.#answer(frame[1], () => this.channels.subscribe(frame));
        break;
      case "unsub":
        this.#answer(frame[1], () => this.channels.unsubscribe(frame[2]));
        break;
      case "pres":
        this.#answer(frame[1], () => this.channels.show(frame[2], frame[3]));
        break;
      case "hist":
        this.#answer(frame[1], () => this.#publishing.history(frame));
        break;
      case "pub":
        this.#answer(frame[1], () => this.#publishing.publish(frame));
        break;
      case "set":
        this.#answer(frame[1], () => this.#publishing.set(frame));
        break;
      case "del":
        this.#answer(frame[1], () => this.#publishing.delete(frame));
        break;
      case "sig":
        this.#answer(frame[1], () => this.#publishing.signal(frame));
        break;
      case "pubg":
        this.#answer(frame[1], () => this.#publishedMedia.publish(frame));
        break;
      case "call":
        this.#answer(frame[1], () => this.#incomingCalls.run(frame));
        break;
      case "hello":
        break;
    }
  }

  /** Does what a request asks for, and answers. */
  #answer(r: number, run: () => Promise<unknown>): void {
    if (this.#requests.has(r)) {
      this.close(RealtimeCloseCode.ProtocolBroken, `the request number ${r} is in use`);
      return;
    }
    if (!this.#isAllowed(r)) return;
    if (this.#requests.size >= this.services.limits.maxRequests) {
      const message = `more than maxRequests (${this.services.limits.maxRequests}) are being worked on`;
      if (r !== 0) this.#fail(r, new RealtimeError("too-many", message, { retryable: true }));
      return;
    }
    // Those that want no answer are counted, too; below 0 there is no request.
    const counted = r === 0 ? this.#unanswered-- : r;
    this.#requests.add(counted);
    run().then(
      (value) => this.#done(counted, value),
      (error: unknown) => {
        this.#requests.delete(counted);
        if (counted > 0) this.#fail(counted, error);
        else bodyOf(error, (cause) => this.services.report(cause, "handling a signal"));
      },
    );
  }

  #unanswered = -1;

  #done(r: number, value: unknown): void {
    this.#requests.delete(r);
    if (r < 0 || value === answered) return;
    try {
      this.out.send(value === undefined ? ["ok", r] : ["ok", r, value]);
    } catch (error) {
      // A value that no codec has.
      this.#fail(r, error);
    }
  }

  #fail(r: number, error: unknown): void {
    const body = bodyOf(error, (cause) => this.services.report(cause, "answering a request"));
    try {
      this.out.send(["err", r, body]);
    } catch (cause) {
      this.services.report(cause, "telling an error");
      this.out.send(["err", r, new RealtimeError("internal", "an error inside the server").toBody()]);
    }
  }

  /** Counts a request. A user who makes far too many loses the connection. */
  #isAllowed(r: number | undefined): boolean {
    const verdict = this.services.rates.take(this.owner);
    if (verdict === "allowed") return true;
    if (verdict === "flood") {
      this.close(RealtimeCloseCode.TooManyRequests, "too many requests");
      return false;
    }
    if (r !== undefined && r !== 0) {
      const { retryAfterMs } = verdict;
      this.#fail(r, new RealtimeError("rate-limited", "too many requests", { retryable: true, retryAfterMs }));
    }
    return false;
  }

  /** Sends a frame of the session's own. */
  send(frame: ServerFrame): void {
    this.out.send(frame);
  }

  /** There is room again on the connection. */
  drained(): void {
    this.out.drained();
    this.channels.pump();
  }

  /** Ends the connection. */
  close(code: number, reason: string): void {
    if (this.#phase === "ended") return;
    this.out.flush();
    if (code === RealtimeCloseCode.Revoked) this.revoke(new RealtimeError("forbidden", "revoked"));
    else if (code === RealtimeCloseCode.Unauthenticated) this.revoke(new RealtimeError("unauthenticated", reason));
    this.#end();
    this.#connection.close(code, reason.slice(0, maxReasonLength));
  }

  /** The connection is over. */
  closed(): void {
    if (this.#phase !== "ended") this.#end();
  }

  #end(): void {
    const wasOpen = this.#phase === "open";
    this.#phase = "ended";
    this.#deciding?.abort();
    this.#helloTimer?.cancel();
    this.#expiryTimer?.cancel();
    this.out.end();
    this.channels.end();
    this.#incomingCalls.end();
    if (this.#incomingCalls.size > 0) this.services.lingering.add(this);
    this.calls.end();
    if (wasOpen) {
      this.services.users.delete(this);
      this.services.rates.leave(this.owner);
    }
    this.#ended(this);
  }
}

/**
 * Whether an answer of `authenticate` says who somebody is. Where no types are checked it may be anything.
 *
 * @throws TypeError where it neither says so nor refuses
 */
function isAuthenticated(answer: unknown): answer is Authenticated<unknown> {
  if (answer === undefined || answer === null || answer === false) return false;
  const user: unknown = typeof answer === "object" && "user" in answer ? answer.user : undefined;
  if (user === null || typeof user === "string") return true;
  throw new TypeError("authenticate must answer with a `user` that is a string or null, or with undefined or false");
}
