/**
 * Reading what streams have.
 */
import type { Msg } from "@nats-io/transport-node";
import { EngineError } from "../index.js";
import { apiErrors, isApiError, type NatsLink } from "./link.js";

/** A message of a stream. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

/** Where a message that a consumer delivered stands, by its reply subject. */
export interface Delivery {
  readonly streamSeq: number;
  readonly consumerSeq: number;
  /** Messages that are still to come. */
  readonly pending: number;
}

// $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>, or with domain and account first.
const shortAckTokens = 9;
// A pull at once; between two of them our own reading keeps pace. Several logs are read at the same time, and a server cuts
// off whom it has more than 64 MiB for.
const pullMessages = 256;
const pullBytes = 1024 * 1024;
// A consumer that was not deleted, since we were killed, goes by itself.
const inactiveThresholdNs = 30_000_000_000;
// Servers of a cluster hear of who leads them every second, and elect another when they have not for four.
const heardWithinNs = 3_000_000_000;
// After how long a copy that lags behind its leader, or another one, is asked again: at first, and at last.
const firstLagRetryMs = 20;
const maxLagRetryMs = 320;

/** @see Delivery */
export function deliveryOf(message: Msg): Delivery {
  const tokens = (message.reply ?? "").split(".");
  const first = tokens.length === shortAckTokens ? 5 : 7;
  const [streamSeq, consumerSeq, , pending] = tokens.slice(first).map(Number);
  return { streamSeq: streamSeq ?? 0, consumerSeq: consumerSeq ?? 0, pending: pending ?? 0 };
}

/** The configuration of a consumer that nobody acknowledges to. */
export function consumerConfig(filter: string, from: number): object {
  return {
    filter_subject: filter,
    deliver_policy: "by_start_sequence",
    opt_start_seq: Math.max(1, from),
    ack_policy: "none",
    replay_policy: "instant",
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: inactiveThresholdNs,
  };
}

/** What JetStream says of a consumer that was made. */
export interface ConsumerInfo {
  readonly name: string;
  readonly num_pending: number;
  readonly delivered: { readonly consumer_seq: number };
}

/** The last message of a subject, which may have wildcards; asked of the stream's leader, so that it is the newest. */
export async function lastOf(link: NatsLink, stream: string, subject: string): Promise<Stored | undefined> {
  interface Found {
    readonly message: { readonly subject: string; readonly seq: number; readonly data?: string };
  }
  try {
    const { message } = await link.api<Found>(`STREAM.MSG.GET.${stream}`, { last_by_subj: subject });
    return { seq: message.seq, subject: message.subject, data: Buffer.from(message.data ?? "", "base64") };
  } catch (error) {
    if (isApiError(error, apiErrors.noMessage)) return undefined;
    throw error;
  }
}

/** Whether the stream's leader has a message. */
export async function hasMessage(link: NatsLink, stream: string, seq: number): Promise<boolean> {
  try {
    await link.api(`STREAM.MSG.GET.${stream}`, { seq });
    return true;
  } catch (error) {
    if (isApiError(error, apiErrors.noMessage)) return false;
    throw error;
  }
}

/**
 * The newest sequence of a whole stream of a cluster; undefined where who says so has not heard of enough of the others for a
 * while: it may have been deposed without knowing it, and tell what was.
 */
export async function surelyNewest(link: NatsLink, stream: string): Promise<number | undefined> {
  interface Info {
    readonly state: { readonly last_seq: number };
    /** `active`: nanoseconds since it was heard of. */
    readonly cluster?: { readonly replicas?: readonly { readonly active?: number }[] };
  }
  const { state, cluster } = await link.api<Info>(`STREAM.INFO.${stream}`);
  const others = cluster?.replicas ?? [];
  const heard = others.filter(({ active = 0 }) => active < heardWithinNs).length;
  return 2 * (heard + 1) > others.length + 1 ? state.last_seq : undefined;
}

/** What it is that the copies of a stream do not give what its leader has. */
export function behind(stream: string): EngineError {
  return new EngineError("unavailable", `what the stream "${stream}" has cannot be read: its copies lag behind`);
}

/** What to read: the messages of a filter from a sequence on. */
export interface ReadRequest {
  readonly stream: string;
  readonly filter: string;
  readonly from: number;
  /** What must be read at least, if it is still there: a copy of the stream may lag behind. */
  readonly through: number;
  /** Messages at most. Default: all. */
  readonly limit?: number;
}

