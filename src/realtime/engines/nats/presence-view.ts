/**
 * Who is in one channel, as long as somebody watches.
 */
import type { EngineHost, Presence, PresenceList, PresenceSink } from "../index.js";
import { PresenceSinks } from "../index.js";
import { readPayload, valueOfText } from "./payload.js";
import type { Stored } from "./reading.js";

/** What a node tells of a user; what it shows follows. */
export interface UserHead {
  readonly u: string;
  readonly n: string;
  /** Connections; 0: none any more. */
  readonly c: number;
}

/** What is known of nodes. */
export interface KnownNodes {
  isLiving(node: string): boolean;
  /** The sequence up to which what a node told is old, also where it lives again; 0: it has never died. */
  deathOf(node: string): number;
}

interface Told {
  readonly connections: number;
  readonly state: unknown;
  readonly seq: number;
}

/** Users by name, and what the nodes told of each. */
type Users = Map<string, Map<string, Told>>;

/** See the head of this file. */
export class PresenceView {
  readonly #known: KnownNodes;
  readonly #sinks: PresenceSinks;
  #users: Users = new Map();
  /** What is read anew, before it takes the place of what was known. */
  #loading: Users | undefined;
  /** Users of whom a living node tells. */
  readonly #present = new Set<string>();

  constructor(known: KnownNodes, host: EngineHost) {
    this.#known = known;
    this.#sinks = new PresenceSinks(host);
  }

  /** @returns takes it away */
  watch(sink: PresenceSink): () => void {
    return this.#sinks.add(sink);
  }

  /** Everything is told from the beginning. */
  begin(): void {
    this.#loading = new Map();
  }

  /** All that there was has been told: whoever is not among it is gone. */
  caughtUp(): void {
    if (this.#loading === undefined) return;
    const before = this.#users;
    this.#users = this.#loading;
    this.#loading = undefined;
    for (const [user, nodes] of this.#users) if (!isSame(before.get(user), nodes)) this.#tell(user);
    for (const user of before.keys()) if (!this.#users.has(user)) this.#tell(user);
  }

  told({ seq, data }: Stored): void {
    const { head, valueText = "" } = readPayload<UserHead>(data);
    // A copy of the stream that lags behind has what was cleared away with the node.
    if (seq < this.#known.deathOf(head.n)) return;
    const users = this.#loading ?? this.#users;
    const nodes = users.get(head.u) ?? new Map<string, Told>();
    if (head.c > 0) {
      nodes.set(head.n, { connections: head.c, state: valueOfText(valueText), seq });
      users.set(head.u, nodes);
    } else if (nodes.delete(head.n)) {
      if (nodes.size === 0) users.delete(head.u);
    } else return;
    if (this.#loading === undefined) this.#tell(head.u);
  }

  lives(node: string): void {
    for (const [user, nodes] of this.#users) if (nodes.has(node)) this.#tell(user);
  }

  /** What it told does not count, for the time being: it may be back before anybody has written down that it is dead. */
  died(node: string): void {
    for (const [user, nodes] of this.#users) if (nodes.has(node)) this.#tell(user);
  }

  /** What it told before a sequence is forgotten. */
  buried(node: string, before: number): void {
    for (const users of [this.#users, this.#loading]) {
      for (const [user, nodes] of users ?? []) {
        if ((nodes.get(node)?.seq ?? before) >= before) continue;
        nodes.delete(node);
        if (nodes.size === 0) users?.delete(user);
        if (users === this.#users && this.#known.isLiving(node)) this.#tell(user);
      }
    }
  }

  list(limit: number): PresenceList {
    const users: Presence[] = [];
    for (const user of this.#present) {
      if (users.length >= limit) break;
      const presence = this.#presenceOf(user);
      if (presence !== undefined) users.push(presence);
    }
    return { count: this.#present.size, users };
  }

  #tell(user: string): void {
    const presence = this.#presenceOf(user);
    const wasPresent = this.#present.has(user);
    if (presence !== undefined) this.#present.add(user);
    else this.#present.delete(user);
    if (presence === undefined && !wasPresent) return;
    const count = this.#present.size;
    this.#sinks.tell((sink) => (presence === undefined ? sink.left(user, count) : sink.came(presence, count)));
  }

  /** What the living nodes tell of a user together. */
  #presenceOf(user: string): Presence | undefined {
    let newest: Told | undefined;
    let connections = 0;
    for (const [node, told] of this.#users.get(user) ?? []) {
      if (!this.#known.isLiving(node)) continue;
      connections += told.connections;
      if (newest === undefined || told.seq > newest.seq) newest = told;
    }
    return newest === undefined ? undefined : { user, state: newest.state, connections };
  }
}

function isSame(before: ReadonlyMap<string, Told> | undefined, now: ReadonlyMap<string, Told>): boolean {
  if (before?.size !== now.size) return false;
  return [...now].every(([node, { seq }]) => before.get(node)?.seq === seq);
}
