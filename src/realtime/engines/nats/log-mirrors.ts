/**
 * The logs that this node reads or follows, each once for all who do.
 */
import type { EngineTimer } from "../index.js";
import type { NatsLink } from "./link.js";
import { LogMirror } from "./log-mirror.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

// A client that comes back within a minute finds the log as it left it.
const idleMs = 60_000;
const sweepIntervalMs = 10_000;
// Logs that are looked after at once: each asks JetStream a question or two.
const concurrency = 16;

/** See the head of this file. */
export class LogMirrors {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  /** The one that was used longest ago is the first. */
  readonly #mirrors = new Map<string, LogMirror>();
  readonly #opening = new Map<string, Promise<LogMirror>>();
  #sweeping: EngineTimer | undefined;
  #auditing: EngineTimer | undefined;

  constructor(link: NatsLink, streams: Streams, subjects: Subjects) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    // What was told while there was no connection is read. What cannot be is found by the next audit.
    link.onReconnect(() => void this.#each((mirror) => mirror.audit()));
    streams.onReplaced((kind) => {
      if (kind !== "log") return;
      for (const mirror of this.#mirrors.values()) mirror.replaced();
      void this.#each((mirror) => mirror.catchUp());
    });
    this.#sweepLater();
    this.#auditLater();
  }

  /** Octets of all values that are here. */
  get bytes(): number {
    let bytes = 0;
    for (const mirror of this.#mirrors.values()) bytes += mirror.bytes;
    return bytes;
  }

  /** The log, if it is here. */
  peek(channel: string): LogMirror | undefined {
    return this.#mirrors.get(channel);
  }

  /** @throws EngineError, ApiError when the stream cannot be read */
  async get(channel: string): Promise<LogMirror> {
    const mirror = this.#mirrors.get(channel) ?? (await this.#open(channel));
    mirror.usedAtMs = this.#link.host.now();
    await mirror.renew();
    return mirror;
  }

  #open(channel: string): Promise<LogMirror> {
    const known = this.#opening.get(channel);
    if (known !== undefined) return known;
    const opening = LogMirror.open({
      ...{ link: this.#link, streams: this.#streams },
      ...{ subject: this.#subjects.log(channel), toldSubject: this.#subjects.logTold(channel) },
    })
      .then((mirror) => {
        this.#mirrors.set(channel, mirror);
        return mirror;
      })
      .finally(() => this.#opening.delete(channel));
    this.#opening.set(channel, opening);
    return opening;
  }

  async #each(look: (mirror: LogMirror) => Promise<void>): Promise<void> {
    const mirrors = [...this.#mirrors.values()];
    const next = async (): Promise<void> => {
      for (let mirror = mirrors.pop(); mirror !== undefined && !this.#link.isClosed; mirror = mirrors.pop()) {
        // What cannot be read now is found by the next audit.
        await look(mirror).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, next));
  }

  #auditLater(): void {
    this.#auditing = this.#link.host.setTimer(() => {
      void this.#audit().finally(() => {
        if (!this.#link.isClosed) this.#auditLater();
      });
    }, this.#link.options.auditIntervalMs);
  }

  async #audit(): Promise<void> {
    if (!this.#link.isConnected) return;
    await this.#each((mirror) => mirror.audit());
  }

  #sweepLater(): void {
    this.#sweeping = this.#link.host.setTimer(() => {
      this.#sweep();
      this.#sweepLater();
    }, sweepIntervalMs);
  }

  #sweep(): void {
    const nowMs = this.#link.host.now();
    let bytes = this.bytes;
    const idle = [...this.#mirrors].filter(([, mirror]) => !mirror.isFollowed);
    idle.sort(([, one], [, other]) => one.usedAtMs - other.usedAtMs);
    for (const [channel, mirror] of idle) {
      if (nowMs - mirror.usedAtMs < idleMs && bytes <= this.#link.options.cacheBytes) continue;
      bytes -= mirror.bytes;
      mirror.stop();
      this.#mirrors.delete(channel);
    }
  }

  stop(): void {
    this.#sweeping?.cancel();
    this.#auditing?.cancel();
    for (const mirror of this.#mirrors.values()) mirror.stop();
    this.#mirrors.clear();
  }
}
