/**
 * Who is in a channel, as long as somebody watches.
 */
import type { EngineHost, Presence, PresenceList, PresenceSink } from "../index.js";
import { PresenceSinks, valueOfText } from "../index.js";
import { type Told, toldOf } from "./feed.js";

/** Somebody, with what they show as text. */
export interface Present {
  readonly user: string;
  /** 0: none any more. */
  readonly connections: number;
  readonly stateText: string;
}

/** That somebody came, changed or left. */
export type ToldPresence = Told & Present;

/** Reads what is told. */
export function toldPresence(message: Buffer): ToldPresence {
  const { rest, ...told } = toldOf(message);
  const text = String(rest);
  const tab = text.indexOf("\t");
  const { u: user, c: connections } = JSON.parse(text.slice(0, tab)) as { u: string; c: number };
  return { ...told, user, connections, stateText: text.slice(tab + 1) };
}

/** See the head of this file. */
export class PresenceView {
  readonly #sinks: PresenceSinks;
  #users = new Map<string, Present>();

  constructor(host: EngineHost) {
    this.#sinks = new PresenceSinks(host);
  }

  /** @returns takes it away */
  watch(sink: PresenceSink): () => void {
    return this.#sinks.add(sink);
  }

  /** They are there, which is news to nobody. */
  begin(users: readonly Present[]): void {
    this.#users = new Map(users.map((present) => [present.user, present]));
  }

  /** They are there, and nobody else: the difference is told. */
  replace(users: readonly Present[]): void {
    const there = new Set(users.map(({ user }) => user));
    for (const user of [...this.#users.keys()]) if (!there.has(user)) this.#left(user);
    for (const present of users) {
      const known = this.#users.get(present.user);
      const isSame = known?.connections === present.connections && known.stateText === present.stateText;
      if (!isSame) this.#came(present);
    }
  }

  told(present: Present): void {
    if (present.connections === 0) this.#left(present.user);
    else this.#came(present);
  }

  /** Who is there as far as it was told: what is told from now on follows this. */
  list(limit: number): PresenceList {
    const users: Presence[] = [];
    for (const present of this.#users.values()) {
      if (users.length >= limit) break;
      users.push(presenceOf(present));
    }
    return { count: this.#users.size, users };
  }

  #came(present: Present): void {
    const { user, connections, stateText } = present;
    this.#users.set(user, { user, connections, stateText });
    this.#sinks.tell((sink) => sink.came(presenceOf(present), this.#users.size));
  }

  #left(user: string): void {
    if (this.#users.delete(user)) this.#sinks.tell((sink) => sink.left(user, this.#users.size));
  }
}

/** As the engine tells of it. */
export function presenceOf({ user, connections, stateText }: Present): Presence {
  return { user, connections, state: valueOfText(stateText) };
}
