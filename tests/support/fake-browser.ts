/**
 * Tabs of a browser, with locks and channels between them, for tests: a tab can be killed, and sleep.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect } from "#src/index.js";
import {
  type ClientOptions,
  type ConnectionOptions,
  createClientFactory,
  type RealtimeConnection,
} from "#src/realtime/client/index.js";
import { type Locks, Tab, type TabsPlatform } from "#src/realtime/client/tabs/index.js";
import type { Contract, ContractDefinition } from "#src/realtime/contract/index.js";

interface Lock {
  readonly tab: FakeTab;
  readonly held: () => Promise<void>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Tabs' timers are so many times as fast as they should be. */
const timeLapse = 10;
const maxTimerMs = 0x7fffffff;

/** See the head of this file. */
export class FakeBrowser {
  readonly tabs: FakeTab[] = [];
  readonly channels = new Set<{ readonly name: string; readonly tab: FakeTab; received(message: unknown): void }>();
  readonly #holders = new Map<string, Lock>();
  readonly #queues = new Map<string, Lock[]>();
  /** How often a lock was taken from whoever had it. */
  steals = 0;

  open(): FakeTab {
    const tab = new FakeTab(this, this.tabs.length);
    this.tabs.push(tab);
    return tab;
  }

  post(from: object, name: string, message: unknown): void {
    const copy = structuredClone(message);
    for (const channel of this.channels) {
      if (channel === from || channel.name !== name) continue;
      channel.tab.run(() => this.channels.has(channel) && channel.received(structuredClone(copy)));
    }
  }

  locksOf(tab: FakeTab): Locks {
    return {
      request: (name, { signal, steal = false }, held) =>
        new Promise((resolve, reject) => {
          if (tab.isDead) return;
          if (!tab.mayLock) {
            reject(new Error("forbidden"));
            return;
          }
          const lock: Lock = { tab, held, resolve, reject };
          if (steal) {
            this.steals++;
            const holder = this.#holders.get(name);
            holder?.tab.run(() => holder.reject(new Error("stolen")));
            this.#grant(name, lock);
            return;
          }
          const queue = this.#queues.get(name) ?? [];
          this.#queues.set(name, queue);
          queue.push(lock);
          signal?.addEventListener("abort", () => {
            const index = queue.indexOf(lock);
            if (index < 0) return;
            queue.splice(index, 1);
            reject(new Error("aborted"));
          });
          this.#next(name);
        }),
    };
  }

  #grant(name: string, lock: Lock): void {
    this.#holders.set(name, lock);
    lock.tab.run(() => {
      void lock.held().then(() => {
        if (this.#holders.get(name) === lock) this.#holders.delete(name);
        lock.resolve(undefined);
        this.#next(name);
      });
    });
  }

  #next(name: string): void {
    if (this.#holders.has(name)) return;
    const lock = this.#queues.get(name)?.shift();
    if (lock !== undefined) this.#grant(name, lock);
  }

  /** Of a tab that is gone, nothing is left. */
  forget(tab: FakeTab): void {
    for (const channel of this.channels) if (channel.tab === tab) this.channels.delete(channel);
    for (const [name, queue] of this.#queues) {
      this.#queues.set(
        name,
        queue.filter((lock) => lock.tab !== tab),
      );
    }
    for (const [name, lock] of this.#holders) {
      if (lock.tab !== tab) continue;
      this.#holders.delete(name);
      this.#next(name);
    }
  }
}

/** One of them. */
export class FakeTab {
  isDead = false;
  /** Whether it may have locks. */
  mayLock = true;
  /** Connections to the server that it has made. */
  readonly made: RealtimeConnection[] = [];
  readonly #muted = new Set<RealtimeConnection>();
  readonly #browser: FakeBrowser;
  readonly #id: string;
  /** What happens to it while it sleeps. */
  #asleep: (() => void)[] | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(browser: FakeBrowser, index: number) {
    this.#browser = browser;
    this.#id = `tab ${index}`;
  }

  /** Does something as a task of the tab's, in order. */
  run(task: () => unknown): void {
    this.#last = this.#last.then(async () => {
      await nextTurn();
      if (this.isDead) return;
      if (this.#asleep === undefined) task();
      else this.#asleep.push(task);
    });
  }

  /** What it has slept through. */
  get missed(): number {
    return this.#asleep?.length ?? 0;
  }

  sleep(): void {
    this.#asleep ??= [];
  }

  wake(): void {
    const tasks = this.#asleep ?? [];
    this.#asleep = undefined;
    for (const task of tasks) this.run(task);
  }

  /** Nothing more comes of the connections that it has: they are dead, and nobody has been told. */
  muteConnections(): void {
    for (const connection of this.made) this.#muted.add(connection);
  }

  kill(): void {
    this.isDead = true;
    for (const connection of this.made) connection.terminate();
    this.#browser.forget(this);
  }

  get platform(): TabsPlatform {
    const browser = this.#browser;
    return {
      locks: browser.locksOf(this),
      clock: {
        now: () => performance.now(),
        setTimer: (callback, delayMs) => {
          const timer = setTimeout(() => this.run(callback), Math.min(delayMs / timeLapse, maxTimerMs));
          return { cancel: () => clearTimeout(timer) };
        },
      },
      randomId: () => this.#id,
      openChannel: (name, received) => {
        const channel = { name, tab: this, received };
        if (!this.isDead) browser.channels.add(channel);
        return {
          post: (message) => this.isDead || browser.post(channel, name, message),
          close: () => browser.channels.delete(channel),
        };
      },
      connect: async (url, options: ConnectionOptions) => {
        const { message } = options;
        const connection: RealtimeConnection = await connect(url, {
          ...options,
          message: (socket, data) => this.run(() => this.#muted.has(connection) || message(socket, data)),
        });
        if (this.isDead) connection.terminate();
        this.made.push(connection);
        return connection;
      },
    };
  }

  /**
   * A client in this tab.
   *
   * @param haste how many times as fast its time goes
   */
  createClient<Definition extends ContractDefinition>(
    api: Contract<Definition>,
    url: ConstructorParameters<typeof URL>[0] | (() => string),
    options: ClientOptions = {},
    haste = 1,
  ) {
    let tab: Tab | undefined;
    let wakeTab = (): void => undefined;
    const { clock } = this.platform;
    const client = createClientFactory({
      connect: (address, given) => {
        tab ??= new Tab(this.platform, "app", () => wakeTab());
        return tab.connect(address, given);
      },
      clock: {
        now: () => clock.now(),
        setTimer: (callback, delayMs) => clock.setTimer(callback, (delayMs * timeLapse) / haste),
      },
      random: Math.random,
      wakeUps: (wake) => {
        wakeTab = wake;
        return () => undefined;
      },
      reportError: (error, during) => {
        if (!this.isDead) throw new Error(during, { cause: error });
      },
    })(api, url, { reconnect: { minDelayMs: 5, maxDelayMs: 50 }, ...options });
    void client.closed.then(() => tab?.leave());
    return client;
  }
}
