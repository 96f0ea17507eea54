/**
 * A real-time server with peers written by hand, in memory, in a time that is told to go on.
 */
import assert from "node:assert/strict";
import type { Contract } from "#src/realtime/contract/index.js";
import type { Engine } from "#src/realtime/engines/index.js";
import { memory } from "#src/realtime/engines/index.js";
import type {
  AnyRealtimeOptions,
  Prepared,
  RealtimeConnection,
  RealtimePlatform,
  Session,
} from "#src/realtime/server/index.js";
import { RealtimeServer, realtimeParts } from "#src/realtime/server/index.js";
import { type Codec, jsonCodec } from "#src/realtime/wire/index.js";
import { FakeClock } from "#src/testing/index.js";
import { startUnixMs } from "../engines/world.js";

export type Frame = readonly unknown[];

/** What operations answer, each some of it. */
export interface Answer {
  readonly n: number;
  readonly epoch: string;
  readonly position: string;
  readonly recovered?: boolean;
  readonly isDuplicate?: boolean;
  readonly revision: string;
  readonly messages: readonly [position: string, previous: string, value: unknown][];
  readonly isEnd: boolean;
}

class TestPrepared implements Prepared {
  readonly data: string | Uint8Array;

  constructor(data: string | Uint8Array) {
    this.data = data;
  }

  get byteLength(): number {
    return this.data.length;
  }
}

/** A client's end, which reads as it is told. */
export class Peer implements RealtimeConnection {
  readonly request = undefined;
  readonly remoteAddress = "memory";
  /** Messages as they came. */
  readonly messages: (string | Uint8Array | Prepared)[] = [];
  /** Frames that have been read. */
  readonly frames: Frame[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Whether it reads what it is sent. */
  isReading = true;
  highWaterMarkBytes = 1000;
  session!: Session;
  readonly #world: World;
  readonly #codec: Codec;
  #unread: (string | Uint8Array)[] = [];
  #lastRequest = 0;

  constructor(world: World, codec: Codec) {
    this.#world = world;
    this.#codec = codec;
  }

  get bufferedBytes(): number {
    return this.#unread.reduce((sum, { length }) => sum + length, 0);
  }

  send(data: string | Uint8Array | Prepared): "sent" | "buffered" | "refused" {
    if (this.closed !== undefined) return "refused";
    this.messages.push(data);
    const octets = data instanceof TestPrepared ? data.data : (data as string | Uint8Array);
    if (this.isReading) {
      this.#read(octets);
      return "sent";
    }
    this.#unread.push(octets);
    return this.bufferedBytes > this.highWaterMarkBytes ? "buffered" : "sent";
  }

  #read(octets: string | Uint8Array): void {
    const decoded = this.#codec.decode(octets) as Frame[];
    if (Array.isArray(decoded[0]) || decoded.length === 0) this.frames.push(...decoded);
    else this.frames.push(decoded);
  }

  /** Stops reading. */
  stall(): void {
    this.isReading = false;
  }

  /** Reads all that waits, and goes on reading. */
  async resume(): Promise<void> {
    this.isReading = true;
    const unread = this.#unread;
    this.#unread = [];
    for (const octets of unread) this.#read(octets);
    this.session.drained();
    await this.#world.settle();
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** Sends a frame, or several as a batch. */
  say(...frames: readonly Frame[]): void {
    void this.session.receive(this.#codec.encode((frames.length === 1 ? frames[0] : frames) as never));
  }

  /** Sends a request, and returns the answer. */
  async ask(operation: string, ...elements: readonly unknown[]): Promise<Frame> {
    const r = ++this.#lastRequest;
    this.say([operation, r, ...elements]);
    await this.#world.settle();
    const answer = this.answerTo(r);
    assert.ok(answer !== undefined, `${operation} was not answered`);
    return answer;
  }

  answerTo(r: number): Frame | undefined {
    return this.frames.find(([operation, number]) => (operation === "ok" || operation === "err") && number === r);
  }

  /** What a request came to, which has to be right. */
  async done(operation: string, ...elements: readonly unknown[]): Promise<Answer> {
    const answer = await this.ask(operation, ...elements);
    assert.equal(answer[0], "ok", JSON.stringify(answer));
    return answer[2] as Answer;
  }

  /** The error that a request came to. */
  async refused(
    operation: string,
    ...elements: readonly unknown[]
  ): Promise<{ code: string; [name: string]: unknown }> {
    const answer = await this.ask(operation, ...elements);
    assert.equal(answer[0], "err", JSON.stringify(answer));
    return answer[2] as { code: string };
  }

  /** Frames of an operation. */
  all(operation: string): Frame[] {
    return this.frames.filter(([name]) => name === operation);
  }

  /** Frames of an operation since the last call; everything that was read is forgotten. */
  take(operation: string): Frame[] {
    const taken = this.all(operation);
    this.frames.length = 0;
    return taken;
  }

  /** The connection breaks. */
  vanish(): void {
    this.closed ??= { code: 1006, reason: "" };
    this.session.closed();
  }
}

export class World {
  readonly clock: FakeClock;
  readonly engine: Engine;
  readonly server: RealtimeServer;
  readonly services: ReturnType<typeof realtimeParts>["services"];
  readonly errors: unknown[] = [];
  readonly platform: RealtimePlatform;
  /** Messages that were made ready for many. */
  prepared = 0;

  /** @param node what tells it apart from others in the same time */
  constructor(api: Contract, options: AnyRealtimeOptions = {}, clock: FakeClock = new FakeClock(), node: string = "") {
    let ids = 0;
    this.clock = clock;
    this.platform = {
      now: () => this.clock.now(),
      unixMs: () => startUnixMs + this.clock.now(),
      setTimer: (callback, delayMs) => this.clock.setTimer(callback, delayMs),
      randomId: () => `${node}id${String(ids++)}`,
      reportError: (error) => this.errors.push(error),
      prepare: (data) => {
        this.prepared++;
        return new TestPrepared(data);
      },
      atTurnEnd: (callback) => this.clock.schedule({ flush: callback }),
    };
    this.engine = options.engine ?? memory();
    const parts = realtimeParts(this.platform, api, { ...options, engine: this.engine });
    this.services = parts.services;
    this.server = new RealtimeServer(parts);
  }

  async settle(): Promise<void> {
    await this.clock.settle();
  }

  /** A peer that has said nothing. */
  async open(codec: Codec = jsonCodec): Promise<Peer> {
    await this.server.ready;
    const peer = new Peer(this, codec);
    peer.session = this.server.connect(peer, codec);
    return peer;
  }

  /** A peer that has been welcomed. */
  async peer(hello: Record<string, unknown> = {}, codec: Codec = jsonCodec): Promise<Peer> {
    const peer = await this.open(codec);
    peer.say(["hello", hello]);
    await this.settle();
    assert.equal(peer.closed, undefined);
    assert.equal(peer.frames[0]?.[0], "welcome");
    peer.frames.length = 0;
    return peer;
  }

  async close(): Promise<void> {
    await this.server.close();
    assert.deepEqual(this.errors, []);
  }
}

/** Whoever says who they are is believed. */
export const believe: NonNullable<AnyRealtimeOptions["authenticate"]> = ({ token }) =>
  typeof token === "string" ? { user: token } : undefined;
