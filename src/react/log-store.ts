/**
 * A log as components show it: the newest messages, older ones on demand, and what is published here before it has come
 * back.
 */
import type {
  ChannelOptions,
  Handle,
  HistoryMessage,
  LogEvent,
  LogHandle,
  PublishOptions,
} from "../realtime/client/index.js";
import type { Gap, PubReply } from "../realtime/wire/index.js";
import { ChannelStore, type ChannelView, type StoreContext, type Wants } from "./channel-store.js";
import { eitherOf } from "./either-of.js";
import { randomKey } from "./random-key.js";

/** A message of one's own that has not come back yet. */
export interface PendingMessage<Message = unknown> {
  /** The idempotency key under which it is published once. */
  readonly key: string;
  readonly value: Message;
  /** When it was published here: Unix time in milliseconds by this machine's clock. */
  readonly timeMs: number;
  /** "sending": it waits for a connection, or for the answer. "sent": the server has it. "failed": see `error`. */
  readonly status: "sending" | "sent" | "failed";
  /** With which it has failed. */
  readonly error: unknown;
  /** Publishes it again under the same key, after a failure. */
  readonly retry: () => void;
  /** Forgets it. Where it was under way, it may have been published or not. */
  readonly discard: () => void;
}

/** A place in a log where something is lost. */
export interface LogGap {
  readonly reason: Gap["reason"];
  /** The last message before it; undefined where it is before all that are shown. */
  readonly after: string | undefined;
  /** The position with which the log goes on. */
  readonly position: string;
}

/** What `useChannel` returns for a log. */
export interface LogView<Received = unknown, Sent = Received> extends ChannelView {
  readonly kind: "log";
  /** The newest messages, the oldest first; no more than `maxMessages`, and what `loadOlder` has added. */
  readonly messages: readonly HistoryMessage<Received>[];
  /** What was published here and has not come back, in that order. */
  readonly pending: readonly PendingMessage<Sent>[];
  readonly gaps: readonly LogGap[];
  /** Whether there may be messages before the first one. */
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  /** With which `loadOlder` has failed last. */
  readonly olderError: unknown;
  /**
   * Publishes a message, which is in `pending` until it has come back. A key that is in `pending` already is published once.
   *
   * @returns what the server answers; nobody has to handle a rejection
   */
  readonly publish: (message: Sent, options?: PublishOptions) => Promise<PubReply>;
  /** Puts a page of older messages before the first one. Harmless while it is under way, and at the beginning. */
  readonly loadOlder: () => void;
  /** Lets go of what is more than `maxMessages`. */
  readonly forgetOlder: () => void;
}

type Message = HistoryMessage<unknown>;

interface Entry extends PendingMessage {
  readonly position: string | undefined;
}

interface Publishing {
  readonly abort: AbortController;
  readonly reply: Promise<PubReply>;
}

// A long conversation on a screen, and some screens before it.
const defaultMaxMessages = 500;
// About two screens.
const pageMessages = 50;
// More holes than that say nothing more.
const rememberedGaps = 100;

/** See the head of this file. */
export class LogStore extends ChannelStore<LogEvent<unknown>, LogView> {
  #messages: Message[] = [];
  #positions = new Set<string>();
  #gaps: readonly LogGap[] = [];
  #pending: readonly Entry[] = [];
  readonly #publishing = new Map<string, Publishing>();
  /** Where it is now. */
  #place: { readonly epoch: string; readonly position: string } | undefined;
  /** Messages beyond `maxMessages` that were asked for. */
  #extra = 0;
  #hasOlder = true;
  #olderError: unknown;
  /** The request for older ones that counts. */
  #loading: AbortController | undefined;
  /** What `messages` of the snapshot were made of, while it is the same. */
  #shownMessages: readonly Message[] | undefined = this.#messages;

  constructor(context: StoreContext, name: string) {
    super(context, name, "log");
  }

