/**
 * What everything is called in NATS.
 */
import { createHash } from "node:crypto";

// Subjects travel with each message, and servers take lines of 4,096 octets.
const maxTokenLength = 256;

/**
 * A name as a token of a subject, which is one name's alone. Names stay legible; those that would be long are hashed.
 */
export function tokenOf(name: string): string {
  if (name === "") return "=";
  // By code unit, so that a lone surrogate has one, too.
  const token = name.replaceAll(/[^\w/:@~-]/g, (unit) => `=${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return token.length <= maxTokenLength ? token : `#${hashOf(name)}`;
}

/** A key of which only equality matters. */
export function hashOf(text: string): string {
  return createHash("sha256").update(Buffer.from(text, "utf16le")).digest("base64url");
}

/** The subjects and streams of a prefix. */
export class Subjects {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The stream of one of our kinds. */
  stream(kind: StreamKind): string {
    return `${this.#prefix}_${kind}`;
  }

  /** All subjects of a stream. */
  allOf(kind: StreamKind): string {
    return `${this.#prefix}.${kind}.>`;
  }

  /** Where a stream tells what it has kept, in place of the subject that it was published under. */
  toldOf(kind: StreamKind): string {
    return `${this.#prefix}.${kind}-told.>`;
  }

  log(channel: string): string {
    return `${this.#prefix}.log.${tokenOf(channel)}`;
  }

  logTold(channel: string): string {
    return `${this.#prefix}.log-told.${tokenOf(channel)}`;
  }

  /** A key of a state; without one, all of them. */
  state(channel: string, key?: string): string {
    return `${this.#prefix}.state.entry.${tokenOf(channel)}.${key === undefined ? "*" : tokenOf(key)}`;
  }

  stateFloor(channel: string): string {
    return `${this.#prefix}.state.floor.${tokenOf(channel)}`;
  }

  key(channel: string, key: string): string {
    return `${this.#prefix}.key.${hashOf(`${channel}\n${key}`)}`;
  }

  call(key: string): string {
    return `${this.#prefix}.call.${hashOf(key)}`;
  }

  callTold(key: string): string {
    return `${this.#prefix}.call-told.${hashOf(key)}`;
  }

  /** A node's beats; without one, those of all. */
  node(node?: string): string {
    return `${this.#prefix}.presence.node.${node === undefined ? "*" : tokenOf(node)}`;
  }

  /** What a node told of a user in a channel; without them, all that matches. */
  user(channel?: string, user?: string, node?: string): string {
    const tokens = [channel, user, node].map((name) => (name === undefined ? "*" : tokenOf(name)));
    return `${this.#prefix}.presence.user.${tokens.join(".")}`;
  }

  signal(channel: string): string {
    return `${this.#prefix}.signal.${tokenOf(channel)}`;
  }

  media(channel: string): string {
    return `${this.#prefix}.media.${tokenOf(channel)}`;
  }

  /** Where the node answers that has a channel's newest group. */
  mediaGroup(channel: string): string {
    return `${this.#prefix}.media-group.${tokenOf(channel)}`;
  }
}

/** The streams, one for each kind of what is kept. */
export const streamKinds = ["log", "state", "key", "call", "presence"] as const;

/** One of them. */
export type StreamKind = (typeof streamKinds)[number];
