/**
 * Following a stream: every message of a filter from a sequence on, in order, over whatever happens to the connection.
 *
 * The consumer is one of JetStream's ordered ones: it numbers what it delivers and beats when there is nothing, so that
 * a message that was lost, or a consumer that is gone, is noticed; then another one begins where this one ended.
 *
 * In a cluster it is at one copy of the stream, which beats as well where it lags behind the others, or is cut off from
 * them. So the stream's leader is asked what there is, at the beginning and now and then; and where that does not come,
 * another consumer begins, at another copy perhaps.
 */
import type { Msg } from "@nats-io/transport-node";
import type { EngineTimer } from "../index.js";
import { EngineError } from "../index.js";
import { isApiError, type NatsLink } from "./link.js";
import { type ConsumerInfo, consumerConfig, deliveryOf, lastOf, type Stored } from "./reading.js";

/** Whoever follows. */
export interface FollowerSink {
  /** Before each beginning: the sequence to begin with, where `last` is what has been delivered last, 0 for nothing. */
  begin(last: number): Promise<number> | number;
  message(message: Stored): void;
  /** Everything has come that was there at the beginning, after each. */
  caughtUp(): void;
}

/** Somebody who waits until everything has come. */
interface Opening {
  /** Measures how long nothing has come. */
  readonly timer: NodeJS.Timeout;
  done(error?: EngineError): void;
}

// JetStream's error code for a consumer that is gone.
const noConsumer = 10014;
// A connection to a single server does not outlive it for long; one of a cluster may be gone while others are there.
const heartbeatMs = 5000;
const clusterHeartbeatMs = 2000;
const nanosecondsPerMs = 1_000_000;
// Two beats may be late.
const patientBeats = 2.5;
const firstRetryMs = 100;
const maxRetryMs = 1000;
const maxReachMs = 1000;
// When nothing has come for so long, and something should, it is asked whether it still will.
const quietMs = 100;
// What the leader has may be on its way for so long; then another copy is tried.
const behindMs = 1000;

/** See the head of this file. */
export class Follower {
  readonly #link: NatsLink;
  readonly #stream: string;
  readonly #filter: string;
  readonly #sink: FollowerSink;
  readonly #waiting = new Set<{ readonly seq: number; readonly done: () => void }>();
  readonly #forgetReconnects: () => void;
  #last = 0;
  /** What this run begins with, how far it has come, and what the leader had when it began; 0: not asked. */
  #from = 0;
  #reached = 0;
  #through = 0;
  /** How often the copy was found to lag behind in this run, and how many runs have ended so since everything had come. */
  #behind = 0;
  #lags = 0;
  #unsubscribe: () => void = () => undefined;
  #consumer: string | undefined;
  #consumerSeq = 0;
  #isCaughtUp = false;
  #opening: Opening | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #patience: EngineTimer | undefined;
  #retry: EngineTimer | undefined;
  #audit: EngineTimer | undefined;
  #retryMs = firstRetryMs;
  /** Grows with each beginning, so that what belongs to an old one is told apart. */
  #run = 0;
  #isStopped = false;

  private constructor(link: NatsLink, stream: string, filter: string, sink: FollowerSink) {
    this.#link = link;
    this.#stream = stream;
    this.#filter = filter;
    this.#sink = sink;
    this.#forgetReconnects = link.onReconnect(() => this.restart());
  }

  /** @throws EngineError, ApiError when it cannot begin */
  static async open(link: NatsLink, stream: string, filter: string, sink: FollowerSink): Promise<Follower> {
    const follower = new Follower(link, stream, filter, sink);
    try {
      await follower.#begin();
    } catch (error) {
      follower.stop();
      throw error;
    }
    return follower;
  }

  /** The sequence of what was delivered last, 0 for nothing. */
  get last(): number {
    return this.#last;
  }

