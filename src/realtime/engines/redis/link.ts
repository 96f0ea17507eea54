/**
 * The way to Redis: scripts are run, and sent again where that does no harm; what is told is heard, also after the
 * connection was another for a while.
 */
import { randomBytes } from "node:crypto";
import { Cluster, type Redis } from "ioredis";
import type { EngineHost, EngineTimer } from "../index.js";
import { EngineError, Silences } from "../index.js";
import { abandon, type Connections, mastersOf } from "./connections.js";
import { engineErrorOf, failureOf, isForGood, isTimeout, isWorthAgain } from "./failures.js";
import { Gathering } from "./gathering.js";
import { Lane } from "./lane.js";
import type { ResolvedOptions } from "./options.js";
import { bytesOf, type Script } from "./script.js";
import { ServerClock } from "./server-clock.js";
import { Subscriptions } from "./subscriptions.js";
import type { Turn } from "./turns.js";
import { Waits } from "./waits.js";

/** What is known of what is asked. */
interface RequestTraits {
  /** Whether running it twice is the same as running it once, so that it may be sent again when nobody knows. */
  readonly isIdempotent: boolean;
  /** Whether it writes what has to be kept. */
  readonly isWrite?: boolean;
  /** Runs in the order of the calls with the same one. */
  readonly lane?: string | undefined;
}

/** What a script is run with. */
export interface Run extends RequestTraits {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

/** What a script answers: octets, whole numbers, nothing, and lists of those. */
export type Reply = Buffer | number | null | readonly Reply[];

/** Looks whether something was not heard. Never rejects. */
type Audit = () => void | Promise<void>;

// A tenth of what fills a round trip.
const auditsAtOnce = 50;
/** What is silent: which master it is, nobody needs to know. */
const whole = "Redis";
// Between two attempts where the server says that it cannot now.
const retryMs = 50;
// An answer that came later than this, a quarter of how long beats hold: whoever did not beat meanwhile may not have been
// able to.
const unsteadyMs = 1750;

/** See the head of this file. */
export class RedisLink {
  readonly host: EngineHost;
  readonly options: ResolvedOptions;
  readonly clock: ServerClock;
  readonly subscriptions: Subscriptions;
  readonly #client: Redis | Cluster;
  readonly #connections: Connections;
  readonly #scripts: readonly Script[];
  readonly #lanes = new Map<string, Lane>();
  /** The field of hashes in which stands what of this one's requests was done. */
  readonly #writer = `w${randomBytes(6).toString("base64url")}`;
  #numbers = 0;
  /** What epochs begin with that begin by this one. */
  readonly #epochs = randomBytes(15).toString("base64url");
  #epochsNamed = 0;
  readonly #waits: Waits | undefined;
  readonly #audits = new Set<Audit>();
  readonly #ready = new Set<() => void>();
  #audit: EngineTimer | undefined;
  #isAuditing = false;
  #isAuditWanted = false;
  readonly #gathering = new Gathering(() => this.masters);
  #pending = 0;
  #pendingBytes = 0;
  #isClosed = false;
  #steadySinceMs: number;
  readonly #silences: Silences;
  /** Of connecting. */
  #lastError: Error | undefined;
  /** Ends the attempt to start. */
  #giveUp: ((error: Error) => void) | undefined;

