/**
 * The client: a session, the subscriptions over it, and the requests.
 */
import { asyncDispose } from "../../socket/async-dispose.js";
import type { AnyChannel, Contract } from "../contract/index.js";
import { type ErrorCode, RealtimeError } from "../wire/errors.js";
import type { CallFrame, CancelFrame, ChannelKind, CreditFrame } from "../wire/index.js";
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
import type { CallHandler, Serving } from "./serving.js";
import { fresh, Session } from "./session.js";
import { SignalSubscriber } from "./signal.js";
import { StateSubscriber } from "./state.js";
import { type Kept, type SubscriberContext, wrongKind } from "./subscriber.js";

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
class RealtimeClient extends Session implements BaseClient, SubscriberContext {
  readonly #api: Contract | undefined;
  readonly #options: ClientOptions;
  readonly limits: ClientLimits;
  readonly kept: Set<Kept> = new Set<Kept>();
  readonly operations: Operations;
  // After a reload, whoever says that it is the same client goes on with higher ones.
  groups = Date.now();
  readonly #handlers = new Map<string, CallHandler>();
  /** What handles calls of the server's; loaded when there is a handler, since few pages have one. */
  #serving: Promise<Serving> | undefined;
  /** By name, as long as somebody holds them: an application may visit any number of names. */
  readonly #channels = new Map<string, WeakRef<AnySubscriber>>();
  readonly #forgotten = new FinalizationRegistry<string>((name) => {
    // Another may have taken its place.
    if (this.#known(name) === undefined) this.#channels.delete(name);
  });
  readonly #keyPrefix: string;
  #nextKey = 1;

  constructor(parts: ClientParts, api: Contract | undefined, url: Fresh<string | URL>, options: ClientOptions) {
    super(parts, url, options, options.clientId ?? randomId(parts));
    this.#api = api;
    this.#options = options;
    this.limits = resolveNumbers(defaultClientLimits, options);
    // Never that of another client with the same id, for its keys would be ours.
    this.#keyPrefix = randomId(parts);
    const [codec = jsonCodec] = options.codecs ?? [];
    this.operations = new Operations(
      parts.clock,
      this.limits,
      (frame) => codec.encode(frame).length,
      () => this.current,
    );
    this.begin();
  }

  get pendingRequests(): number {
    return this.operations.size;
  }

  get transport(): BaseClient["transport"] {
    return this.current?.transport;
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
    await this.operations.run({ frame: (r) => ["token", r, token], isResent: false });
  }

  protected override expiring(): void {
    this.refreshToken().catch((error: unknown) => this.reportError(error, "token"));
  }

  // Channels

  #known(name: string): AnySubscriber | undefined {
    return this.#channels.get(name)?.deref();
  }

  channel(name: string, options: ChannelOptions & { readonly kind?: ChannelKind } = {}): AnySubscriber {
    const known = this.#known(name);
    const match = this.#api?.channelOf(name);
    if (this.#api !== undefined && match === undefined) {
      throw new RealtimeError("not-found", `no channel "${name}"`);
    }
    const declared: AnyChannel | undefined = match?.value;
    const kind = declared?.kind ?? options.kind ?? known?.kind ?? "log";
    if (known !== undefined && known.kind !== kind) {
      throw wrongKind(name, known.kind);
    }
    const channel = known ?? new subscribers[kind](name, match?.params ?? {}, this);
    // Who asks for it once more without options wants it as it is.
    if (known === undefined || Object.keys(options).length > 0) channel.options = options;
    if (known === undefined) {
      this.#channels.set(name, new WeakRef(channel));
      this.#forgotten.register(channel, name);
    }
    return channel;
  }

  // Calls

  call(name: string, input?: unknown, options: CallRequestOptions = {}): Promise<unknown> {
    const isIdempotent = this.#api?.callOf(name)?.idempotent === true;
    const { timeoutMs = this.limits.timeoutMs, idempotencyKey: key = isIdempotent ? this.nextKey() : undefined } =
      options;
    return makeCall(this.operations, name, input, key, { ...options, timeoutMs });
  }

  stream(name: string, input?: unknown, options: StreamRequestOptions = {}): AsyncIterableIterator<unknown, undefined> {
    return makeStream(this.operations, name, input, options);
  }

  handle(name: string, handler: CallHandler): () => void {
    const handlers = this.#handlers;
    if (handlers.has(name)) throw new TypeError(`${name} has a handler`);
    handlers.set(name, handler);
    void this.#load();
    return () => {
      if (handlers.get(name) === handler) handlers.delete(name);
    };
  }

  #load(): Promise<Serving> {
    this.#serving ??= quietly(
      import("./serving.js").then(
        ({ Serving: Loaded }) =>
          new Loaded(this.#handlers, RealtimeError, (error, name) => this.reportError(error, name)),
        (error: unknown) => {
          // The next call tries again.
          this.#serving = undefined;
          throw error;
        },
      ),
    );
    return this.#serving;
  }

  /** A frame about a call of the server's. All are handled in their order. */
  #serve(link: Link, frame: CallFrame | CreditFrame | CancelFrame): void {
    const refuse = (code: ErrorCode): void => {
      if (frame[0] === "call") link.refuse(frame[1], new RealtimeError(code));
    };
    if (this.#handlers.size === 0 && this.#serving === undefined) refuse("not-found");
    else {
      this.#load().then(
        (serving) => serving.received(link, frame),
        (error: unknown) => {
          this.reportError(error, "loading");
          refuse("internal");
        },
      );
    }
  }

  nextKey(): string {
    // With a part of the client's own, so that it is none that the application has chosen.
    return `${this.#keyPrefix}.${this.#nextKey++}`;
  }

  // What the session tells

  protected override opened(): void {
    // Subscriptions first: what is published then comes back.
    for (const channel of this.kept) channel.opened();
    this.operations.flush();
  }

  protected override lost(link: Link): void {
    for (const { abort } of link.handling.values()) abort.abort(new RealtimeError("connection-lost"));
    for (const channel of this.kept) channel.lost(link);
    this.operations.lost(link);
  }

  override roomy(): void {
    this.operations.flush();
  }

  protected override take(link: Link, frame: UserFrame): void {
    const [operation, n] = frame;
    if (operation === "call" || operation === "credit" || operation === "cancel") this.#serve(link, frame);
    // A number that is not known is one that was, or will be.
    else link.takers.get(n)?.take(link, frame);
  }

  protected override ended(): void {
    this.operations.end();
    for (const channel of this.kept) channel.over();
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