  protected override make(): LogView {
    this.#shownMessages ??= [...this.#messages];
    return {
      ...this.view,
      kind: "log",
      messages: this.#shownMessages,
      pending: this.#pending,
      gaps: this.#gaps,
      hasOlder: this.#hasOlder,
      isLoadingOlder: this.#loading !== undefined,
      olderError: this.#olderError,
      publish: this.#publish,
      loadOlder: this.#loadOlder,
      forgetOlder: this.#forgetOlder,
    };
  }

  get #handle(): LogHandle | undefined {
    return this.context.open(this.name, "log") as LogHandle | undefined;
  }

  // The subscription

  protected override options(wants: readonly Wants[]): ChannelOptions {
    const since = this.#place ?? wants.find(({ since: given }) => given !== undefined)?.since;
    return since === undefined ? { last: lastOf(wants) } : { since };
  }

  protected override began(handle: Handle<LogEvent<unknown>>, wasIdle: boolean): void {
    if (wasIdle) return;
    // Others follow it already, from wherever they began: what is shown begins anew.
    this.#forget();
    const last = lastOf(this.wants);
    if (last > 0) this.#load(handle as LogHandle, last, undefined);
    const { epoch, position } = handle as LogHandle;
    if (epoch === undefined || position === undefined || handle.status !== "subscribed") return;
    this.#place = { epoch, position };
    if (last === 0) this.live();
  }

  protected override received(event: LogEvent<unknown>): void {
    this.changed();
    const { epoch, position } = event;
    switch (event.type) {
      case "message": {
        const { type: _type, recovered: _recovered, ...message } = event;
        this.#add(message);
        break;
      }
      case "gap": {
        const after = this.#messages.at(-1)?.position;
        this.#gaps = [...this.#gaps, { reason: event.reason, after, position }].slice(-rememberedGaps);
        if (epoch !== this.#messages[0]?.epoch) this.#hasOlder = this.#messages.length === 0;
        this.#dropSent();
        break;
      }
      case "live":
        if (this.#place === undefined && this.#messages.length === 0 && lastOf(this.wants) > 0) this.#hasOlder = false;
        this.#dropSent();
        this.live();
        break;
      default:
        event satisfies never;
    }
    this.#place = { epoch, position };
  }

  #add(message: Message): void {
    this.#pending = this.#pending.filter((entry) => entry.key !== message.key && entry.position !== message.position);
    if (this.#positions.has(message.position)) return;
    this.#messages.push(message);
    this.#positions.add(message.position);
    this.#shownMessages = undefined;
    this.#trim();
  }

  /** The oldest ones go. */
  #trim(): void {
    const { wants } = this;
    // Whoever shows it is moving, and comes back in a moment.
    if (wants.length === 0) return;
    const maxMessages = Math.max(...wants.map(({ maxMessages: wanted = defaultMaxMessages }) => wanted));
    const surplus = this.#messages.length - maxMessages - this.#extra;
    if (surplus <= 0) return;
    for (const { position } of this.#messages.splice(0, surplus)) this.#positions.delete(position);
    this.#shownMessages = undefined;
    this.#hasOlder = true;
  }

  protected override forgotten(): void {
    this.#forget();
    this.#place = undefined;
  }

  #forget(): void {
    this.changed();
    this.#loading?.abort();
    this.#loading = undefined;
    this.#messages = [];
    this.#shownMessages = undefined;
    this.#positions = new Set();
    this.#gaps = [];
    this.#extra = 0;
    this.#hasOlder = true;
    this.#olderError = undefined;
    this.#place = undefined;
  }

  // Older messages

  readonly #loadOlder = (): void => {
    const handle = this.#handle;
    if (handle === undefined || this.#loading !== undefined || !this.#hasOlder) return;
    const [first] = this.#messages;
    this.#load(handle, pageMessages, first);
  };

  #load(handle: LogHandle, limit: number, first: Message | undefined): void {
    this.changed();
    const loading = new AbortController();
    this.#loading = loading;
    this.#olderError = undefined;
    const before = first === undefined ? {} : { before: first.position };
    handle.history({ ...before, limit, signal: loading.signal }).then(
      ({ epoch, messages, isEnd }) => {
        if (this.#loading !== loading) return;
        this.changed();
        this.#loading = undefined;
        // Positions of one epoch say nothing in the other; and what it was asked for may have gone meanwhile.
        const fits = first === undefined || (first.epoch === epoch && first === this.#messages[0]);
        if (fits) this.#putBefore(messages);
        this.#hasOlder = !isEnd && (first === undefined || first.epoch === epoch);
        if (first === undefined && handle.status === "subscribed") this.live();
      },
      (error: unknown) => {
        if (this.#loading !== loading) return;
        this.changed();
        this.#loading = undefined;
        this.#olderError = error;
      },
    );
  }

  #putBefore(messages: readonly Message[]): void {
    const older = messages.filter(({ position }) => !this.#positions.has(position));
    for (const { position } of older) this.#positions.add(position);
    this.#messages.unshift(...older);
    this.#shownMessages = undefined;
    this.#extra += older.length;
  }

  readonly #forgetOlder = (): void => {
    if (this.#extra === 0) return;
    this.changed();
    this.#extra = 0;
    this.#trim();
  };

  // Publishing

  readonly #publish = (value: unknown, options: PublishOptions = {}): Promise<PubReply> => {
    const { idempotencyKey: key = randomKey() } = options;
    const known = this.#pending.find((entry) => entry.key === key);
    if (known?.status === "sending") return this.#publishing.get(key)?.reply ?? this.#send(known, options);
    const entry: Entry = known ?? {
      ...{ key, value, timeMs: Date.now(), status: "sending", error: undefined, position: undefined },
      retry: () => {
        const failed = this.#pending.find((other) => other.key === key);
        if (failed?.status === "failed") void this.#send(failed, options);
      },
      discard: () => {
        this.#publishing.get(key)?.abort.abort();
        this.#drop(key);
      },
    };
    return this.#send(entry, options);
  };

  #send(entry: Entry, { signal, timeoutMs }: PublishOptions): Promise<PubReply> {
    const { key, value } = entry;
    this.#put({ ...entry, status: "sending", error: undefined });
    const abort = new AbortController();
    const reply = this.#request(value, {
      idempotencyKey: key,
      signal: eitherOf(abort.signal, signal),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    this.#publishing.set(key, { abort, reply });
    reply.then(
      (published) => this.#published(key, published),
      (error: unknown) => this.#notPublished(key, error),
    );
    return reply;
  }

  async #request(value: unknown, options: PublishOptions): Promise<PubReply> {
    const handle = this.#handle;
    if (handle === undefined) throw new Error("there is no client yet");
    return await handle.publish(value, options);
  }

  #published(key: string, { position, isDuplicate = false }: PubReply): void {
    this.#publishing.delete(key);
    const entry = this.#pending.find((other) => other.key === key);
    if (entry === undefined) return;
    // What was there before has come, or is older than what is shown. Where nothing is followed, nothing comes.
    if (this.#positions.has(position) || !this.isRunning || (isDuplicate && this.isLive)) this.#drop(key);
    else this.#put({ ...entry, status: "sent", position });
  }

  #notPublished(key: string, error: unknown): void {
    this.#publishing.delete(key);
    const entry = this.#pending.find((other) => other.key === key);
    if (entry !== undefined) this.#put({ ...entry, status: "failed", error });
  }

  #put(entry: Entry): void {
    this.changed();
    const isKnown = this.#pending.some(({ key }) => key === entry.key);
    this.#pending = isKnown
      ? this.#pending.map((other) => (other.key === entry.key ? entry : other))
      : [...this.#pending, entry];
    this.#keep();
  }

  #drop(key: string): void {
    this.changed();
    this.#pending = this.#pending.filter((entry) => entry.key !== key);
    this.#keep();
  }

  /** What the server has and what has not come by now is older than what is shown, or lost in a gap. */
  #dropSent(): void {
    this.#pending = this.#pending.filter(({ status }) => status !== "sent");
    this.#keep();
  }

  /** Nobody else knows what has not been published. */
  #keep(): void {
    this.context.keep(this, this.#pending.length > 0);
  }
}

function lastOf(wants: readonly Wants[]): number {
  return Math.max(0, ...wants.map(({ last = 0 }) => last));
}
