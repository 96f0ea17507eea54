/**
 * A channel for all components that show it: one subscription, one snapshot.
 *
 * It subscribes at the end of the turn in which components were committed, when it is known what all of them want, and
 * unsubscribes a turn after the last one has left: a component that is mounted twice, or moves, does not subscribe again.
 */
import type { ChannelOptions, Handle } from "../realtime/client/index.js";
import type { ChannelKind } from "../realtime/wire/index.js";
import type { ConnectionStore } from "./connection-store.js";
import { PresenceStore } from "./presence-store.js";
import { Store } from "./store.js";

/**
 * "loading": nothing has come yet. "live": what is shown is what there is. "reconnecting": it was, and will be again.
 * "failed": the server has ended the subscription for good, see `error`. "closed": the client is closed.
 */
export type ChannelStatus = "loading" | "live" | "reconnecting" | "failed" | "closed";

/** What all kinds of channels show. */
export interface ChannelView {
  readonly status: ChannelStatus;
  /** With which the subscription has failed. */
  readonly error: unknown;
  /** Subscribes again after a failure. */
  readonly retry: () => void;
}

/** What components want of a channel. */
export interface Wants {
  readonly last?: number | undefined;
  readonly since?: ChannelOptions["since"];
  readonly maxUpdatesPerSecond?: number | undefined;
  readonly maxMessages?: number | undefined;
  /** Whether what is shown changes with each event. */
  readonly isShown?: boolean;
}

/** How it is subscribed. */
interface Running {
  readonly hasEvents: boolean;
  readonly hasPresence: boolean;
  readonly stop: () => void;
}

/** What stores need of their surroundings. */
export interface StoreContext {
  readonly connection: ConnectionStore;
  /** The client's channel; undefined without a client. */
  open(name: string, kind: ChannelKind, options?: ChannelOptions): Handle<unknown> | undefined;
  /** Keeps a store that has something nobody else knows, or lets it go. */
  keep(store: object, isKept: boolean): void;
}

/** See the head of this file. */
export abstract class ChannelStore<Event, Snapshot extends ChannelView> extends Store<Snapshot> {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly presence: PresenceStore;
  protected readonly context: StoreContext;
  readonly #wants = new Set<Wants>();
  readonly #hearers = new Set<(event: Event) => void>();
  #presenceWanted = 0;
  #running: Running | undefined;
  #isSyncDue = false;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;
  #isLive = false;
  #hasContent = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: StoreContext, name: string, kind: ChannelKind) {
    super();
    this.context = context;
    this.name = name;
    this.kind = kind;
    this.presence = new PresenceStore(() => this.#wantPresence());
  }

  // What the kinds know

  /** An event of the channel. */
  protected abstract received(event: Event): void;
  /** What is wanted of the channel now. */
  protected abstract options(wants: readonly Wants[]): ChannelOptions;
  /** The subscription begins; `wasIdle`: it is ours alone, with our options. */
  protected began(_handle: Handle<Event>, _wasIdle: boolean): void {
    // Most kinds begin with what comes.
  }
  /** The connection is open, or not any more. */
  protected connectionChanged(_isOpen: boolean): void {
    // Most kinds are told by what comes.
  }
  /** Nobody wants it any more. */
  protected abstract forgotten(): void;

  // Components

  /** A component shows it from now on. @returns what ends that */
  join(wants: Wants, listener: () => void): () => void {
    const own = { ...wants };
    this.#wants.add(own);
    const stop = this.listen(listener);
    this.#sync();
    return () => {
      stop();
      this.#wants.delete(own);
      this.#sync();
    };
  }

  /** A component hears of its events. */
  hear(hearer: (event: Event) => void): () => void {
    this.#hearers.add(hearer);
    return () => void this.#hearers.delete(hearer);
  }

  #wantPresence(): () => void {
    this.#presenceWanted++;
    this.#sync();
    return () => {
      this.#presenceWanted--;
      this.#sync();
    };
  }

  protected get wants(): readonly Wants[] {
    return [...this.#wants];
  }

  protected get isLive(): boolean {
    return this.#isLive;
  }

  protected get isRunning(): boolean {
    return this.#running?.hasEvents === true;
  }

  protected readonly retry = (): void => {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.changed();
    this.#sync();
  };

  /** What all kinds show. */
  protected get view(): ChannelView {
    return { status: this.#status, error: this.#failure?.error, retry: this.retry };
  }

  get #status(): ChannelStatus {
    if (this.#failure !== undefined) return "failed";
    if (this.context.connection.getSnapshot().state?.name === "closed") return "closed";
    if (this.#isLive) return "live";
    return this.#hasContent ? "reconnecting" : "loading";
  }

  // The subscription

  #sync(): void {
    if (this.#isSyncDue) return;
    this.#isSyncDue = true;
    queueMicrotask(() => {
      this.#isSyncDue = false;
      this.#settle();
    });
  }

  #settle(): void {
    const hasEvents = this.#wants.size > 0;
    const hasPresence = this.#presenceWanted > 0;
    clearTimeout(this.#stopTimer);
    if (!hasEvents && !hasPresence) {
      const isOver = this.#running === undefined && this.#failure === undefined;
      if (!isOver) this.#stopTimer = setTimeout(() => this.#stop(), 0);
      return;
    }
    const running = this.#running;
    if (this.#failure !== undefined) return;
    const isEnough =
      running !== undefined && (running.hasEvents || !hasEvents) && (running.hasPresence || !hasPresence);
    if (isEnough) return;
    running?.stop();
    this.#start(hasEvents || running?.hasEvents === true, hasPresence || running?.hasPresence === true);
  }

  #start(hasEvents: boolean, hasPresence: boolean): void {
    const { connection } = this.context;
    const known = this.context.open(this.name, this.kind) as Handle<Event> | undefined;
    if (known === undefined) return;
    // What others have subscribed to comes as they wanted it.
    const wasIdle = known.status === "idle";
    const options = { ...this.options(this.wants), ...(hasPresence && { presence: true }) };
    const handle = this.context.open(this.name, this.kind, options) as Handle<Event>;
    const stops = [connection.follow(() => this.#connectionChanged())];
    this.#running = { hasEvents, hasPresence, stop: () => stops.splice(0).forEach((stop) => stop()) };
    const failed = (error: unknown): void => this.#failed(error);
    if (hasEvents) stops.push(handle.listen((event) => this.#received(event), failed));
    if (hasPresence) stops.push(...this.presence.begin(handle));
    if (hasEvents) this.began(handle, wasIdle);
    this.#connectionChanged();
  }

  #received(event: Event): void {
    this.received(event);
    for (const hearer of this.#hearers) hearer(event);
  }

  #connectionChanged(): void {
    // What is shown of it is made anew.
    this.changed();
    const { isOpen } = this.context.connection;
    if (!isOpen) this.#isLive = false;
    this.connectionChanged(isOpen);
  }

  #failed(error: unknown): void {
    this.#running?.stop();
    this.#running = undefined;
    this.#isLive = false;
    this.#failure = { error };
    this.changed();
  }

  #stop(): void {
    this.#running?.stop();
    this.#running = undefined;
    this.#isLive = false;
    this.#hasContent = false;
    this.#failure = undefined;
    this.changed();
    this.presence.forgotten();
    this.forgotten();
  }

  /** All that was kept has come. */
  protected live(): void {
    this.changed();
    this.#isLive = true;
    this.#hasContent = true;
  }
}
