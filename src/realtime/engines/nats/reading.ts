/**
 * Reading what streams have.
 */
import type { Msg } from "@nats-io/transport-node";
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
// How often a copy that lags behind its leader is asked again, and after how long.
const lagRetries = 100;
const lagRetryMs = 20;

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

/** Reads messages in order. */
export async function readMessages(link: NatsLink, request: ReadRequest): Promise<ReadResult> {
  const { stream, filter, through, limit = Number.POSITIVE_INFINITY } = request;
  const messages: Stored[] = [];
  for (let attempt = 0; ; attempt++) {
    const from = (messages.at(-1)?.seq ?? request.from - 1) + 1;
    const isEnd = await pull(link, stream, consumerConfig(filter, from), limit, messages);
    const reached = messages.at(-1)?.seq ?? 0;
    if (!isEnd || reached >= through || from > through) return { messages, isEnd };
    const newest = await lastOf(link, stream, filter);
    if (newest === undefined || newest.seq < from || newest.seq <= reached || attempt >= lagRetries) {
      return { messages, isEnd };
    }
    await new Promise((resolve) => {
      setTimeout(resolve, lagRetryMs);
    });
  }
}

/** @returns whether nothing follows */
async function pull(
  link: NatsLink,
  stream: string,
  config: object,
  limit: number,
  messages: Stored[],
): Promise<boolean> {
  const create = { stream_name: stream, config };
  const { name, num_pending } = await link.api<ConsumerInfo>(`CONSUMER.CREATE.${stream}`, create);
  let pending = num_pending;
  try {
    while (pending > 0 && messages.length < limit) {
      const batch = Math.min(pullMessages, limit - messages.length, pending);
      const before = messages.length;
      pending = await pullBatch(link, `CONSUMER.MSG.NEXT.${stream}.${name}`, batch, messages, pending);
      // What was pending has been removed meanwhile.
      if (messages.length === before) pending = 0;
    }
  } finally {
    if (link.isConnected) link.send(`${link.options.api}.CONSUMER.DELETE.${stream}.${name}`, "");
  }
  return pending === 0;
}

/** @returns how many are left */
function pullBatch(
  link: NatsLink,
  next: string,
  batch: number,
  messages: Stored[],
  pendingBefore: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let pending = pendingBefore;
    let left = batch;
    const inbox = link.createInbox();
    const unsubscribe = link.subscribe(inbox, (message) => {
      if (message.headers !== undefined && message.headers.code >= 400) {
        finish();
        return;
      }
      timer.refresh();
      const delivery = deliveryOf(message);
      messages.push({ seq: delivery.streamSeq, subject: message.subject, data: message.data });
      pending = delivery.pending;
      left--;
      if (left === 0 || pending === 0) finish();
    });
    const timer = setTimeout(() => {
      unsubscribe();
      reject(link.silent());
    }, link.options.timeoutMs);
    function finish(): void {
      clearTimeout(timer);
      unsubscribe();
      resolve(pending);
    }
    const max_bytes = pullBytes + link.maxPayloadBytes;
    try {
      link.send(`${link.options.api}.${next}`, JSON.stringify({ batch, no_wait: true, max_bytes }), inbox);
    } catch (error) {
      clearTimeout(timer);
      unsubscribe();
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
