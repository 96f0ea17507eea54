/**
 * The other nodes: which of them live, and messages to all or one of them.
 *
 * Nothing is asked of an engine for this that it does not have: who lives is presence in a channel of the server's own, and
 * messages are signals, so at most once. Names that begin with U+0000 are no channel of anybody else's.
 */
import type { Engine, EngineSubscription } from "../engines/index.js";
import { nodesChannel } from "./presences.js";

/** A message from a node. What it means is between those who send and hear it. */
export type NodeMessage = readonly [topic: string, ...content: readonly unknown[]];

/** What nodes are made of. */
export interface NodesParts {
  readonly engine: Engine;
  /** What this one is called. */
  readonly node: string;
  readonly report: (error: unknown, during: string) => void;
}

// The number is of what is said: who speaks otherwise is not understood, and had better not be heard.
const toAll = "\u0000all/1";
const maxNodes = 100_000;

/** See the head of this file. */
export class Nodes {
  /** What this one is called. */
  readonly node: string;
  readonly #engine: Engine;
  readonly #report: (error: unknown, during: string) => void;
  readonly #living = new Set<string>();
  readonly #topics = new Map<string, (content: readonly unknown[]) => void>();
  readonly #leaving = new Set<(node: string) => void>();
  readonly #following: EngineSubscription[] = [];

  constructor({ engine, node, report }: NodesParts) {
    this.#engine = engine;
    this.node = node;
    this.#report = report;
  }

  /** All that live, but this one. One that has just begun may be missing for a moment, and one that has just died be there. */
  get others(): readonly string[] {
    return [...this.#living].filter((node) => node !== this.node);
  }

  /** Hears messages about something. To be called before `start`. */
  on(topic: string, receive: (content: readonly unknown[]) => void): void {
    this.#topics.set(topic, receive);
  }

  /** Hears of nodes that have ended or died. */
  onLeft(left: (node: string) => void): () => void {
    this.#leaving.add(left);
    return () => this.#leaving.delete(left);
  }

  /** @throws EngineError */
  async start(): Promise<void> {
    const { signals, presence } = this.#engine;
    for (const name of [toAll, addressOf(this.node)]) {
      this.#following.push(await signals.listen(name, ({ value }) => this.#received(value)));
    }
    let gone: Set<string> | undefined = new Set();
    const watch = await presence.watch(nodesChannel, {
      came: ({ user }) => {
        gone?.delete(user);
        this.#living.add(user);
      },
      left: (user) => {
        gone?.add(user);
        this.#living.delete(user);
        // The others believed this one dead, which knows better.
        if (user === this.node) return;
        for (const left of [...this.#leaving]) left(user);
      },
    });
    this.#following.push(watch);
    const { users } = await presence.list(nodesChannel, maxNodes);
    for (const { user } of users) if (!gone.has(user)) this.#living.add(user);
    // Nodes come and go for as long as this one lives.
    gone = undefined;
  }

  #received(message: unknown): void {
    if (!Array.isArray(message)) return;
    const [topic, ...content] = message as unknown as NodeMessage;
    try {
      // A newer node may speak of what is not known here.
      this.#topics.get(topic)?.(content);
    } catch (error) {
      this.#report(error, `hearing another node (${topic})`);
    }
  }

  /** Tells all nodes, this one among them. @throws EngineError, ValueError */
  tellAll(...message: NodeMessage): Promise<void> {
    return this.#engine.signals.send(toAll, { value: message, user: undefined });
  }

  /**
   * Tells one node, which may be gone.
   *
   * @returns whether it was sent; why not is reported
   */
  async tell(node: string, ...message: NodeMessage): Promise<boolean> {
    try {
      await this.#engine.signals.send(addressOf(node), { value: message, user: undefined });
      return true;
    } catch (error) {
      this.#report(error, "telling another node");
      return false;
    }
  }

  stop(): void {
    for (const { stop } of this.#following) stop();
    this.#following.length = 0;
  }
}

function addressOf(node: string): string {
  return `\u0000node/1/${node}`;
}
