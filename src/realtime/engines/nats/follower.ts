/**
 * Following a stream: every message of a filter from a sequence on, in order, over whatever happens to the connection.
 *
 * The consumer is one of JetStream's ordered ones: it numbers what it delivers and beats when there is nothing, so that
 * a message that was lost, or a consumer that is gone, is noticed; then another one begins where this one ended.
 */
import type { Msg } from "@nats-io/transport-node";
import type { EngineTimer } from "../index.js";
import type { NatsLink } from "./link.js";
import { type ConsumerInfo, consumerConfig, deliveryOf, type Stored } from "./reading.js";

/** Whoever follows. */
export interface FollowerSink {
  /** Before each beginning: the sequence to begin with, where `last` is what has been delivered last, 0 for nothing. */
  begin(last: number): Promise<number> | number;
  message(message: Stored): void;
  /** Everything has come that was there at the beginning. */
  caughtUp(): void;
}

const heartbeatMs = 5000;
const nanosecondsPerMs = 1_000_000;
// Two beats may be late.
const patienceMs = 2.5 * heartbeatMs;
const firstRetryMs = 100;
const maxRetryMs = 5000;
const maxReachMs = 1000;

/** See the head of this file. */
export class Follower {
  readonly #link: NatsLink;
  readonly #stream: string;
  readonly #filter: string;
  readonly #sink: FollowerSink;
  readonly #waiting = new Set<{ readonly seq: number; readonly done: () => void }>();
  readonly #forgetReconnects: () => void;
  #last = 0;
  #unsubscribe: () => void = () => undefined;
  #consumer: string | undefined;
  #consumerSeq = 0;
  #isCaughtUp = false;
  #patience: EngineTimer | undefined;
  #retry: EngineTimer | undefined;
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
    const inbox = this.#link.createInbox();
    this.#consumerSeq = 0;
    this.#isCaughtUp = false;
    this.#unsubscribe = this.#link.subscribe(inbox, (message) => {
      if (run === this.#run) this.#received(message);
    });
    const config = {
      ...consumerConfig(this.#filter, from),
      deliver_subject: inbox,
      flow_control: true,
      idle_heartbeat: heartbeatMs * nanosecondsPerMs,
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
    this.#last = streamSeq;
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
    if (last !== "" && Number(last) !== this.#consumerSeq) this.restart();
  }

  #caughtUp(): void {
    if (this.#isCaughtUp) return;
    this.#isCaughtUp = true;
    this.#sink.caughtUp();
  }

  #heard(): void {
    this.#patience?.cancel();
    this.#patience = this.#link.host.setTimer(() => this.restart(), patienceMs);
  }

  #end(): void {
    this.#run++;
    this.#patience?.cancel();
    this.#retry?.cancel();
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
    for (const { done } of this.#waiting) done();
  }
}
