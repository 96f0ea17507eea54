/**
 * A tab among those that share a connection. One of them leads: it holds a lock that the others wait for, so that one of those
 * leads next when it is closed or crashes. From one that sleeps and does not answer, the lock is taken away.
 */
import type { Timer } from "../../../transport/index.js";
import type { ConnectionOptions, RealtimeConnection } from "../connection.js";
import { Leader } from "./leader.js";
import { type Channel, channelOf, type LeaderMessage, type PublicMessage, type TabsPlatform } from "./platform.js";
import { TabConnection } from "./tab-connection.js";

// A page that computes something may be late with an answer; a person waits no longer than twice that.
const patienceMs = 2000;

// Silence for so often is a leader that sleeps: one of them may be ours, who has slept.
const maxSilences = 2;

/** See the head of this file. */
export class Tab {
  /** What it shares with. */
  readonly name: string;
  readonly #platform: TabsPlatform;
  readonly #wake: () => void;
  readonly #id: string;
  readonly #base: string;
  readonly #public: Channel;
  readonly #own: Channel;
  /** Those that are open or opening, by number, and what they were asked for with. */
  readonly #connections = new Map<number, { readonly connection: TabConnection; readonly ask: () => void }>();
  /** Whether it can share. */
  readonly #here: Promise<boolean>;
  #next = 1;
  /** Who leads, as far as is known. */
  #leader = "";
  #leading: Leader | undefined;
  #waiting = new AbortController();
  #isGone = false;
  #leave: () => void = () => undefined;
  #resign: () => void = () => undefined;
  #silence: Timer | undefined;
  #silences = 0;

  /**
   * @param name tabs of the same name share
   * @param wake a connection that was lost can be had again
   */
  constructor(platform: TabsPlatform, name: string, wake: () => void) {
    this.name = name;
    this.#platform = platform;
    this.#wake = wake;
    this.#id = platform.randomId();
    this.#base = `openline.v1 ${name}`;
    this.#public = platform.openChannel(this.#base, (message) => this.#heard(message as PublicMessage));
    const own = channelOf(this.#base, this.#id);
    this.#own = platform.openChannel(own, (message) => this.#answered(message as LeaderMessage));
    // Who leads asks for the lock of each tab, to hear of its end: it has to be held before anything is asked for.
    this.#here = new Promise((here) => {
      platform.locks
        .request(own, {}, () => {
          here(true);
          this.#stand(false);
          return new Promise((leave) => {
            this.#leave = leave;
            if (this.#isGone) leave();
          });
        })
        // A page may be forbidden to have locks.
        .catch(() => here(false));
    });
  }

  /** Connects, by way of whoever leads. */
  async connect(url: string | URL, options: ConnectionOptions): Promise<RealtimeConnection> {
    if (!(await this.#here)) return await this.#platform.connect(url, options);
    options.signal.throwIfAborted();
    // Who led may have been found wanting. Whoever answers leads.
    if ([...this.#connections.values()].every(({ connection }) => connection.isOpening)) this.#leader = "";
    const n = this.#next++;
    const post = (message: object): void => this.#own.post({ ...message, to: this.#leader });
    const connection = new TabConnection(n, options, post, () => this.#connections.delete(n));
    const { protocols } = options;
    const ask = (): void => {
      this.#public.post({ type: "open", tab: this.#id, n, url: String(url), protocols } satisfies PublicMessage);
      this.#listen();
    };
    this.#connections.set(n, { connection, ask });
    ask();
    return await connection.opened;
  }

  /** Shares no more. Others lead, and connections that are left end. */
  leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#silence?.cancel();
    for (const { connection } of [...this.#connections.values()]) connection.close();
    this.#stepDown();
    this.#waiting.abort();
    this.#public.close();
    this.#own.close();
    this.#leave();
  }

  // Who leads

  /** Waits until it leads, or takes the lead. */
  #stand(steal: boolean): void {
    if (this.#isGone) return;
    this.#waiting.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    const options = steal ? { steal } : { signal: waiting.signal };
    this.#platform.locks
      .request(this.#base, options, () => this.#lead(waiting))
      .catch(() => {
        if (this.#waiting !== waiting) return;
        // It slept, others thought. That nobody may have a lock here does not change.
        const wasTaken = steal || this.#leading !== undefined;
        // A lock that was taken at once may be told of late.
        this.#waiting = new AbortController();
        this.#stepDown();
        if (wasTaken) this.#stand(false);
      });
  }

  #lead(waiting: AbortController): Promise<void> {
    if (this.#isGone || this.#waiting !== waiting) return Promise.resolve();
    this.#silence?.cancel();
    this.#leading = new Leader(this.#platform, this.#base, this.#id);
    return new Promise((resign) => {
      this.#resign = resign;
    });
  }

  #stepDown(): void {
    this.#leading?.resign();
    this.#leading = undefined;
    this.#resign();
  }

  #heard(message: PublicMessage): void {
    if (message.type !== "leader") return;
    this.#leader = message.from;
    this.#silence?.cancel();
    this.#silences = 0;
    for (const { connection, ask } of [...this.#connections.values()]) {
      if (connection.isOpening) ask();
      else connection.lost();
    }
    // When those who had them know that they are gone.
    this.#platform.clock.setTimer(this.#wake, 0);
  }

  #answered(message: LeaderMessage): void {
    const connection = this.#connections.get(message.n)?.connection;
    // What somebody says who led before may be late.
    if (connection === undefined) return;
    if (message.type === "taken") this.#leader ||= message.from;
    if (message.from !== this.#leader) return;
    this.#silence?.cancel();
    this.#silences = 0;
    connection.received(message);
  }

  /** Whoever leads has to answer. */
  #listen(): void {
    this.#silence?.cancel();
    this.#silence = this.#platform.clock.setTimer(() => {
      if (this.#leading !== undefined) return;
      if (++this.#silences >= maxSilences) this.#stand(true);
      else for (const { connection, ask } of this.#connections.values()) if (connection.isOpening) ask();
    }, patienceMs);
  }
}
