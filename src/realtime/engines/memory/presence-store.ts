/**
 * Who is where, as a memory engine knows it.
 */
/* eslint-disable @typescript-eslint/require-await -- what an async method throws, it rejects with, as the interface says */
import type { EngineSubscription, Presence, PresenceEngine, PresenceList, PresenceSink } from "../engine.js";
import { copyValue } from "../value.js";
import type { MemoryCore } from "./core.js";

/** What one node has told of a user. */
interface Told {
  readonly state: unknown;
  readonly connections: number;
  /** Grows with what is told. */
  readonly order: number;
}

interface PresentChannel {
  /** By user, then by node. */
  readonly users: Map<string, Map<string, Told>>;
  readonly sinks: Set<PresenceSink>;
}

/** See the head of this file. Presence is of those who are connected: nothing of it outlasts the process. */
export class PresenceStore implements PresenceEngine {
  readonly #core: MemoryCore;
  readonly #channels = new Map<string, PresentChannel>();
  /** Until when each node lives, by the host's `now`. */
  readonly #nodes = new Map<string, number>();
  #order = 0;

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  get hasAging(): boolean {
    return this.#nodes.size > 0;
  }

  async beat(node: string, ttlMs: number): Promise<boolean> {
    this.#core.check();
    const wasKnown = this.#nodes.has(node);
    this.#nodes.set(node, this.#core.host.now() + ttlMs);
    return wasKnown;
  }

  async put(node: string, channel: string, { user, state, connections }: Presence): Promise<void> {
    this.#core.check();
    const present = this.#channel(channel);
    const nodes = present.users.get(user) ?? new Map<string, Told>();
    if (connections === 0) {
      if (nodes.delete(node)) this.#toldAway(present, user, nodes);
      this.#dropIfEmpty(channel, present);
      return;
    }
    nodes.set(node, { state: copyValue(state).value, connections, order: this.#order++ });
    present.users.set(user, nodes);
    tell(present, user, nodes);
  }

  async dropNode(node: string): Promise<void> {
    this.#core.check();
    this.#dropNode(node);
  }

  async list(channel: string, limit: number): Promise<PresenceList> {
    this.#core.check();
    const users: Presence[] = [];
    const present = this.#channels.get(channel);
    for (const [user, nodes] of present?.users ?? []) {
      if (users.length >= limit) break;
      users.push(merged(user, nodes));
    }
    return { count: present?.users.size ?? 0, users };
  }

  async watch(channel: string, sink: PresenceSink): Promise<EngineSubscription> {
    this.#core.check();
    const present = this.#channel(channel);
    present.sinks.add(sink);
    return {
      stop: () => {
        present.sinks.delete(sink);
        this.#dropIfEmpty(channel, present);
      },
    };
  }

  /**
   * Forgets nodes that have not beaten.
   *
   * @param lateMs for so long this process stood still, and heard nobody: what beat meanwhile is heard in a moment
   */
  sweep(lateMs: number): void {
    const nowMs = this.#core.host.now();
    for (const [node, untilMs] of this.#nodes) {
      if (untilMs + lateMs <= nowMs) this.#dropNode(node);
      else if (lateMs > 0) this.#nodes.set(node, untilMs + lateMs);
    }
  }

  #dropNode(node: string): void {
    this.#nodes.delete(node);
    for (const [channel, present] of this.#channels) {
      for (const [user, nodes] of present.users) if (nodes.delete(node)) this.#toldAway(present, user, nodes);
      this.#dropIfEmpty(channel, present);
    }
  }

  #toldAway(present: PresentChannel, user: string, nodes: Map<string, Told>): void {
    if (nodes.size > 0) {
      tell(present, user, nodes);
      return;
    }
    present.users.delete(user);
    for (const sink of present.sinks) sink.left(user, present.users.size);
  }

  #channel(channel: string): PresentChannel {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const present: PresentChannel = { users: new Map(), sinks: new Set() };
    this.#channels.set(channel, present);
    return present;
  }

  #dropIfEmpty(channel: string, present: PresentChannel): void {
    if (present.users.size === 0 && present.sinks.size === 0) this.#channels.delete(channel);
  }
}

function tell(present: PresentChannel, user: string, nodes: Map<string, Told>): void {
  for (const sink of present.sinks) sink.came(merged(user, nodes), present.users.size);
}

function merged(user: string, nodes: Map<string, Told>): Presence {
  let newest: Told | undefined;
  let connections = 0;
  for (const told of nodes.values()) {
    connections += told.connections;
    if (newest === undefined || told.order > newest.order) newest = told;
  }
  return { user, state: newest?.state ?? null, connections };
}
