/**
 * Who is in the channels: the users of this node's connections, told to the engine, and what it tells of all nodes.
 */
import type { Engine } from "../engines/index.js";
import type { RealtimePlatform } from "./connection.js";
import type { ResolvedLimits } from "./limits.js";
import { PresenceHub } from "./presence-hub.js";

/** Where all nodes are present: no channel of anybody else's begins with U+0000. */
export const nodesChannel = "\u0000nodes";

// A node may miss all of them but one. More would be work for all the others, who hear each.
const beatsInTimeout = 5;

/** See the head of this file. */
export class Presences {
  readonly #engine: Engine;
  readonly #platform: RealtimePlatform;
  readonly #limits: ResolvedLimits;
  readonly #report: (error: unknown, during: string) => void;
  readonly #hubs = new Map<string, PresenceHub>();
  /** Hubs that could not tell or ask the engine something. */
  readonly #behind = new Set<PresenceHub>();
  /** What this process is called. */
  readonly node: string;
  #timer: { cancel(): void } | undefined;
  /** Whether the other nodes know of this one. */
  #isKnown = false;
  /** Whether the engine has been told anything. */
  #hasBegun = false;
  #isStopped = false;

  constructor(
    engine: Engine,
    platform: RealtimePlatform,
    limits: ResolvedLimits,
    report: (error: unknown, during: string) => void,
  ) {
    this.#engine = engine;
    this.#platform = platform;
    this.#limits = limits;
    this.#report = report;
    this.node = platform.randomId();
  }

  /** The presence of a channel, which begins with its first user. */
  of(name: string): PresenceHub {
    const known = this.#hubs.get(name);
    if (known !== undefined) return known;
    const hub = new PresenceHub(name, {
      ...{ engine: this.#engine, platform: this.#platform, limits: this.#limits, node: this.node },
      report: this.#report,
      behind: () => this.#behind.add(hub),
      emptied: () => {
        if (this.#hubs.get(name) === hub) this.#hubs.delete(name);
      },
    });
    this.#hubs.set(name, hub);
    return hub;
  }

  /** Tells the engine that this node lives, from now on. */
  async start(): Promise<void> {
    this.#hasBegun = true;
    await this.#engine.presence.beat(this.node, this.#limits.nodeTimeoutMs);
    await this.#tellOfNode();
    this.#beatLater();
  }

  #beatLater(): void {
    this.#timer = this.#platform.setTimer(() => {
      this.#beat().catch((error: unknown) => this.#report(error, "telling the engine of this node"));
      this.#beatLater();
    }, this.#limits.nodeTimeoutMs / beatsInTimeout);
  }

  async #beat(): Promise<void> {
    const wasKnown = await this.#engine.presence.beat(this.node, this.#limits.nodeTimeoutMs);
    if (this.#isStopped) return;
    if (!wasKnown) this.#isKnown = false;
    if (!this.#isKnown) await this.#tellOfNode();
    // Now it is in reach.
    const behind = [...this.#behind];
    this.#behind.clear();
    for (const hub of behind) hub.catchUp();
    // The process was stopped for a while, or the engine out of reach.
    if (!wasKnown) for (const hub of this.#hubs.values()) hub.tellAll();
  }

  async #tellOfNode(): Promise<void> {
    await this.#engine.presence.put(this.node, nodesChannel, { user: this.node, state: null, connections: 1 });
    this.#isKnown = true;
  }

  /**
   * Tells the engine nothing more. Whoever was here up to now, or a moment ago, comes back elsewhere, and has left only if
   * nothing is heard of them there within the grace that everybody has. The node itself has left: nobody is to wait for it.
   */
  async stop(): Promise<void> {
    const hasEnded = this.#isStopped;
    this.#isStopped = true;
    this.#timer?.cancel();
    if (hasEnded || !this.#hasBegun) return;
    const hasUsers = [...this.#hubs.values()].some((hub) => hub.hasUsers);
    for (const hub of this.#hubs.values()) hub.stop();
    this.#hubs.clear();
    const { presenceGraceMs } = this.#limits;
    const { presence } = this.#engine;
    if (hasUsers && presenceGraceMs > 0) {
      const gone = { user: this.node, state: null, connections: 0 };
      await Promise.all([presence.put(this.node, nodesChannel, gone), presence.beat(this.node, presenceGraceMs)]);
    } else await presence.dropNode(this.node);
  }
}
