/**
 * Who is in a channel, as one follower knows it, who is told what is new in it.
 */
import type { PresenceSink } from "../index.js";
import { valueOfText } from "../index.js";
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
  readonly #sink: PresenceSink;
  #users = new Map<string, Present>();
  #isStopped = false;

  constructor(sink: PresenceSink) {
    this.#sink = sink;
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

  #came({ user, connections, stateText }: Present): void {
    this.#users.set(user, { user, connections, stateText });
    if (!this.#isStopped) this.#sink.came({ user, connections, state: valueOfText(stateText) }, this.#users.size);
  }

  #left(user: string): void {
    if (this.#users.delete(user) && !this.#isStopped) this.#sink.left(user, this.#users.size);
  }

  stop(): void {
    this.#isStopped = true;
  }
}
