/**
 * A server of the real-time protocol that does what a test says: every frame that comes is written down, and what goes
 * out is written by hand (docs/protocol.md).
 */
import assert from "node:assert/strict";
import type { CloseReport } from "#src/protocol/index.js";
import {
  type Client,
  type ClientOptions,
  type ClientParts,
  type ConnectionOptions,
  createClientFactory,
  type RealtimeConnection,
  type UntypedClient,
} from "#src/realtime/client/index.js";
import type { Contract, ContractDefinition } from "#src/realtime/contract/index.js";
import {
  type ClientFrame,
  type Codec,
  clientFrames,
  FrameFault,
  jsonCodec,
  readMessage,
  type ServerFrame,
} from "#src/realtime/wire/index.js";
import { FakeClock, SeededRandom } from "#src/testing/index.js";

/** How connections end where nothing else is said. */
export const dropped: CloseReport = {
  outcome: "dropped",
  code: 1006,
  reason: "",
  wasClean: false,
  initiator: "peer",
  phase: "open",
  rule: undefined,
  cause: undefined,
};

/** A frame that came, with its request number taken out of the comparison where it has one. */
type Frame = readonly unknown[];

/** One attempt of the client's to connect, and the connection that comes of it. */
export class FakePeer implements RealtimeConnection {
  readonly closed: Promise<CloseReport>;
  readonly protocol: string;
  /** All frames that have come and were not taken by `next`. */
  readonly frames: ClientFrame[] = [];
  /** How many frames each message had. */
  readonly batches: number[] = [];
  closedWith: [number | undefined, string | undefined] | undefined;
  isTerminated = false;
  answer: ReturnType<RealtimeConnection["send"]> = { ok: true, status: "sent" };
  readonly #server: FakeServer;
  readonly #options: ConnectionOptions;
  #report: CloseReport | undefined;
  #resolveClosed: (report: CloseReport) => void = () => undefined;
  #ready: (() => void)[] = [];

