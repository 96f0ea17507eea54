/**
 * The client: a session, the subscriptions over it, and the requests.
 */
import { asyncDispose } from "../../socket/async-dispose.js";
import type { AnyChannel, Contract } from "../contract/index.js";
import { RealtimeError } from "../wire/errors.js";
import type { ChannelKind } from "../wire/index.js";
import { jsonCodec } from "../wire/json.js";
import { makeCall, makeStream } from "./calls.js";
import type { BaseClient, CallRequestOptions, ClientEnd, StreamRequestOptions } from "./client.js";
import type { ClientParts } from "./connection.js";
import type { ChannelOptions } from "./handles.js";
import type { Link, UserFrame } from "./link.js";
import { LogSubscriber } from "./log.js";
import { MediaSubscriber } from "./media.js";
import { Operations } from "./operations.js";
import { type ClientLimits, type ClientOptions, defaultClientLimits, type Fresh, resolveNumbers } from "./options.js";
import { quietly } from "./quietly.js";
import { type CallHandler, Serving } from "./serving.js";
import { fresh, Session } from "./session.js";
import { SignalSubscriber } from "./signal.js";
import { StateSubscriber } from "./state.js";
import { type Subscriber, type SubscriberContext, wrongKind } from "./subscriber.js";

type AnySubscriber = LogSubscriber | StateSubscriber | SignalSubscriber | MediaSubscriber;

const subscribers = {
  log: LogSubscriber,
  state: StateSubscriber,
  signal: SignalSubscriber,
  media: MediaSubscriber,
} as const;

/**
 * Makes one.
 *
 * @param api undefined: channels and calls are what their names say
 * @throws RangeError for a number that is out of its range
 */
export function createRealtimeClient(
  parts: ClientParts,
  api: Contract | undefined,
  url: Fresh<string | URL>,
  options: ClientOptions,
): BaseClient {
  return new RealtimeClient(parts, api, url, options);
}

/** See the head of this file. */
class RealtimeClient extends Session implements BaseClient {
  readonly #api: Contract | undefined;
  readonly #options: ClientOptions;
  readonly #limits: ClientLimits;
  readonly #operations: Operations;
  readonly #serving: Serving;
  readonly #context: SubscriberContext;
  /** By name. */
  readonly #channels = new Map<string, AnySubscriber>();
  readonly #keyPrefix: string;
  #nextKey = 1;

  constructor(parts: ClientParts, api: Contract | undefined, url: Fresh<string | URL>, options: ClientOptions) {
    super(parts, url, options, options.clientId ?? randomId(parts));
    this.#api = api;
    this.#options = options;
    this.#limits = resolveNumbers(defaultClientLimits, options);
    // Never that of another client with the same id, for its keys would be ours.
    this.#keyPrefix = randomId(parts);
    this.#serving = new Serving((error, during) => this.reportError(error, during));
    const [codec = jsonCodec] = options.codecs ?? [];
    this.#operations = new Operations(
      parts.clock,
      this.#limits,
      (frame) => codec.encode(frame).length,
      () => this.current,
    );
    this.#context = {
      session: this,
      operations: this.#operations,
      limits: this.#limits,
      random: () => parts.random(),
      nextKey: () => this.#newKey(),
    };
    this.begin();
  }

  get pendingRequests(): number {
    return this.#operations.size;
  }

  get roundTripMs(): number | undefined {
    return this.offset.best?.roundTripMs;
  }

  serverTimeMs(): number | undefined {
    const best = this.offset.best;
    return best === undefined ? undefined : this.clock.now() + best.offsetMs;
  }

  async refreshToken(): Promise<void> {
    const token = await fresh(this.#options.token);
    // The next connection begins with a fresh one anyway.
    if (this.current === undefined) return;
    const { timeoutMs } = this.#limits;
    await this.#operations.run({ frame: (r) => ["token", r, token], isResent: false, timeoutMs });
  }

  protected override expiring(): void {
    this.refreshToken().catch((error: unknown) => this.reportError(error, "token"));
  }

  // Channels

  channel(name: string, options: ChannelOptions & { readonly kind?: ChannelKind } = {}): AnySubscriber {
    const known = this.#channels.get(name);
    const match = this.#api?.channelOf(name);
    if (this.#api !== undefined && match === undefined) {
      throw new RealtimeError("not-found", `no channel "${name}"`);
    }
    const declared: AnyChannel | undefined = match?.value;
    const kind = declared?.kind ?? options.kind ?? known?.kind ?? "log";
    if (known !== undefined && known.kind !== kind) {
      throw wrongKind(name, known.kind);
    }
    const channel = known ?? new subscribers[kind](name, match?.params ?? {}, this.#context);
    // Who asks for it once more without options wants it as it is.
    if (known === undefined || Object.keys(options).length > 0) channel.options = options;
    this.#channels.set(name, channel);
    return channel;
  }

  // Calls

  call(name: string, input?: unknown, options: CallRequestOptions = {}): Promise<unknown> {
    const isIdempotent = this.#api?.callOf(name)?.idempotent === true;
    const { timeoutMs } = this.#limits;
    const defaultKey = isIdempotent ? this.#newKey() : undefined;
    return quietly(makeCall({ operations: this.#operations, timeoutMs, defaultKey }, name, input, options));
  }

  stream(name: string, input?: unknown, options: StreamRequestOptions = {}): AsyncIterableIterator<unknown, undefined> {
    return makeStream(this.#operations, name, input, options);
  }

  handle(name: string, handler: CallHandler): () => void {
    return this.#serving.handle(name, handler);
  }

  #newKey(): string {
    // With a part of the client's own, so that it is none that the application has chosen.
    return `${this.#keyPrefix}.${this.#nextKey++}`;
  }

  // What the session tells

  protected override opened(): void {
    // Subscriptions first: what is published then comes back.
    for (const channel of this.#channels.values()) channel.opened();
    this.#operations.flush();
  }

  protected override lost(link: Link): void {
    this.#serving.lost(link);
    for (const channel of this.#channels.values()) channel.lost(link);
    this.#operations.lost(link);
  }

  override roomy(): void {
    this.#operations.flush();
  }

  protected override take(link: Link, frame: UserFrame): void {
    const [operation, n] = frame;
    if (operation === "call" || operation === "credit" || operation === "cancel") this.#serving.received(link, frame);
    // A number that is not known is one that was, or will be.
    else link.takers.get(n)?.take(link, frame);
  }

  protected override ended(): void {
    this.#operations.end();
    for (const channel of this.#channels.values()) (channel as Subscriber<unknown>).over();
  }

  async close(): Promise<ClientEnd> {
    this.end("closed");
    return await this.closed;
  }

  async [asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** About a hundred bits: nobody meets another's by chance. */
function randomId(parts: ClientParts): string {
  return `${parts.random().toString(32)}${parts.random().toString(32)}`.replaceAll("0.", "");
}
