/**
 * A state as components show it: the whole map, or single keys of it.
 */
import type {
  ChannelOptions,
  DeleteRequestOptions,
  Handle,
  SetRequestOptions,
  StateEvent,
  StateHandle,
} from "../realtime/client/index.js";
import type { RevisionReply } from "../realtime/wire/index.js";
import { ChannelStore, type ChannelView, type StoreContext, type Wants } from "./channel-store.js";

/** What `useChannel` returns for a state. */
export interface StateView<Received = unknown, Sent = Received> extends ChannelView {
  readonly kind: "state";
  /** The values. A new map with each change. */
  readonly values: ReadonlyMap<string, Received>;
  /** Sets a key, as `set` of the client's channel. Nobody has to handle a rejection. */
  readonly set: (key: string, value: Sent, options?: SetRequestOptions) => Promise<RevisionReply>;
  /** Deletes a key, likewise. */
  readonly delete: (key: string, options?: DeleteRequestOptions) => Promise<RevisionReply>;
  /** The revision of a key, for `if`. */
  readonly revision: (key: string) => string | undefined;
}

/** See the head of this file. */
export class StateStore extends ChannelStore<StateEvent<unknown>, StateView> {
  /** What components show. It changes when they are told. */
  readonly #values = new Map<string, unknown>();
  readonly #due = new Map<string, { readonly value: unknown } | undefined>();
  readonly #byKey = new Map<string, Set<() => void>>();
  readonly #ofKeys = new Set<() => void>();
  #shownValues: ReadonlyMap<string, unknown> | undefined;
  #keys: readonly string[] | undefined;

  constructor(context: StoreContext, name: string) {
    super(context, name, "state");
  }

  protected override make(): StateView {
    this.#shownValues ??= new Map(this.#values);
    return {
      ...this.view,
      kind: "state",
      values: this.#shownValues,
      set: this.#set,
      delete: this.#delete,
      revision: this.#revision,
    };
  }

  get #handle(): StateHandle | undefined {
    return this.context.open(this.name, "state") as StateHandle | undefined;
  }

  // Parts of it

  /** As `join`, for one key. */
  joinKey(wants: Wants, key: string, listener: () => void): () => void {
    const listeners = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, listeners);
    listeners.add(listener);
    const leave = this.join({ ...wants, isShown: false }, () => undefined);
    return () => {
      leave();
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byKey.get(key) === listeners) this.#byKey.delete(key);
    };
  }

  /** As `join`, for which keys there are. */
  joinKeys(wants: Wants, listener: () => void): () => void {
    this.#ofKeys.add(listener);
    const leave = this.join({ ...wants, isShown: false }, () => undefined);
    return () => {
      leave();
      this.#ofKeys.delete(listener);
    };
  }

  value(key: string): unknown {
    return this.#values.get(key);
  }

  keys(): readonly string[] {
    return (this.#keys ??= [...this.#values.keys()]);
  }

  // The subscription

  protected override options(wants: readonly Wants[]): ChannelOptions {
    const maxUpdatesPerSecond = Math.max(...wants.map(({ maxUpdatesPerSecond: rate = 0 }) => rate));
    return maxUpdatesPerSecond > 0 ? { maxUpdatesPerSecond } : {};
  }

  protected override began(handle: Handle<StateEvent<unknown>>): void {
    // It may be known from before; of it nothing is told again.
    const { values, position } = handle as StateHandle;
    if (position === undefined) return;
    this.#replace(values);
    if (handle.status === "subscribed") this.live();
  }

  protected override received({ set, deleted }: StateEvent<unknown>): void {
    this.live();
    for (const key of deleted) this.#due.set(key, undefined);
    for (const [key, value] of set) this.#due.set(key, { value });
  }

  protected override forgotten(): void {
    this.#replace(new Map());
  }

  #replace(values: ReadonlyMap<string, unknown>): void {
    this.changed();
    for (const key of this.#values.keys()) if (!values.has(key)) this.#due.set(key, undefined);
    for (const [key, value] of values) this.#due.set(key, { value });
  }

  protected override flush(): void {
    const changed = [...this.#due];
    this.#due.clear();
    if (changed.length > 0) this.#shownValues = undefined;
    let areKeysOther = false;
    for (const [key, entry] of changed) {
      areKeysOther ||= this.#values.has(key) !== (entry !== undefined);
      if (entry === undefined) this.#values.delete(key);
      else this.#values.set(key, entry.value);
    }
    if (areKeysOther) this.#keys = undefined;
    // A map is copied for those alone who show all of it.
    if (this.wants.some(({ isShown = true }) => isShown)) super.flush();
    else this.forgetSnapshot();
    for (const [key] of changed) for (const listener of this.#byKey.get(key) ?? []) listener();
    if (areKeysOther) for (const listener of this.#ofKeys) listener();
  }

  // Requests

  readonly #set = (key: string, value: unknown, options?: SetRequestOptions): Promise<RevisionReply> =>
    quiet(this.#handle?.set(key, value, options));

  readonly #delete = (key: string, options?: DeleteRequestOptions): Promise<RevisionReply> =>
    quiet(this.#handle?.delete(key, options));

  readonly #revision = (key: string): string | undefined => this.#handle?.revision(key);
}

async function request<Reply>(reply: Promise<Reply> | undefined): Promise<Reply> {
  if (reply === undefined) throw new Error("there is no client yet");
  return await reply;
}

/** Nobody has to handle what it comes to. */
export function quiet<Reply>(reply: Promise<Reply> | undefined): Promise<Reply> {
  const own = request(reply);
  own.catch(() => undefined);
  return own;
}