/** What was read. */
export interface ReadResult {
  readonly messages: readonly Stored[];
  /** Nothing follows. */
  readonly isEnd: boolean;
}

/**
 * Reads messages in order, from whichever copy of the stream the servers choose.
 *
 * @throws EngineError "unavailable" where what is there does not come: the copies lag behind, or it gets lost between servers
 */
export async function readMessages(link: NatsLink, request: ReadRequest): Promise<ReadResult> {
  const { stream, filter, through, limit = Number.POSITIVE_INFINITY } = request;
  const messages: Stored[] = [];
  const deadlineMs = performance.now() + link.options.timeoutMs;
  for (let retryMs = firstLagRetryMs; ; retryMs = Math.min(2 * retryMs, maxLagRetryMs)) {
    const from = (messages.at(-1)?.seq ?? request.from - 1) + 1;
    const pull = new Pull(link, stream, from, messages);
    await pull.run(filter, limit);
    const isEnd = pull.pending === 0;
    const reached = messages.at(-1)?.seq ?? 0;
    if (pull.isWhole && (!isEnd || reached >= through || from > through)) return { messages, isEnd };
    const newest = await lastOf(link, stream, filter);
    if (pull.isWhole && (newest === undefined || newest.seq < from || newest.seq <= reached)) {
      return { messages, isEnd };
    }
    if (performance.now() > deadlineMs) throw behind(stream);
    await new Promise((resolve) => {
      setTimeout(resolve, retryMs);
    });
  }
}

/** Reads over one consumer, which is at one copy of the stream. */
class Pull {
  readonly #link: NatsLink;
  readonly #stream: string;
  readonly #from: number;
  readonly #messages: Stored[];
  /** Messages that the consumer has delivered, here or elsewhere. */
  #delivered = 0;
  /** Messages that are still to come. */
  pending = 0;
  /** Whether everything came that was delivered. */
  isWhole = true;

  constructor(link: NatsLink, stream: string, from: number, messages: Stored[]) {
    this.#link = link;
    this.#stream = stream;
    this.#from = from;
    this.#messages = messages;
  }

  /** @throws EngineError, ApiError when nothing comes */
  async run(filter: string, limit: number): Promise<void> {
    const link = this.#link;
    const create = { stream_name: this.#stream, config: consumerConfig(filter, this.#from) };
    const { name, num_pending } = await link.api<ConsumerInfo>(`CONSUMER.CREATE.${this.#stream}`, create);
    this.pending = num_pending;
    try {
      while (this.isWhole && this.pending > 0 && this.#messages.length < limit) {
        const batch = Math.min(pullMessages, limit - this.#messages.length, this.pending);
        const before = this.#delivered;
        await this.#pull(`CONSUMER.MSG.NEXT.${this.#stream}.${name}`, batch);
        // What was pending has been removed meanwhile.
        if (this.#delivered === before) this.pending = 0;
      }
    } finally {
      if (link.isConnected) link.send(`${link.options.api}.CONSUMER.DELETE.${this.#stream}.${name}`, "");
    }
  }

  #pull(next: string, batch: number): Promise<void> {
    const link = this.#link;
    return new Promise((resolve, reject) => {
      let left = batch;
      const inbox = link.createInbox();
      const unsubscribe = link.subscribe(inbox, (message) => {
        if (message.headers !== undefined && message.headers.code >= 400) {
          finish();
          return;
        }
        timer.refresh();
        this.#take(message);
        left--;
        if (left === 0 || this.pending === 0 || !this.isWhole) finish();
      });
      const timer = setTimeout(() => {
        unsubscribe();
        reject(link.silent());
      }, link.options.timeoutMs);
      function finish(): void {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      }
      const max_bytes = pullBytes + link.maxPayloadBytes;
      try {
        link.send(`${link.options.api}.${next}`, JSON.stringify({ batch, no_wait: true, max_bytes }), {
          reply: inbox,
        });
      } catch (error) {
        clearTimeout(timer);
        unsubscribe();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #take(message: Msg): void {
    const { streamSeq, consumerSeq, pending } = deliveryOf(message);
    // Something got lost between two servers.
    if (consumerSeq !== this.#delivered + 1) {
      this.isWhole = false;
      return;
    }
    this.#delivered = consumerSeq;
    this.pending = pending;
    // A copy that lags behind begins with the newest that it has, and not where it was told to.
    if (streamSeq < this.#from) return;
    this.#messages.push({ seq: streamSeq, subject: message.subject, data: message.data });
  }
}
