/**
 * A log that this node reads or follows: read from the stream once, and kept up to date by what the stream tells.
 *
 * The stream republishes each message it has kept with its sequence and that of the message before it on the same
 * subject, so that every one of them says itself whether something is missing; what is missing is read from the stream.
 */
import type { Msg } from "@nats-io/transport-node";
import type { LogBounds, LogEntry, LogSink } from "../index.js";
import { EngineError } from "../index.js";
import type { NatsLink } from "./link.js";
import { keptEntry } from "./log-payload.js";
import { type KeptEntry, LogWindow, toldEntry } from "./log-window.js";
import { behind, hasMessage, lastOf, readMessages } from "./reading.js";
import type { Streams } from "./streams.js";

/** What a mirror is made of. */
export interface MirrorContext {
  readonly link: NatsLink;
  readonly streams: Streams;
  /** The subject in the stream, and the one that it is told under. */
  readonly subject: string;
  readonly toldSubject: string;
}

interface Told {
  readonly seq: number;
  readonly previous: number;
  readonly data: Uint8Array;
}

// What was told early, beyond it, is read again: as much as comes with one pull.
const maxEarlyBytes = 1_048_576;

/** See the head of this file. */
export class LogMirror {
  readonly #context: MirrorContext;
  readonly #sinks = new Set<LogSink>();
  #window = new LogWindow();
  /** The stream that the window was read from; undefined while there is none. */
  #epoch: string | undefined;
  /** The log has lost what would follow the window: it has to be read anew, and those who follow have to be told. */
  #isLost = false;
  /** What was told while something before it is being read. */
  #early: Told[] = [];
  #earlyBytes = 0;
  /** Something that was told early is not among it. */
  #isEarlyLeftOut = false;
  #isStopped = false;
  #catchingUp: Promise<void> | undefined;
  #unsubscribe: () => void = () => undefined;
  /** When it was used last, by the host's `now`. */
  usedAtMs = 0;

  private constructor(context: MirrorContext) {
    this.#context = context;
  }

  /** @throws EngineError, ApiError when the stream cannot be read */
  static async open(context: MirrorContext): Promise<LogMirror> {
    const mirror = new LogMirror(context);
    mirror.#unsubscribe = context.link.subscribe(context.toldSubject, (message) => mirror.#received(message));
    try {
      // From here on, what is kept is told; what was kept before is read.
      await context.link.flush();
      await mirror.#load();
      mirror.#takeEarly(0);
    } catch (error) {
      mirror.stop();
      throw error;
    }
    return mirror;
  }

  get isFollowed(): boolean {
    return this.#sinks.size > 0;
  }

  /** Octets of all values that are here. */
  get bytes(): number {
    return this.#window.bytes;
  }

