/**
 * A channel's subscription, as long as somebody wants it: over all connections, and again after whatever ended it for the
 * time being. What its frames mean, the kinds know.
 */
import type { Timer } from "../../transport/index.js";
import { RealtimeError } from "../wire/errors.js";
import type { ChannelKind, SubOptions, SubReply } from "../wire/index.js";
import { subReply } from "../wire/server-frames.js";
import { Audience } from "./audience.js";
import type { ChannelOptions, Handle } from "./handles.js";
import type { ChannelFrame, FrameTaker, Link } from "./link.js";
import type { Operations } from "./operations.js";
import type { ClientLimits } from "./options.js";
import { PresenceView } from "./presence.js";
import type { Session } from "./session.js";

/** A channel that hears of connections. */
export type Kept = Pick<Subscriber<unknown>, "opened" | "lost" | "over">;

/** What subscriptions share. */
export interface SubscriberContext extends Session {
  readonly operations: Operations;
  readonly limits: ClientLimits;
  /** A new idempotency key. */
  nextKey(): string;
  /** The channels that somebody waits for, whoever holds them. */
  readonly kept: Set<Kept>;
  /** The number of the group of media that was begun last: they go on over all connections, and where a channel is forgotten and used again. */
  groups: number;
}

// The delay before another try after trouble: as for connections, whose defaults these are.
const minDelayMs = 1000;
const maxDelayMs = 30_000;

/** Where a channel is subscribed: the connection, and the channel's number there. */
export interface Place {
  readonly link: Link;
  readonly n: number;
}

/** See the head of this file. */
export abstract class Subscriber<Event> implements FrameTaker, Handle<Event> {
  abstract readonly kind: ChannelKind;
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  readonly presence: PresenceView;
  readonly context: SubscriberContext;
  /** What is wanted of it from when it is subscribed next. */
  options: ChannelOptions = {};
  protected readonly audience: Audience<Event>;
  /** Where it is subscribed, or on the way there. */
  #link: Link | undefined;
  /** Where it is subscribed, with the channel's number there; undefined until the answer has come. */
  #place: Place | undefined;
  /** Counts requests to subscribe: the answer to an older one means nothing. */
  #ticket = 0;
  #isHeld = false;
  #troubles = 0;
  #timer: Timer | undefined;