  /**
   * Resolves when everything has come that was there at the beginning.
   *
   * @throws EngineError "unavailable" when nothing comes for `timeoutMs`; "closed" when this is stopped
   */
  async opened(): Promise<void> {
    if (this.#isStopped) throw stoppedError();
    this.#link.check();
    if (this.#isCaughtUp) return;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: EngineError): void => {
        clearTimeout(timer);
        this.#opening = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => done(this.#link.silent()), this.#link.options.timeoutMs);
      this.#opening = { timer, done };
    });
  }

  /**
   * Resolves when a message of this sequence, or a later one, has been delivered; or after a while, for it may have been
   * removed again.
   */
  async reached(seq: number): Promise<void> {
    if (this.#last >= seq || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(waiting);
        resolve();
      };
      const timer = this.#link.host.setTimer(done, maxReachMs);
      const waiting = { seq, done };
      this.#waiting.add(waiting);
    });
  }

  /** Begins again: what was delivered last may be another stream's. */
  restart(): void {
    if (this.#isStopped) return;
    this.#end();
    this.#begin().catch(() => this.#restartLater());
  }

  /** What comes after another stream took the place of this one. */
  forget(): void {
    this.#last = 0;
    this.restart();
  }

  #restartLater(): void {
    if (this.#isStopped || this.#link.isClosed) return;
    this.#end();
    this.#retry = this.#link.host.setTimer(() => this.restart(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
  }

  async #begin(): Promise<void> {
    const run = ++this.#run;
    const from = await this.#sink.begin(this.#last);
    if (run !== this.#run || this.#isStopped) return;
    const through = this.#link.isCluster ? await this.#newest() : 0;
    if (run !== this.#run || this.#isStopped) return;
    const inbox = this.#link.createInbox();
    this.#from = from;
    this.#reached = from - 1;
    this.#through = through;
    this.#behind = 0;
    this.#consumerSeq = 0;
    this.#isCaughtUp = false;
    this.#unsubscribe = this.#link.subscribe(inbox, (message) => {
      if (run === this.#run) this.#received(message);
    });
    const config = {
      ...consumerConfig(this.#filter, from),
      deliver_subject: inbox,
      flow_control: true,
      idle_heartbeat: this.#heartbeatMs * nanosecondsPerMs,
    };
    const create = { stream_name: this.#stream, config };
    const { name, num_pending } = await this.#link.api<ConsumerInfo>(`CONSUMER.CREATE.${this.#stream}`, create);
    if (run !== this.#run || this.#isStopped) {
      this.#delete(name);
      return;
    }
    this.#consumer = name;
    this.#retryMs = firstRetryMs;
    this.#heard();
    // Messages may have come before the answer.
    if (num_pending === 0 && this.#consumerSeq === 0) this.#caughtUp();
    if (!this.#isCaughtUp) this.#quiet = setTimeout(() => void this.#askWhatIsLeft(run, name), this.#quietMs);
    if (this.#link.isCluster) this.#auditLater(run);
  }

  /** The longer no copy has it, the fewer questions: as many ask as there is to follow, of servers that have enough to do. */
  get #quietMs(): number {
    return Math.min(quietMs * 2 ** this.#lags, behindMs);
  }

  get #heartbeatMs(): number {
    return this.#link.isCluster ? clusterHeartbeatMs : heartbeatMs;
  }

  /** The newest that the stream's leader has, 0 for nothing. */
  async #newest(): Promise<number> {
    return (await lastOf(this.#link, this.#stream, this.#filter))?.seq ?? 0;
  }

  #auditLater(run: number): void {
    this.#audit = this.#link.host.setTimer(() => {
      // What is not answered is asked again.
      const looking = this.#lookForMore(run).catch(() => undefined);
      void looking.then(() => {
        if (run === this.#run && !this.#link.isClosed) this.#auditLater(run);
      });
    }, this.#link.options.auditIntervalMs);
  }

  /** The leader may have what does not come here. */
  async #lookForMore(run: number): Promise<void> {
    if (!this.#isCaughtUp || !this.#link.isConnected) return;
    const newest = await this.#newest();
    const reached = this.#reached;
    if (run !== this.#run || newest <= reached) return;
    await new Promise<void>((resolve) => {
      this.#link.host.setTimer(resolve, behindMs);
    });
    if (run === this.#run && this.#reached === reached) this.restart();
  }

  /** What was still to come may have been taken away, and nothing says so by itself for a while. */
  async #askWhatIsLeft(run: number, consumer: string): Promise<void> {
    const isOver = (): boolean => run !== this.#run || this.#isCaughtUp;
    try {
      const info = await this.#link.api<ConsumerInfo>(`CONSUMER.INFO.${this.#stream}.${consumer}`);
      if (isOver()) return;
      // What has been sent may be on its way.
      if (info.num_pending === 0 && info.delivered.consumer_seq === this.#consumerSeq) await this.#askLeader(run);
    } catch (error) {
      if (!isOver() && isApiError(error, noConsumer)) this.restart();
    }
    if (!isOver()) this.#quiet?.refresh();
  }

  /** Its copy has given all that it has. */
  async #askLeader(run: number): Promise<void> {
    // What the leader had may be gone since.
    if (this.#reached < this.#through) this.#through = await this.#newest();
    if (run !== this.#run) return;
    this.#caughtUp();
    if (this.#isCaughtUp || ++this.#behind * this.#quietMs < behindMs) return;
    this.#lags++;
    this.restart();
  }

  #received(message: Msg): void {
    this.#heard();
    const { headers } = message;
    if (headers !== undefined && headers.code !== 0) {
      this.#status(message);
      return;
    }
    const { streamSeq, consumerSeq, pending } = deliveryOf(message);
    if (consumerSeq !== this.#consumerSeq + 1) {
      this.restart();
      return;
    }
    this.#consumerSeq = consumerSeq;
    // A copy that lags behind begins with the newest that it has, and not where it was told to.
    if (streamSeq < this.#from && streamSeq <= this.#through) return;
    this.#last = streamSeq;
    this.#reached = streamSeq;
    this.#opening?.timer.refresh();
    this.#quiet?.refresh();
    this.#sink.message({ seq: streamSeq, subject: message.subject, data: message.data });
    if (pending === 0) this.#caughtUp();
    for (const { seq, done } of this.#waiting) if (seq <= streamSeq) done();
  }

  /** A beat, or a question whether we have taken what was sent. */
  #status({ headers, reply }: Msg): void {
    if (reply !== undefined && reply !== "") this.#link.send(reply, "");
    const stalled = headers?.get("Nats-Consumer-Stalled") ?? "";
    if (stalled !== "") this.#link.send(stalled, "");
    const last = headers?.get("Nats-Last-Consumer") ?? "";
    if (last === "") return;
    if (Number(last) !== this.#consumerSeq) this.restart();
    // It beats when there is nothing to send, and when it must not send.
    else if (stalled === "") this.#caughtUp();
  }

  #caughtUp(): void {
    // A copy that lags behind has given all that it has, too.
    if (this.#isCaughtUp || this.#reached < this.#through) return;
    this.#isCaughtUp = true;
    this.#lags = 0;
    this.#askNoMore();
    this.#sink.caughtUp();
    this.#opening?.done();
  }

  #askNoMore(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
  }

  #heard(): void {
    this.#patience?.cancel();
    this.#patience = this.#link.host.setTimer(() => this.restart(), patientBeats * this.#heartbeatMs);
  }

  #end(): void {
    this.#run++;
    this.#patience?.cancel();
    this.#retry?.cancel();
    this.#audit?.cancel();
    this.#askNoMore();
    this.#unsubscribe();
    if (this.#consumer !== undefined) this.#delete(this.#consumer);
    this.#consumer = undefined;
  }

  #delete(consumer: string): void {
    if (!this.#link.isConnected) return;
    this.#link.send(`${this.#link.options.api}.CONSUMER.DELETE.${this.#stream}.${consumer}`, "");
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#forgetReconnects();
    this.#end();
    this.#opening?.done(stoppedError());
    for (const { done } of this.#waiting) done();
  }
}

function stoppedError(): EngineError {
  return new EngineError("closed", "the engine has been closed");
}