  constructor(server: FakeServer, options: ConnectionOptions, protocol: string) {
    this.#server = server;
    this.#options = options;
    this.protocol = protocol;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  // What the client does

  send(data: string | Uint8Array): ReturnType<RealtimeConnection["send"]> {
    if (this.#report !== undefined) return { ok: false, status: "refused" };
    if (!this.answer.ok) return this.answer;
    const frames = readMessage(this.#server.codec, data, clientFrames);
    this.batches.push(frames.length);
    for (const frame of frames) {
      assert.ok(!(frame instanceof FrameFault), `the client sent ${String(data)}: ${JSON.stringify(frame)}`);
      // Pings are answered as by a server whose clock is the test's, an hour ahead.
      if (frame[0] === "ping" && this.#server.answersPings) this.ok(frame[1], this.#server.nowMs());
      else this.frames.push(frame);
    }
    return this.answer;
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#ready.push(resolve);
    });
  }

  close(code?: number, reason?: string): void {
    this.closedWith ??= [code, reason];
    this.end({ ...dropped, code: code ?? 1000, initiator: "us", wasClean: true, outcome: "closed-by-us" });
  }

  terminate(): void {
    this.isTerminated = true;
    this.end({ ...dropped, initiator: "us" });
  }

  // What the test does

  /** There is room again. */
  drain(): void {
    this.answer = { ok: true, status: "sent" };
    for (const resolve of this.#ready.splice(0)) resolve();
  }

  /** The connection is over. */
  end(report: CloseReport = dropped): void {
    this.#report ??= report;
    this.#resolveClosed(this.#report);
  }

  /** It is closed by the server. */
  closeWith(code: number): void {
    this.end({ ...dropped, outcome: "closed-by-peer", code, wasClean: true, phase: "closing" });
  }

  /** A message as it is. */
  raw(message: string | Uint8Array): void {
    this.#options.message(this, message);
  }

  /** Frames by hand, in one message. */
  say(...frames: Frame[]): void {
    const { codec } = this.#server;
    this.raw(codec.batch(frames.map((frame) => codec.encode(frame as unknown as ServerFrame))));
  }

  ok(r: number, value?: unknown): void {
    this.say(["ok", r, value]);
  }

  err(r: number, code: string, more: object = {}): void {
    this.say(["err", r, { code, message: code, retryable: false, ...more }]);
  }

  /** The next frame that came, with what it must begin with. @returns its request number, if it has one */
  next(operation: string, ...elements: unknown[]): number {
    const frame = this.frames.shift();
    assert.ok(frame !== undefined, `no ${operation} came`);
    assert.equal(frame[0], operation, JSON.stringify(frame));
    const hasNumber = !["hello", "more"].includes(operation);
    const rest: readonly unknown[] = hasNumber ? frame.slice(2) : frame.slice(1);
    assert.deepEqual(rest.slice(0, elements.length), elements);
    return hasNumber ? (frame[1] as number) : 0;
  }

  /** Nothing more has come. */
  nothing(): void {
    assert.deepEqual(this.frames, []);
  }

  /** Says welcome, after hello. */
  welcome(more: object = {}): void {
    this.next("hello");
    const session = {
      session: "s1",
      user: "u1",
      timeMs: this.#server.nowMs(),
      pingMs: 25_000,
      maxMessageBytes: 65_536,
    };
    this.say(["welcome", { ...session, ...more }]);
  }

  /** Answers the subscription that is due. */
  async subscribed(name: string, reply: { readonly n: number; readonly kind: string } & object): Promise<void> {
    await this.#server.clock.settle();
    this.ok(this.next("sub", name), { epoch: "e1", position: "0", ...reply });
    await this.#server.clock.settle();
  }
}

/** See the head of this file. */
export class FakeServer {
  readonly clock = new FakeClock({ startMs: 1000 });
  /** All attempts to connect, in order. */
  readonly attempts: { readonly url: string; readonly options: ConnectionOptions }[] = [];
  readonly peers: FakePeer[] = [];
  readonly printed: string[] = [];
  answersPings = true;
  /** What the next attempts fail with. */
  refusal: unknown;
  codec: Codec = jsonCodec;
  /** The subprotocol that it chooses. */
  protocol = jsonCodec.subprotocol;
  /** What chance gives. */
  random: () => number;
  wake: () => void = () => undefined;

  constructor(seed = 1) {
    const random = new SeededRandom(seed);
    this.random = () => random.next();
  }

  /** The server's clock is an hour ahead of the client's. */
  nowMs(): number {
    return this.clock.now() + 3_600_000;
  }

  get parts(): ClientParts {
    return {
      connect: async (url, options) => {
        this.attempts.push({ url: String(url), options });
        await Promise.resolve();
        if (this.refusal !== undefined) throw this.refusal as Error;
        options.signal.throwIfAborted();
        const peer = new FakePeer(this, options, this.protocol);
        this.peers.push(peer);
        return peer;
      },
      clock: this.clock,
      random: () => this.random(),
      wakeUps: (wake) => {
        this.wake = wake;
        return () => {
          this.wake = () => undefined;
        };
      },
      reportError: (error, during) => this.printed.push(`${during}: ${String(error)}`),
    };
  }

  client(options?: ClientOptions): UntypedClient {
    return createClientFactory(this.parts)("ws://fake.test", options);
  }

  clientOf<Definition extends ContractDefinition>(
    api: Contract<Definition>,
    options?: ClientOptions,
  ): Client<Definition> {
    return createClientFactory(this.parts)(api, "ws://fake.test", options);
  }

  /** The connection that was made last. */
  get peer(): FakePeer {
    return this.peers.at(-1) ?? assert.fail("no connection");
  }

  /** Lets the client come in. */
  async welcome(more?: object): Promise<FakePeer> {
    await this.clock.settle();
    this.peer.welcome(more);
    await this.clock.settle();
    return this.peer;
  }

  /** Breaks the connection, and lets the client come in again. */
  async reconnect(): Promise<FakePeer> {
    const { length } = this.peers;
    this.peer.end();
    assert.ok(await this.clock.runUntil(() => this.peers.length > length));
    return await this.welcome();
  }
}

/** Writes down what a loop gets, until it ends. */
export class Recorded<Event> {
  readonly events: Event[] = [];
  error: unknown;
  isOver = false;
  readonly #iterator: AsyncIterator<Event, unknown>;

  constructor(source: AsyncIterable<Event>) {
    this.#iterator = source[Symbol.asyncIterator]();
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#iterator.next();
        if (done === true) break;
        this.events.push(value);
      }
    } catch (error) {
      this.error = error;
    }
    this.isOver = true;
  }

  /** What has come since the last time. */
  take(): Event[] {
    return this.events.splice(0);
  }

  async leave(): Promise<void> {
    await this.#iterator.return?.();
  }
}
