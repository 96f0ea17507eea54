/**
 * A log on the client's side: the chain of positions, what has been handled, and pages when there is room for them
 * (docs/protocol.md, "log").
 */
import type { HistoryEntry, HistoryReply, MessageMeta, PubReply, SubOptions, SubReply } from "../wire/index.js";
import { historyReply, pubReply } from "../wire/server-frames.js";
import { forgetOldest } from "./forget-oldest.js";
import type { History, HistoryMessage, HistoryOptions, LogEvent, LogHandle, PublishOptions } from "./handles.js";
import type { ChannelFrame } from "./link.js";
import { quietly } from "./quietly.js";
import { Subscriber } from "./subscriber.js";

// "one of the last 64 handled"
const rememberedPositions = 64;

const defaultHistoryLimit = 50;

/** See the head of this file. */
export class LogSubscriber extends Subscriber<LogEvent<unknown>> implements LogHandle {
  override readonly kind = "log";
  epoch: string | undefined;
  position: string | undefined;
  /** The last positions that were handled, the oldest first. */
  readonly #handled = new Set<string>();
  /** Whether what comes is what was kept. */
  #isCatchingUp = false;
  /** Whether nothing was lost since the last time that everything had come. */
  #isComplete = true;
  /** Whether the next page waits until there is room. */
  #isPageDue = false;

  // Requests

  publish(message: unknown, options: PublishOptions = {}): Promise<PubReply> {
    const { idempotencyKey: key = this.context.nextKey(), timeoutMs = Infinity } = options;
    return this.context.operations.run<PubReply>({
      ...options,
      // By name, since the next connection may have another number for it.
      frame: (r, link) => ["pub", r, this.channelOn(link), message, { key }],
      check: pubReply,
      isResent: true,
      timeoutMs,
    });
  }

  history(options: HistoryOptions = {}): Promise<History<unknown>> {
    return quietly(this.#history(options));
  }

  async #history(options: HistoryOptions): Promise<History<unknown>> {
    const { before, after, limit = defaultHistoryLimit } = options;
    const { epoch, messages, isEnd } = await this.context.operations.run<HistoryReply>({
      ...options,
      frame: (r) => ["hist", r, this.name, { before, after, limit }],
      check: historyReply,
      // It changes nothing.
      isResent: true,
    });
    return { epoch, messages: messages.map((entry) => historyMessage(epoch, entry)), isEnd };
  }

  // The subscription

  protected override subOptions(): SubOptions {
    const { since, last = 0 } = this.options;
    if (this.position === undefined && since !== undefined) {
      this.epoch = since.epoch;
      this.position = since.position;
    }
    this.#isPageDue = false;
    if (this.epoch !== undefined && this.position !== undefined) {
      this.#isCatchingUp = true;
      return { since: [this.epoch, this.position] };
    }
    this.#isCatchingUp = last > 0;
    return last > 0 ? { last } : {};
  }

  protected override accepted({ epoch, position }: SubReply): string | undefined {
    if (epoch === undefined || position === undefined) return "no epoch";
    // A position of our own stays; what comes has to follow it, or a gap tells that it does not.
    if (this.position === undefined) {
      this.epoch = epoch;
      this.position = position;
    }
    if (!this.#isCatchingUp) this.#live();
    return undefined;
  }

  protected override forgotten(): void {
    this.epoch = undefined;
    this.position = undefined;
    this.#handled.clear();
    this.#isComplete = true;
  }

  // Frames

  protected override received(frame: ChannelFrame): void {
    switch (frame[0]) {
      case "m":
        this.#message(frame[2], frame[3], frame[4], frame[5]);
        break;
      case "page":
        this.#page(frame[2], frame[3]);
        break;
      case "gap":
        this.#gap(frame[2]);
        break;
      default:
      // Of another kind: a server that sends it is wrong, and nothing is lost.
    }
  }

  #message(position: string, previous: string, value: unknown, meta: MessageMeta | undefined): void {
    if (position === this.position || this.#handled.has(position)) return;
    if (previous !== this.position) {
      this.hole();
      return;
    }
    this.#moveTo(position);
    this.#handled.add(position);
    forgetOldest(this.#handled, rememberedPositions);
    const entry: HistoryEntry = [position, previous, value, meta];
    this.audience.emit({
      type: "message",
      recovered: this.#isCatchingUp,
      ...historyMessage(this.epoch ?? "", entry),
    });
    if (this.audience.lag >= this.context.limits.maxBufferedEvents) this.hold();
  }

  #moveTo(position: string): void {
    this.position = position;
    this.progressed();
  }

  #page(position: string, isLast: boolean): void {
    if (position !== this.position) {
      this.hole();
      return;
    }
    if (isLast) {
      this.#isCatchingUp = false;
      this.#live();
      return;
    }
    this.#isCatchingUp = true;
    this.#isPageDue = true;
    this.taken();
  }

  #live(): void {
    const { epoch = "", position = "" } = this;
    const recovered = this.#isComplete;
    this.#isComplete = true;
    this.audience.emit({ type: "live", epoch, position, recovered });
  }

  #gap({ reason, epoch, position }: Extract<ChannelFrame, readonly ["gap", ...unknown[]]>[2]): void {
    // Positions of one epoch say nothing in the other.
    if (epoch !== this.epoch) this.#handled.clear();
    this.epoch = epoch;
    this.#moveTo(position);
    this.#isComplete = false;
    this.audience.emit({ type: "gap", reason, epoch, position, recovered: false });
  }

  // Room

  protected override adder(): (waiting: LogEvent<unknown>[], event: LogEvent<unknown>) => void {
    // Bounded, since no more comes while it is held.
    return (waiting, event) => waiting.push(event);
  }

  /** Asks for more when half of the room is free. */
  protected override taken(): void {
    if (this.audience.lag > this.context.limits.maxBufferedEvents / 2) return;
    if (this.#isPageDue) {
      this.#isPageDue = false;
      this.more();
    }
    this.goOn();
  }
}

function historyMessage(epoch: string, [position, previous, value, meta]: HistoryEntry): HistoryMessage<unknown> {
  const { user, timeMs, key } = meta ?? {};
  return { value, epoch, position, previous, user, timeMs, key };
}
