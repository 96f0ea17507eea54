/**
 * The streams: made where they are not there, and looked at for whether they are still the same ones.
 */
import { EngineError } from "../index.js";
import { ApiError, apiErrors, isApiError, type NatsLink } from "./link.js";
import { type StreamKind, type Subjects, streamKinds } from "./subjects.js";

/** A stream's configuration, as JetStream writes it. */
interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly max_msgs_per_subject: number;
  /** Nanoseconds; 0: for ever. */
  readonly max_age: number;
  readonly republish?: { readonly src: string; readonly dest: string };
}

interface StreamInfo {
  readonly config: StreamConfig;
  readonly created: string;
  readonly cluster?: { readonly leader?: string; readonly raft_group?: string };
}

const nanosecondsPerMs = 1_000_000;
// Two hundred years: 64 bits of nanoseconds are a little more.
const maxAgeMs = 200 * 365 * 86_400_000;
/** JetStream remembers ids for so long, in milliseconds; beyond it our own keys do. */
export const duplicateWindowMs = 120_000;
// A stream that was just made has a leader within a second.
const electionRetryMs = 100;
// More than any window at first, so that it hardly ever has to grow.
const defaultKeyAgeMs = 3_600_000;

// For how long a stream that somebody else is just making may not be found.
const appearanceLooks = 10;
const appearanceRetryMs = 50;

/** See the head of this file. */
export class Streams {
  readonly #link: NatsLink;
  readonly #subjects: Subjects;
  /** What each is told from one of the same name by. */
  readonly #epochs = new Map<StreamKind, string>();
  /** Everything that servers have called it. */
  readonly #namesOf = new Map<StreamKind, Set<string>>();
  readonly #ageMs = new Map<StreamKind, number>();
  readonly #replaced = new Set<(kind: StreamKind) => void>();

  constructor(link: NatsLink, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
  }

  /** @throws EngineError when JetStream is not there, refuses, or has other streams of these names */
  async start(): Promise<void> {
    for (const kind of streamKinds) this.#saw(kind, await this.#ensure(kind));
  }

  name(kind: StreamKind): string {
    return this.#subjects.stream(kind);
  }

  epochOf(kind: StreamKind): string {
    return this.#epochs.get(kind) ?? "";
  }

  /** Whether an epoch is that of a stream, by one of its names. */
  isEpochOf(kind: StreamKind, epoch: string): boolean {
    return this.#namesOf.get(kind)?.has(epoch) ?? false;
  }

  /** Calls back when a stream is another one than it was: what it had is gone. */
  onReplaced(callback: (kind: StreamKind) => void): void {
    this.#replaced.add(callback);
  }

  /** Looks whether the streams are the same. Makes again what is gone. */
  async look(): Promise<void> {
    for (const kind of streamKinds) await this.lookAt(kind);
  }

  /** Looks whether one is the same, and makes it again where it is gone: what its sequences mean is sure afterwards. */
  async lookAt(kind: StreamKind): Promise<void> {
    this.#saw(kind, (await this.#find(kind)) ?? (await this.#ensure(kind)));
  }