  /** @param scripts that run in lanes */
  constructor(connections: Connections, host: EngineHost, options: ResolvedOptions, scripts: readonly Script[]) {
    this.#scripts = scripts;
    this.host = host;
    this.options = options;
    this.clock = ServerClock.of(host);
    this.#connections = connections;
    this.#client = connections.requests;
    this.#steadySinceMs = host.now();
    this.#silences = new Silences(host);
    this.subscriptions = new Subscriptions(connections.told);
    this.#waits = options.replicas === 0 ? undefined : new Waits(connections.requests, options);
    // Attempts to connect that fail are nothing to report: health tells, and requests do.
    for (const client of this.#clients) {
      client.on("error", (error: Error) => this.#failed(error));
      if ("nodes" in client) client.on("node error", (error: Error) => this.#failed(error));
      client.on("end", () => this.#revive(client));
    }
    this.#client.on("ready", () => {
      this.#lastError = undefined;
      this.#silences.clear();
      // Before all else: what is sent while others bring scripts back would overtake what was refused for want of them.
      if (!(this.#client instanceof Cluster)) this.#load().catch(() => undefined);
      this.unsteady();
      for (const ready of this.#ready) ready();
    });
    this.subscriptions.onReconnect(() => void this.#runAudits());
  }

  get #clients(): ReadonlySet<Redis | Cluster> {
    return new Set([this.#connections.requests, this.#connections.told]);
  }

  /** Why there is no connection, as far as that is known. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** What was not answered, and for how long; undefined where everything is. */
  get silence(): string | undefined {
    return this.#silences.reason;
  }

  #failed(error: Error): void {
    this.#lastError = error;
    // That says more than that nothing was said before.
    if (!isTimeout(error)) this.#silences.clear();
    // Trying again leads to the same, for as long as nobody changes something.
    if (isForGood(error)) this.#giveUp?.(error);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isConnected(): boolean {
    return this.#client.status === "ready" && !this.#isClosed;
  }

  get masters(): Redis[] {
    return mastersOf(this.#client);
  }

  /** Since when every question was answered soon, by the host's `now`. */
  get steadySinceMs(): number {
    return this.#steadySinceMs;
  }

  /** Something was not as it should be: whoever was not heard of meanwhile may be alive. */
  unsteady(): void {
    this.#steadySinceMs = this.host.now();
  }

  /** @throws EngineError "closed" */
  check(): void {
    if (this.#isClosed) throw new EngineError("closed", "the engine has been closed");
  }

  /** The client library gives up where it is told of a failover while it asks the Sentinels for the master. */
  #revive(client: Redis | Cluster): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      if (!this.#isClosed) client.connect().catch(() => undefined);
    }, retryMs);
    timer.unref();
  }

  /** @throws Error when there is no connection within `timeoutMs`, or will be none: the client library would try for ever */
  async connect(): Promise<void> {
    const { timeoutMs } = this.options;
    await new Promise<void>((resolve, reject) => {
      const giveUp = (error: Error): void => {
        clearTimeout(timer);
        this.#giveUp = undefined;
        reject(error);
      };
      const timer = setTimeout(() => {
        giveUp(this.#lastError ?? new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#giveUp = giveUp;
      Promise.all([...this.#clients].map((client) => client.connect())).then(
        () => {
          clearTimeout(timer);
          this.#giveUp = undefined;
          resolve();
        },
        // What was told of before says more than that the connection has been closed.
        (error: unknown) => giveUp(this.#lastError ?? (error as Error)),
      );
    });
    await Promise.all([this.measure(), this.#load()]);
    this.#auditLater();
  }

  /** The name of an epoch, in case that one begins. No two are alike; hardly any is used, so that there is no chance of its own in each. */
  newEpoch(): string {
    return `${this.#epochs}.${(++this.#epochsNamed).toString(36)}`;
  }

  /** Looks at the server's clock. */
  async measure(): Promise<void> {
    const [master] = this.masters;
    if (master === undefined) return;
    const [seconds = 0, micros = 0] = (await master.time()).map(Number);
    this.clock.measured(seconds * 1000 + micros / 1000);
  }

  /** Calls back when something that was told may have gone lost, and from time to time. */
  onAudit(callback: Audit): () => void {
    this.#audits.add(callback);
    return () => this.#audits.delete(callback);
  }

  /** So many at a time that others' requests go on beside them, however much is followed. */
  async #runAudits(): Promise<void> {
    this.#isAuditWanted = true;
    if (this.#isAuditing) return;
    this.#isAuditing = true;
    while (this.#isAuditWanted && !this.#isClosed) {
      this.#isAuditWanted = false;
      const audits = [...this.#audits].values();
      const next = async (): Promise<void> => {
        for (const audit of audits) {
          if (this.#isClosed) return;
          if (this.#audits.has(audit)) await audit();
        }
      };
      await Promise.all(Array.from({ length: auditsAtOnce }, next));
    }
    this.#isAuditing = false;
  }

  /** Connections that lead nowhere are noticed, and what was written to them is given up. */
  #checkConnections(): void {
    this.subscriptions.audit();
    const askedAtMs = this.host.now();
    const pings = this.masters.map(async (master) => {
      try {
        await master.ping();
      } catch (error) {
        if (isTimeout(error)) this.#silences.unanswered(whole, "PING", askedAtMs);
        if (!this.#isClosed && master.status === "ready") abandon(master);
        throw error;
      }
    });
    // All of them: a Cluster of which one master says nothing is not well.
    Promise.all(pings).then(
      () => this.#silences.clear(),
      () => undefined,
    );
  }

  #auditLater(): void {
    this.#audit = this.host.setTimer(() => {
      if (this.isConnected) {
        if (this.#client instanceof Cluster) this.#client.refreshSlotsCache();
        // What is still being looked at is not looked at once more.
        if (!this.#isAuditing) void this.#runAudits();
        this.#checkConnections();
        // Should it not answer, others notice.
        this.measure().catch(() => undefined);
      }
      if (!this.#isClosed) this.#auditLater();
    }, this.options.auditIntervalMs);
  }

  /** Runs a script. @throws EngineError "unavailable", "full", "closed" */
  async run(script: Script, run: Run): Promise<Reply> {
    return await this.#request(bytesOf(run.args), run, (turn) => {
      const inTurn = turn === undefined ? run : this.#inTurn(script, run, turn);
      return this.#eval(script, inTurn);
    });
  }

  /**
   * Tells whoever hears a channel, in the order of the calls.
   *
   * @param left called once, when it is on its way
   * @throws EngineError "unavailable", "full", "closed"
   */
  async tell(channel: string, message: string, left: () => void): Promise<void> {
    let hasLeft = false;
    await this.#request(message.length, { isIdempotent: false, lane: channel }, async () => {
      let isRefused = false;
      this.#gathering.afterWrite(() => {
        if (hasLeft || isRefused || this.#isClosed) return;
        hasLeft = true;
        left();
      });
      try {
        return await this.#call("SPUBLISH", channel, message);
      } catch (error) {
        isRefused = true;
        throw error;
      }
    });
  }

  /** Asks something, and again where that makes sense. */
  async #request(bytes: number, traits: RequestTraits, ask: (turn?: Turn) => Promise<Reply>): Promise<Reply> {
    const { isIdempotent, isWrite, lane } = traits;
    this.check();
    if (this.#pending >= this.options.maxPending) {
      throw new EngineError("unavailable", `${this.#pending} requests wait for Redis, which is maxPending`);
    }
    // One is always let through, however long.
    if (this.#pending > 0 && this.#pendingBytes + bytes > this.options.maxPendingBytes) {
      throw new EngineError("unavailable", `${this.#pendingBytes} octets wait for Redis, of maxPendingBytes`);
    }
    this.#pending++;
    this.#pendingBytes += bytes;
    const deadlineMs = performance.now() + this.options.timeoutMs;
    const isDone = (error: unknown): boolean => this.#isClosed || !isWorthAgain(error, isIdempotent, deadlineMs);
    try {
      const reply = await (lane === undefined
        ? this.#loop(() => this.#send(ask), isDone)
        : this.#lane(lane).run((turn) => this.#send(() => ask(turn)), isDone));
      if (isWrite === true) await this.#waits?.reached();
      return reply;
    } catch (error) {
      throw engineErrorOf(error, this.#isClosed);
    } finally {
      this.#pending--;
      this.#pendingBytes -= bytes;
    }
  }

  async #loop<Result>(send: () => Promise<Result>, isDone: (error: unknown) => boolean): Promise<Result> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (isDone(error)) throw error;
        await this.#settled();
      }
    }
  }

  #inTurn({ isInTurn }: Script, run: Run, { number, after }: Turn): Run {
    return isInTurn ? { ...run, args: [...run.args, this.#writer, number, after] } : run;
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = new Lane(
      async (error) => {
        const failure = failureOf(error);
        // Whoever sends the script along with the first one would let it overtake others.
        if (failure === "no-script") await this.#load().catch(() => undefined);
        // What it was to follow has been done since, or given up.
        else if (failure !== "out-of-turn") await this.#settled();
        return !this.#isClosed;
      },
      () => {
        if (this.#lanes.get(name) === lane) this.#lanes.delete(name);
      },
      () => ++this.#numbers,
    );
    this.#lanes.set(name, lane);
    return lane;
  }

  /** Gives all servers all scripts. */
  async #load(): Promise<void> {
    const scripts = [...this.#scripts];
    await Promise.all(this.masters.flatMap((master) => scripts.map(({ lua }) => master.script("LOAD", lua))));
  }

  async #send(ask: () => Promise<Reply>): Promise<Reply> {
    const sentAtMs = this.host.now();
    try {
      const reply = await ask();
      // Of a Cluster, one master's answer says nothing of the others.
      if (!this.#silences.isNone && this.options.cluster === undefined) this.#silences.clear();
      return reply;
    } catch (error) {
      const failure = failureOf(error);
      if (failure === "not-done" || failure === "not-master" || failure === "unknown") this.unsteady();
      if (failure === "not-master") this.reconnect();
      // A server that says nothing may be behind a connection that leads nowhere.
      else if (isTimeout(error)) {
        this.#silences.unanswered(whole, "a request", sentAtMs);
        this.reconnect();
      }
      throw error;
    } finally {
      if (this.host.now() - sentAtMs > unsteadyMs) this.unsteady();
    }
  }

  async #eval({ sha, lua }: Script, { keys, args, lane }: Run): Promise<Reply> {
    try {
      return await this.#call("EVALSHA", sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (lane !== undefined || failureOf(error) !== "no-script") throw error;
      return await this.#call("EVAL", lua, keys.length, ...keys, ...args);
    }
  }

  #call(command: string, ...args: readonly (string | number | Buffer)[]): Promise<Reply> {
    this.#gathering.begin();
    return this.#client.callBuffer(command, ...args) as Promise<Reply>;
  }

  /** Resolves in a moment, when there is a connection; or when waiting makes no sense any more. */
  async #settled(): Promise<void> {
    await new Promise<void>((resolve) => {
      // The client library tells when it is ready; a server that is, and cannot now, says nothing later.
      const timer = setTimeout(done, this.isConnected ? retryMs : this.options.timeoutMs);
      const ready = this.#ready;
      ready.add(done);
      function done(): void {
        clearTimeout(timer);
        ready.delete(done);
        resolve();
      }
    });
  }

  /** Hears what is told on a channel. @throws EngineError "unavailable", "closed" */
  async subscribe(channel: string, receive: (message: Buffer) => void): Promise<() => void> {
    this.check();
    const deadlineMs = performance.now() + this.options.timeoutMs;
    const isDone = (error: unknown): boolean => this.#isClosed || !isWorthAgain(error, true, deadlineMs);
    try {
      return await this.#loop(() => this.subscriptions.add(channel, receive), isDone);
    } catch (error) {
      throw engineErrorOf(error, this.#isClosed);
    }
  }

  /** Connects anew: to where the master is now. */
  reconnect(): void {
    if (!(this.#client instanceof Cluster) && this.isConnected) abandon(this.#client);
  }

  close(): void {
    this.#isClosed = true;
    this.#giveUp?.(new EngineError("closed", "the engine has been closed"));
    this.#audit?.cancel();
    this.subscriptions.close();
    for (const ready of [...this.#ready]) ready();
    for (const client of this.#clients) client.disconnect();
  }
}