  constructor(name: string, params: Readonly<Record<string, string>>, context: SubscriberContext) {
    this.name = name;
    this.params = params;
    this.context = context;
    const shared = {
      taken: () => this.taken(),
      joined: () => this.#joined(),
      left: () => this.#left(),
      reportError: (error: unknown, during: string) => context.reportError(error, during),
    };
    this.audience = new Audience<Event>({ ...shared, adder: () => this.adder() });
    this.presence = new PresenceView({ ...shared, shown: () => this.#keep() }, () => this.#place);
  }

  // What the kinds know

  /** What is wanted next. */
  protected subOptions(): SubOptions {
    return {};
  }
  /** The subscription stands. @returns what is wrong with the answer, if anything */
  protected accepted(_reply: SubReply): string | undefined {
    this.progressed();
    return undefined;
  }
  /** A frame of the subscription. */
  protected abstract received(frame: ChannelFrame): void;
  /** Makes what puts events to those that wait for one loop. */
  protected abstract adder(): (waiting: Event[], event: Event) => void;
  /** A loop has taken an event. */
  protected taken(): void {
    // Most kinds do not care.
  }
  /** Nobody wants it any more. */
  protected forgotten(): void {
    // Of most kinds, nothing is known that could be.
  }

  // What its users see

  get status(): "idle" | "subscribing" | "subscribed" {
    if (!this.#isWanted) return "idle";
    return this.#place === undefined ? "subscribing" : "subscribed";
  }

  listen(listener: (event: Event) => unknown, failed?: (error: unknown) => void): () => void {
    return this.audience.listen(listener, failed);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Event, undefined> {
    return this.audience.iterate();
  }

  // Being wanted

  get #isWanted(): boolean {
    return !this.audience.isEmpty || !this.presence.isEmpty;
  }

  #keep(): void {
    this.context.kept.add(this);
  }

  #joined(): void {
    this.#keep();
    if (this.context.state.name === "closed") this.over();
    else if (this.#link === undefined && this.#timer === undefined && !this.#isHeld) this.#subscribe();
  }

  #left(): void {
    if (!this.#isWanted) this.#stop();
    // The slowest one may have gone.
    else this.taken();
  }

  #stop(): void {
    this.context.kept.delete(this);
    this.#unsubscribe();
    this.#isHeld = false;
    this.#troubles = 0;
    this.presence.forgotten();
    this.forgotten();
  }

  // Subscribing

  /** How requests name the channel: by number where it has one. */
  channelOn(link: Link | undefined): string | number {
    return (link === this.#link ? this.#place?.n : undefined) ?? this.name;
  }

  /** A connection is open. */
  opened(): void {
    if (this.#isWanted && !this.#isHeld) this.#subscribe();
  }

  /** A connection is lost. */
  lost(link: Link): void {
    if (this.#link === link) this.#detach();
  }

  #subscribe(): void {
    const link = this.context.current;
    this.#detach();
    if (link === undefined) return;
    this.#link = link;
    const ticket = ++this.#ticket;
    const { presence } = this.options;
    const options: SubOptions = { ...this.subOptions(), presence };
    link.request((r) => ["sub", r, this.name, options], {
      ok: (value) => {
        const fault = subReply(value);
        if (fault !== undefined) link.fail(`an answer: value${fault}`);
        else if (ticket === this.#ticket) this.#accepted(link, value as SubReply);
        else if (!this.#isWanted || this.#isHeld) unsubscribe({ link, n: (value as SubReply).n });
      },
      err: (error) => {
        if (ticket === this.#ticket) this.#refused(error);
      },
    });
  }

  #accepted(link: Link, reply: SubReply): void {
    const { n, kind } = reply;
    const place: Place = { link, n };
    if (kind !== this.kind) {
      unsubscribe(place);
      this.#fail(wrongKind(this.name, kind));
      return;
    }
    if ((link.takers.get(n) ?? this) !== this) {
      link.fail("a number twice");
      return;
    }
    link.takers.set(n, this);
    this.#place = place;
    const fault = this.accepted(reply);
    if (fault !== undefined) link.fail(fault);
    else this.presence.accepted();
  }

  #refused(error: RealtimeError): void {
    if (error.retryable) this.#again(error.retryAfterMs ?? 0, 1);
    else this.#fail(error);
  }

  /** It is over for good. */
  #fail(error: RealtimeError): void {
    this.audience.end({ error });
    this.presence.end({ error });
    this.#detach();
    this.#stop();
  }

  /** The client is closed. */
  over(): void {
    this.#detach();
    this.audience.end();
    this.presence.end();
    this.#stop();
  }

  /** What comes until it is subscribed again belongs to what was. */
  #detach(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const place = this.#place;
    if (place?.link.takers.get(place.n) === this) place.link.takers.delete(place.n);
    this.#link = undefined;
    this.#place = undefined;
    this.#ticket++;
  }

  #unsubscribe(): void {
    const place = this.#place;
    this.#detach();
    if (place !== undefined && !place.link.isOver) unsubscribe(place);
  }

  // For the kinds

  /** Something of the subscription is missing: it is subscribed again, from where it is. */
  protected hole(): void {
    this.#again(0, 0);
  }

  /** All is as it should be. */
  protected progressed(): void {
    this.#troubles = 0;
  }

  /** No more is wanted until `goOn`. */
  protected hold(): void {
    this.#isHeld = true;
    this.#unsubscribe();
  }

  protected goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#isWanted) this.#subscribe();
  }

  /** Sends a frame about the subscription, if it stands. */
  protected more(): void {
    const place = this.#place;
    place?.link.send(["more", place.n]);
  }

  /** Waits the longer, the more often there is trouble without anything in between. */
  #again(floorMs: number, troublesAtLeast: number): void {
    const troubles = Math.max(this.#troubles, troublesAtLeast);
    const boundMs = troubles === 0 ? 0 : Math.min(maxDelayMs, minDelayMs * 2 ** (troubles - 1));
    this.#troubles = troubles + 1;
    this.#detach();
    const delayMs = floorMs + boundMs * this.context.parts.random();
    if (delayMs === 0) {
      this.#subscribe();
      return;
    }
    this.#timer = this.context.clock.setTimer(() => {
      this.#timer = undefined;
      if (this.#isWanted) this.#subscribe();
    }, delayMs);
  }

  // Frames

  take(link: Link, frame: ChannelFrame): void {
    if (link !== this.#link) return;
    switch (frame[0]) {
      case "closed":
        this.#refused(RealtimeError.from(frame[2]));
        break;
      case "who":
      case "came":
      case "left":
        this.presence.received(frame);
        break;
      default:
        this.received(frame);
    }
  }
}

/** The channel is of another kind. */
export function wrongKind(name: string, kind: ChannelKind): RealtimeError {
  return new RealtimeError("wrong-kind", `"${name}" is a ${kind}`);
}

function unsubscribe({ link, n }: Place): void {
  // Nobody waits for the answer.
  link.request((r) => ["unsub", r, n], { ok: () => undefined, err: () => undefined });
}