  /** Lets a stream keep messages for so long at least. */
  async keepFor(kind: StreamKind, ageMs: number): Promise<void> {
    if ((this.#ageMs.get(kind) ?? 0) >= ageMs) return;
    const info = await this.#info(kind);
    this.#saw(kind, info);
    if ((this.#ageMs.get(kind) ?? 0) >= ageMs) return;
    // 0 is for ever, and so is what is more than the server can count in nanoseconds.
    const max_age = ageMs < maxAgeMs ? Math.ceil(ageMs) * nanosecondsPerMs : 0;
    const name = this.name(kind);
    await this.#link.api(`STREAM.UPDATE.${name}`, { ...info.config, max_age });
    this.#saw(kind, await this.#info(kind));
  }

  #saw(kind: StreamKind, info: StreamInfo): void {
    const { config } = info;
    const names = namesOf(info);
    const known = this.#namesOf.get(kind) ?? new Set();
    const isKnown = names.some((name) => known.has(name));
    const isReplaced = !isKnown && known.size > 0;
    this.#namesOf.set(kind, new Set(isKnown ? [...known, ...names] : names));
    if (!isKnown) this.#epochs.set(kind, names[0] ?? "");
    this.#ageMs.set(kind, config.max_age === 0 ? Number.POSITIVE_INFINITY : config.max_age / nanosecondsPerMs);
    if (!isReplaced) return;
    for (const callback of this.#replaced) callback(kind);
  }

  async #find(kind: StreamKind): Promise<StreamInfo | undefined> {
    try {
      return await this.#info(kind);
    } catch (error) {
      if (isApiError(error, apiErrors.noStream)) return undefined;
      throw error;
    }
  }

  /** @throws EngineError "unavailable" where a cluster has nobody who leads it: whoever answers then may know less */
  async #info(kind: StreamKind): Promise<StreamInfo> {
    const name = this.name(kind);
    const deadlineMs = performance.now() + this.#link.options.timeoutMs;
    for (;;) {
      const info = await this.#link.api<StreamInfo>(`STREAM.INFO.${name}`);
      if (info.cluster === undefined || (info.cluster.leader ?? "") !== "") return info;
      if (performance.now() > deadlineMs) throw new EngineError("unavailable", `nobody leads the stream "${name}"`);
      await new Promise((resolve) => {
        setTimeout(resolve, electionRetryMs);
      });
    }
  }

  async #ensure(kind: StreamKind): Promise<StreamInfo> {
    const wanted = this.#configOf(kind);
    try {
      const made = await this.#link.api<StreamInfo>(`STREAM.CREATE.${wanted.name}`, wanted);
      // In a cluster, whoever makes streams answers, and need not know what the one knows that leads this.
      return this.#link.isCluster ? await this.#info(kind) : made;
    } catch (error) {
      // Whoever makes it while another does may be told that its subjects are in use, and not yet by what.
      const isThere =
        isApiError(error, apiErrors.streamNameInUse) ||
        (isApiError(error, apiErrors.subjectsOverlap) && (await this.#appears(kind)));
      if (!isThere) throw refusal(wanted.name, error);
    }
    const found = await this.#info(kind);
    // How much it keeps, where, and how often, is its administrator's affair.
    const isOurs =
      String(found.config.subjects) === String(wanted.subjects) &&
      found.config.max_msgs_per_subject === wanted.max_msgs_per_subject &&
      found.config.republish?.src === wanted.republish?.src &&
      found.config.republish?.dest === wanted.republish?.dest;
    if (isOurs) return found;
    throw new EngineError(
      "unavailable",
      `the stream "${wanted.name}" is there with other subjects, max_msgs_per_subject or republish than this engine ` +
        `needs: ${JSON.stringify(wanted)}`,
    );
  }

  async #appears(kind: StreamKind): Promise<boolean> {
    for (let looks = 0; looks < appearanceLooks; looks++) {
      if ((await this.#find(kind)) !== undefined) return true;
      await new Promise((resolve) => {
        setTimeout(resolve, appearanceRetryMs);
      });
    }
    return false;
  }

  #configOf(kind: StreamKind): StreamConfig {
    const { storage, replicas, maxLogBytes, forgetAfterMs } = this.#link.options;
    const ageMs = { log: forgetAfterMs, state: 0, key: defaultKeyAgeMs, call: defaultKeyAgeMs, presence: 0 }[kind];
    const isTold = kind === "log" || kind === "call";
    const config = {
      name: this.name(kind),
      subjects: [this.#subjects.allOf(kind)],
      retention: "limits",
      discard: "old",
      storage,
      num_replicas: replicas,
      max_consumers: -1,
      max_msgs: -1,
      max_msg_size: -1,
      max_bytes: kind === "log" ? maxLogBytes : -1,
      max_msgs_per_subject: kind === "log" ? -1 : 1,
      max_age: ageMs * nanosecondsPerMs,
      duplicate_window: Math.min(duplicateWindowMs, ageMs || duplicateWindowMs) * nanosecondsPerMs,
      allow_direct: true,
    };
    if (!isTold) return config;
    return { ...config, republish: { src: this.#subjects.allOf(kind), dest: this.#subjects.toldOf(kind) } };
  }
}

/**
 * What a stream is called, beside its name, best first. In a cluster, servers need not agree on when it was made: one that has made its copy
 * anew says that it was then. Newer ones name the group of servers that has its copies, which no other stream had or will have.
 */
function namesOf({ created, cluster }: StreamInfo): string[] {
  const group = cluster?.raft_group ?? "";
  const time = created.replaceAll(/\D/g, "");
  return group === "" ? [time] : [group, time];
}

function refusal(name: string, cause: unknown): unknown {
  if (!(cause instanceof ApiError)) return cause;
  return new EngineError("unavailable", `the stream "${name}" cannot be made: ${cause.message}`, { cause });
}
