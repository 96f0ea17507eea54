/**
 * Who is where: kept in Redis, told to who follows, and forgotten by whichever node first finds that another has died.
 */
import type {
  EngineSubscription,
  EngineTimer,
  Presence,
  PresenceEngine,
  PresenceList,
  PresenceSink,
} from "../index.js";
import { SharedOpenings, textOfValue, watchShared } from "../index.js";
import { Feed } from "./feed.js";
import type { Keys } from "./keys.js";
import type { RedisLink, Reply } from "./link.js";
import { beatScript, dropScript, listScript, putScript, sweepScript } from "./presence-scripts.js";
import { PresenceView, type Present, presenceOf, type ToldPresence, toldPresence } from "./presence-view.js";
import type { Script } from "./script.js";

// So much later than promised it is noticed that a node is dead.
const sweepIntervalMs = 500;
// For how long what a node tells holds that has never beaten: as long as a beat does that servers send, who send five within it.
const unbeatenTtlMs = 7000;
// Numbers begin with the time, so that who starts again goes on with higher ones.
const putsInMs = 1000;

/** A channel that is watched here, once for all who do. */
interface Watched {
  readonly view: PresenceView;
  readonly feed: Feed<ToldPresence>;
  stop(): void;
}

/** See the head of this file. */
export class RedisPresence implements PresenceEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  /** Nodes of which it is not known whether their last beat was heard: whether they were known is not, either. */
  readonly #unsure = new Set<string>();
  /** For how long the beats of each node hold that beats here. */
  readonly #ttlMs = new Map<string, number>();
  readonly #watched = new SharedOpenings<Watched>();
  #timer: EngineTimer | undefined;
  #isSweeping = false;
  /** Of the last that was told. */
  #number = 0;

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  start(): void {
    this.#sweepLater();
  }

  async beat(node: string, ttlMs: number): Promise<boolean> {
    this.#link.check();
    this.#ttlMs.set(node, Math.ceil(ttlMs));
    const ask = (): Promise<Reply> => this.#ask(beatScript, [node, Math.ceil(ttlMs)], false);
    try {
      let wasKnown = await ask();
      while (wasKnown === -1) {
        await this.#drop(node);
        wasKnown = await ask();
      }
      const isSure = !this.#unsure.delete(node);
      return wasKnown === 1 && isSure;
    } catch (error) {
      this.#unsure.add(node);
      throw error;
    }
  }

  async put(node: string, channel: string, { user, state, connections }: Presence): Promise<void> {
    this.#link.check();
    this.#number = Math.max(this.#number + 1, Math.floor(this.#link.host.unixMs() * putsInMs));
    const shown = connections === 0 ? "" : textOfValue(state);
    // Who has been forgotten, and lives, beats before that is over, and hears that it has to tell everything.
    const ttlMs = this.#ttlMs.get(node) ?? unbeatenTtlMs;
    const args = [node, channel, user, connections, shown, ttlMs, this.#number];
    const told = await this.#ask(putScript, args);
    if (!Array.isArray(told)) return;
    const [epoch, number] = told as [Buffer, Buffer];
    // Whoever watches here has seen it then.
    await (await this.#watched.peek(channel))?.feed.reached(String(epoch), String(number));
  }

  async dropNode(node: string): Promise<void> {
    this.#link.check();
    this.#ttlMs.delete(node);
    await this.#drop(node);
  }

  async #drop(node: string): Promise<void> {
    while ((await this.#ask(dropScript, [node])) === 0);
  }

  async list(channel: string, limit: number): Promise<PresenceList> {
    this.#link.check();
    // Of two answers from two places neither would follow the other: whoever came and left while nothing was heard here would be in
    // one of them, and nobody would say that they are gone.
    const watched = await this.#watched.peek(channel);
    if (watched !== undefined) return watched.view.list(limit);
    const { count, users } = await this.#list(channel, limit);
    return { count, users: users.map(presenceOf) };
  }

  async #list(channel: string, limit: number) {
    const answer = await this.#ask(listScript, [channel, limit]);
    const [epoch, number, count, ...found] = answer as [Buffer, Buffer, number, ...Reply[]];
    const users: Present[] = [];
    for (let index = 0; index < found.length; index += 3) {
      const [user, connections, stateText] = found.slice(index, index + 3);
      users.push({ user: String(user), connections: Number(connections), stateText: String(stateText) });
    }
    return { epoch: String(epoch), position: String(number), count, users };
  }

  async watch(channel: string, sink: PresenceSink): Promise<EngineSubscription> {
    this.#link.check();
    return await watchShared(this.#watched, channel, () => this.#open(channel), sink);
  }

  async #open(channel: string): Promise<Watched> {
    const told = this.#keys.presenceTold(channel);
    const view = new PresenceView(this.#link.host);
    const feed = new Feed<ToldPresence>({
      host: this.#link.host,
      read: async () => {
        const { epoch, position, users } = await this.#list(channel, -1);
        view.replace(users);
        return { items: [], epoch, position, isEnd: true };
      },
      tell: (item) => view.told(item),
      missed: () => this.#link.subscriptions.missed(told),
    });
    const unsubscribe = await this.#link.subscribe(told, (message) => feed.received(toldPresence(message)));
    const unaudit = this.#link.onAudit(async () => {
      await this.#list(channel, 0).then(
        ({ epoch, position }) => feed.standsAt(epoch, position),
        // The next one finds it.
        () => undefined,
      );
    });
    const stop = (): void => {
      feed.stop();
      unaudit();
      unsubscribe();
    };
    try {
      const { epoch, position, users } = await this.#list(channel, -1);
      view.begin(users);
      feed.begin(epoch, position);
      return { view, feed, stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  async #ask(script: Script, args: readonly (string | number)[], isIdempotent: boolean = true): Promise<Reply> {
    const prefix = this.#keys.presence;
    const epoch = encodeURIComponent(this.#link.host.randomId());
    const all = [this.#link.clock.now(), prefix, epoch, ...args];
    const lane = script === putScript ? prefix : undefined;
    return await this.#link.run(script, { keys: [`${prefix}n`], args: all, isIdempotent, lane });
  }

  #sweepLater(): void {
    const { host } = this.#link;
    const dueAtMs = host.now() + sweepIntervalMs;
    this.#timer = host.setTimer(() => {
      // Who stood still has not beaten, and would find itself dead.
      if (host.now() - dueAtMs > sweepIntervalMs) this.#link.unsteady();
      // What cannot be looked at now is in a moment.
      this.#sweep().catch(() => undefined);
      if (!this.#link.isClosed) this.#sweepLater();
    }, sweepIntervalMs);
  }

  /** A node may only be taken for dead by who could have heard it: whoever was cut off waits anew. */
  async #sweep(): Promise<void> {
    if (this.#isSweeping || !this.#link.isConnected) return;
    this.#isSweeping = true;
    try {
      let isDone: Reply;
      do {
        const steadyMs = Math.floor(this.#link.host.now() - this.#link.steadySinceMs);
        isDone = await this.#ask(sweepScript, [steadyMs]);
      } while (isDone === 0);
    } finally {
      this.#isSweeping = false;
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#watched.stop();
  }
}
