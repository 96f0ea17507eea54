/**
 * The engine over Redis: streams keep logs, hashes states and everything else, and sharded channels tell of it.
 */
import type { Engine, EngineGrant, EngineHealth, EngineHost, EngineNeeds } from "../index.js";
import { EngineError } from "../index.js";
import { RedisCalls } from "./calls.js";
import { checkServers } from "./checks.js";
import { createConnections } from "./connections.js";
import { isRefusal } from "./failures.js";
import { Keys } from "./keys.js";
import { RedisLink } from "./link.js";
import { appendScript } from "./log-scripts.js";
import { RedisLogs } from "./logs.js";
import { mediaAppendScript, RedisMedia } from "./media.js";
import { checkNeeds } from "./needs.js";
import { type RedisEngineOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { RedisPresence } from "./presence.js";
import { putScript } from "./presence-scripts.js";
import { RedisSignals } from "./signals.js";
import { deleteScript, setScript } from "./state-scripts.js";
import { RedisStates } from "./states.js";

// Those whose order holds.
const orderedScripts = [appendScript, setScript, deleteScript, mediaAppendScript, putScript];

/**
 * Makes an engine over Redis 7.0 or newer, or Valkey: one server, those that Sentinels name, or a Cluster.
 *
 * ```ts
 * const engine = redis({ url: "rediss://redis.example:6379", connection: { username, password } });
 * ```
 *
 * @throws RangeError for an option that is out of its range
 */
export function redis(options: RedisEngineOptions = {}): Engine {
  return new RedisEngine(resolveOptions(options));
}

class RedisEngine implements Engine {
  readonly name = "redis";
  readonly #options: ResolvedOptions;
  #started: Started | undefined;
  /** The connection, from the start on. */
  #link: RedisLink | undefined;
  #isClosed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  async start(host: EngineHost): Promise<void> {
    if (this.#link !== undefined) throw new EngineError("unavailable", "the engine has been started before");
    if (this.#isClosed) throw new EngineError("closed", "the engine has been closed");
    const link = new RedisLink(createConnections(this.#options), host, this.#options, orderedScripts);
    this.#link = link;
    try {
      await link.connect();
      await checkServers(link.masters, this.#options);
    } catch (cause) {
      link.close();
      if (cause instanceof EngineError) throw cause;
      const what = isRefusal(cause) ? "refuses these credentials" : "cannot be reached";
      throw new EngineError("unavailable", `Redis ${what}: ${String(cause)}`, { cause });
    }
    this.#started = new Started(link, this.#options);
    if (this.#isClosed) this.#started.close();
  }

  async check(needs: EngineNeeds): Promise<EngineGrant> {
    const { link } = this.#kinds;
    try {
      return await checkNeeds(link.masters, needs);
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw new EngineError(link.isClosed ? "closed" : "unavailable", `Redis cannot be asked: ${String(cause)}`, {
        cause,
      });
    }
  }

  health(): EngineHealth {
    const link = this.#started?.link;
    if (link === undefined) return { isAvailable: false, bytes: undefined, reason: "not started" };
    const reason = link.isClosed ? "the engine has been closed" : reasonOf(link);
    return { isAvailable: reason === undefined, bytes: undefined, reason };
  }

  get logs(): RedisLogs {
    return this.#kinds.logs;
  }

  get states(): RedisStates {
    return this.#kinds.states;
  }

  get signals(): RedisSignals {
    return this.#kinds.signals;
  }

  get media(): RedisMedia {
    return this.#kinds.media;
  }

  get calls(): RedisCalls {
    return this.#kinds.calls;
  }

  get presence(): RedisPresence {
    return this.#kinds.presence;
  }

  get #kinds(): Started {
    if (this.#started === undefined) throw new EngineError("unavailable", "the engine has not been started");
    return this.#started;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as the interface says
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#started?.close();
    this.#link?.close();
  }
}

/** Why what is asked is unavailable; undefined where it is not. */
function reasonOf({ isConnected, lastError, silence }: RedisLink): string | undefined {
  // Whoever says nothing is connected to anew, and says nothing then, either.
  if (silence !== undefined) return `Redis does not answer: ${silence}`;
  if (isConnected) return undefined;
  return `Redis cannot be reached${lastError === undefined ? "" : `: ${String(lastError)}`}`;
}

/** What there is once there is a connection. */
class Started {
  readonly link: RedisLink;
  readonly logs: RedisLogs;
  readonly states: RedisStates;
  readonly signals: RedisSignals;
  readonly media: RedisMedia;
  readonly calls: RedisCalls;
  readonly presence: RedisPresence;

  constructor(link: RedisLink, options: ResolvedOptions) {
    const keys = new Keys(options.prefix);
    this.link = link;
    this.logs = new RedisLogs(link, keys);
    this.states = new RedisStates(link, keys);
    this.signals = new RedisSignals(link, keys);
    this.media = new RedisMedia(link, keys);
    this.calls = new RedisCalls(link, keys);
    this.presence = new RedisPresence(link, keys);
    this.presence.start();
  }

  close(): void {
    this.logs.stop();
    this.states.stop();
    this.media.stop();
    this.presence.stop();
    this.link.close();
  }
}
