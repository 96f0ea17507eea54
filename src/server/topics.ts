/**
 * Topics: names that sockets subscribe to, so that what is published there reaches all of them.
 *
 * A message is framed once, whatever the number of subscribers, and what is published during a turn lies in a row, so
 * that it leaves each subscriber in one write. A subscriber that reads slowly meets its own limit and no other's.
 */
import type { FramedMessage, FramePlace, TextCodec } from "../protocol/index.js";
import { FrameArena, SharedMessage, UsageError } from "../protocol/index.js";
import type { SendData, SendOptions, SendResult } from "../socket/index.js";
import { octetsOf, PreparedMessage } from "../socket/index.js";
import type { Platform } from "../transport/index.js";

/** A socket, as far as topics need it. */
export interface Subscriber {
  /** Sends a message that many sockets send. */
  sendShared(message: SharedMessage): SendResult;
}

/** What became of a message that was published. */
export interface PublishResult {
  /** Subscribers that it was sent to. */
  readonly delivered: number;
  /** Subscribers that will not get it: closing, or with `maxSendBufferBytes` waiting for them (see `slowPeer`). */
  readonly refused: number;
}

/** How a message is published. */
export interface PublishOptions<Member> extends SendOptions {
  /** A socket that is left out, usually the one that the message came from. */
  readonly except?: Member | undefined;
}

/** What a peer that names topics may make a server keep. */
export interface TopicLimits {
  /** Topics that one socket may subscribe to. */
  readonly maxTopicsPerSocket: number;
  /** UTF-16 units in the name of one. */
  readonly maxTopicLength: number;
}

const noTopics: ReadonlySet<string> = new Set();

/** See the head of this file. */
export class Topics<Member extends Subscriber> implements FramePlace {
  readonly #limits: TopicLimits;
  readonly #text: TextCodec;
  readonly #allocate: (byteLength: number) => Uint8Array;
  /** One for each version of messages, so that those that a subscriber gets lie in a row. */
  readonly #arenas: FrameArena[] = [];
  /** A topic is there as long as somebody subscribes to it. */
  readonly #members = new Map<string, Set<Member>>();
  readonly #topicsOf = new Map<Member, Set<string>>();

  constructor({ text, allocate }: Platform, limits: TopicLimits) {
    this.#limits = limits;
    this.#text = text;
    this.#allocate = allocate;
  }

  /**
   * @returns whether that is new
   * @throws UsageError `too-many-topics`, `topic-too-long`, `invalid-argument` for a topic that is no string
   */
  subscribe(member: Member, topic: string): boolean {
    requireTopic(topic);
    const topics = this.#topicsOf.get(member) ?? new Set();
    if (topics.has(topic)) return false;
    const { maxTopicsPerSocket, maxTopicLength } = this.#limits;
    if (topics.size >= maxTopicsPerSocket) {
      throw new UsageError("too-many-topics", topics.size + 1, maxTopicsPerSocket);
    }
    if (topic.length > maxTopicLength) throw new UsageError("topic-too-long", topic.length, maxTopicLength);
    const name = ownString(topic);
    this.#topicsOf.set(member, topics.add(name));
    const members = this.#members.get(name);
    if (members === undefined) this.#members.set(name, new Set([member]));
    else members.add(member);
    return true;
  }

  /** @returns whether there was something to end */
  unsubscribe(member: Member, topic: string): boolean {
    const topics = this.#topicsOf.get(member);
    if (topics?.delete(topic) !== true) return false;
    if (topics.size === 0) this.#topicsOf.delete(member);
    this.#remove(member, topic);
    return true;
  }

  /** Ends all subscriptions of a socket that is gone. */
  leave(member: Member): void {
    const topics = this.#topicsOf.get(member);
    if (topics === undefined) return;
    this.#topicsOf.delete(member);
    for (const topic of topics) this.#remove(member, topic);
  }

  #remove(member: Member, topic: string): void {
    const members = this.#members.get(topic);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(topic);
  }

  /** What a socket subscribes to. */
  topicsOf(member: Member): ReadonlySet<string> {
    return this.#topicsOf.get(member) ?? noTopics;
  }

  /** How many sockets subscribe to a topic. */
  subscriberCount(topic: string): number {
    return this.#members.get(topic)?.size ?? 0;
  }

  /**
   * Sends a message to all subscribers.
   *
   * @throws UsageError `invalid-argument` for a topic that is no string, or data that cannot be sent
   */
  publish(
    topic: string,
    data: SendData | PreparedMessage,
    { except, compress }: PublishOptions<unknown> = {},
  ): PublishResult {
    requireTopic(topic);
    const message = data instanceof PreparedMessage || typeof data === "string" ? data : octetsOf(data);
    const members = this.#members.get(topic);
    let delivered = 0;
    let refused = 0;
    if (members !== undefined) {
      const shared =
        message instanceof PreparedMessage
          ? message.shared
          : new SharedMessage(message, { compress }, this, this.#text);
      for (const member of members) {
        if (member === except) continue;
        if (member.sendShared(shared).ok) delivered++;
        else refused++;
      }
    }
    return { delivered, refused };
  }

  /** From a message that is published. */
  lay(version: number, type: "text" | "binary", reserved: number, data: string | Uint8Array): FramedMessage {
    this.#arenas[version] ??= new FrameArena(this.#text, this.#allocate);
    return this.#arenas[version].layDown(data, type, reserved);
  }
}

/**
 * The same string in memory of its own: a topic is often a piece of a message, and engines keep a piece as a reference to
 * the whole, which may be as long as a peer likes.
 */
function ownString(text: string): string {
  // Lone surrogates come through, too: they are written as escapes.
  return JSON.parse(JSON.stringify(text)) as string;
}

function requireTopic(topic: unknown): void {
  if (typeof topic === "string") return;
  throw new UsageError("invalid-argument", typeof topic, undefined, "a topic must be a string");
}