  /**
   * The log as it is now.
   *
   * @throws EngineError "unavailable" when it is another one than was read, and could not be read since
   */
  window(): LogWindow {
    if (this.#isOld) throw new EngineError("unavailable", "this log has been replaced, and could not be read anew yet");
    this.#window.trim(this.#context.link.host.unixMs());
    return this.#window;
  }

  /** @throws EngineError "unavailable" as `window` does */
  bounds(): LogBounds {
    return this.window().bounds(this.#context.streams.epochOf("log"));
  }

  /** @returns takes the sink away */
  follow(sink: LogSink): () => void {
    // One of its own, so that the same sink may follow twice.
    const follower: LogSink = {
      message: (entry) => sink.message(entry),
      reset: (reason, bounds) => sink.reset(reason, bounds),
    };
    this.#sinks.add(follower);
    return () => {
      this.#sinks.delete(follower);
    };
  }

  /** Makes sure that a message of the stream is here, which is nearly always so. */
  async reach(seq: number): Promise<void> {
    if (this.#isOld || this.#window.last < seq) await this.catchUp();
  }

  /** Looks whether there is more than was told. */
  async audit(): Promise<void> {
    if (!this.#isOld) {
      const newest = await lastOf(this.#context.link, this.#stream, this.#context.subject);
      if (newest === undefined || newest.seq <= this.#window.last) return;
    }
    await this.catchUp();
  }

  /** Another stream has taken the place of the one that this was read from: `catchUp` reads that. */
  replaced(): void {
    this.#window = new LogWindow();
    this.#forgetEarly();
  }

  /**
   * Reads the log anew where that has to be.
   *
   * @throws EngineError, ApiError when the stream cannot be read
   */
  async renew(): Promise<void> {
    if (this.#isOld) await this.catchUp();
  }

  get #stream(): string {
    return this.#context.streams.name("log");
  }

  /** Whether the window is not that of the log as it is now. */
  get #isOld(): boolean {
    return this.#isLost || this.#epoch !== this.#context.streams.epochOf("log");
  }

  async #load(): Promise<void> {
    const { link, streams, subject } = this.#context;
    const epoch = streams.epochOf("log");
    const window = new LogWindow();
    const newest = await lastOf(link, this.#stream, subject);
    if (newest !== undefined) {
      const request = { stream: this.#stream, filter: subject, from: 1, through: newest.seq };
      const { messages } = await readMessages(link, request);
      for (const { seq, data } of messages) window.push(keptEntry(seq, data));
    }
    if (epoch !== streams.epochOf("log")) {
      await this.#load();
      return;
    }
    window.trim(link.host.unixMs());
    this.#window = window;
    this.#epoch = epoch;
    this.#isLost = false;
  }

  #received({ headers, data }: Msg): void {
    const seq = Number(headers?.get("Nats-Sequence"));
    const previous = Number(headers?.get("Nats-Last-Sequence"));
    if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(previous)) return;
    this.#told({ seq, previous, data });
  }

  #told(told: Told): void {
    if (this.#epoch === undefined || this.#catchingUp !== undefined) {
      this.#keepEarly(told);
      return;
    }
    if (!this.#isOld) {
      if (told.seq <= this.#window.last) return;
      if (told.previous === this.#window.last) {
        this.#push(keptEntry(told.seq, told.data));
        return;
      }
    }
    this.#keepEarly(told);
    this.#catchUpSoon();
  }

  #keepEarly(told: Told): void {
    if (this.#earlyBytes + told.data.length > maxEarlyBytes) {
      this.#isEarlyLeftOut = true;
      return;
    }
    this.#earlyBytes += told.data.length;
    // Its octets may lie in a buffer that is used again.
    this.#early.push({ ...told, data: told.data.slice() });
  }

  #forgetEarly(): void {
    this.#early = [];
    this.#earlyBytes = 0;
    this.#isEarlyLeftOut = false;
  }

  /** @param before where the log ended before what has just been read */
  #takeEarly(before: number): void {
    const early = this.#early;
    const isLeftOut = this.#isEarlyLeftOut;
    this.#forgetEarly();
    // What could not be read is read with whatever else there is.
    if (this.#isOld) return;
    const isFurther = this.#window.last > before;
    for (const told of early) {
      if (told.seq <= this.#window.last) continue;
      // What does not fit though nothing new was found has been removed again.
      if (told.previous === this.#window.last || isFurther) this.#told(told);
    }
    if (isLeftOut) this.#catchUpSoon();
  }

  #catchUpSoon(): void {
    // It is tried again by the next message, or the next audit.
    this.catchUp().catch(() => undefined);
  }

  #push(entry: KeptEntry): void {
    const previous = this.#window.end;
    if (!this.#window.push(entry)) return;
    this.#window.trim(this.#context.link.host.unixMs());
    this.#tell(toldEntry(entry, previous));
  }

  #tell(entry: LogEntry): void {
    for (const sink of this.#sinks) sink.message(entry);
  }

  /**
   * Reads what follows the newest message that is here, or all anew.
   *
   * @throws EngineError, ApiError when the stream cannot be read
   */
  async catchUp(): Promise<void> {
    const window = this.#window;
    const before = window.last;
    this.#catchingUp ??= this.#readOn().finally(() => {
      this.#catchingUp = undefined;
      this.#takeEarly(window === this.#window ? before : 0);
    });
    await this.#catchingUp;
  }

  async #readOn(): Promise<void> {
    if (!this.#isOld) await this.#readNew();
    // Also where that is noticed only meanwhile.
    if (this.#isOld && !this.#isStopped) await this.#reload();
  }

  async #readNew(): Promise<void> {
    const { link, subject } = this.#context;
    const { last } = this.#window;
    const newest = await lastOf(link, this.#stream, subject);
    if (newest === undefined || newest.seq <= last || this.#isStopped) return;
    const request = { stream: this.#stream, filter: subject, from: Math.max(1, last), through: newest.seq };
    const entries = (await readMessages(link, request)).messages.map(({ seq, data }) => keptEntry(seq, data));
    if (this.#isOld || this.#isStopped) return;
    // The message that is newest here still stands in the stream, so nothing that follows it has been dropped.
    const isContinued = last === 0 ? (entries[0]?.knownBefore ?? 0) === 0 : entries[0]?.seq === last;
    if (!isContinued) {
      // A copy of the stream may lack for a while what its leader has.
      if (last > 0 && (await hasMessage(link, this.#stream, last))) throw behind(this.#stream);
      this.#isLost = true;
      return;
    }
    for (const entry of entries) if (entry.seq > this.#window.last) this.#push(entry);
  }

  /** Where this fails, it is tried again by whoever reads, the next message, or the next audit. */
  async #reload(): Promise<void> {
    const before = this.#epoch;
    await this.#load();
    if (this.#isStopped) return;
    const bounds = this.bounds();
    const reason = before === bounds.epoch ? "retention" : "epoch";
    for (const sink of this.#sinks) sink.reset(reason, bounds);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unsubscribe();
    this.#sinks.clear();
  }
}
