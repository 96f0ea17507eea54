/**
 * The stores of a client: one for each channel, however many components show it.
 */
import type { BaseClient, ChannelOptions, Handle } from "../realtime/client/index.js";
import type { ChannelKind } from "../realtime/wire/index.js";
import type { StoreContext } from "./channel-store.js";
import { ConnectionStore } from "./connection-store.js";
import { MediaStore, SignalStore } from "./fleeting-stores.js";
import { LogStore } from "./log-store.js";
import { StateStore } from "./state-store.js";

/** A client of whatever contract, as far as stores need it. */
export interface AnyClient extends BaseClient {
  channel(name: string, options?: object): Handle<unknown>;
  call(name: string, input?: unknown, options?: object): Promise<unknown>;
  stream(name: string, input?: unknown, options?: object): AsyncIterableIterator<unknown, undefined>;
}

const kinds = { log: LogStore, state: StateStore, signal: SignalStore, media: MediaStore } as const;

/** A store of whatever kind. */
export type AnyStore = LogStore | StateStore | SignalStore | MediaStore;

/** See the head of this file. */
export class Stores implements StoreContext {
  readonly connection: ConnectionStore;
  readonly #client: AnyClient | undefined;
  /** Components hold their stores; what was rendered and never committed is gone with its components. */
  readonly #byName = new Map<string, WeakRef<AnyStore>>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#byName.get(name)?.deref() === undefined) this.#byName.delete(name);
  });
  readonly #kept = new Set<object>();

  constructor(client: AnyClient | undefined) {
    this.#client = client;
    this.connection = new ConnectionStore(client);
  }

  open(name: string, kind: ChannelKind, options?: ChannelOptions): Handle<unknown> | undefined {
    return this.#client?.channel(name, options === undefined ? { kind } : { ...options, kind });
  }

  keep(store: object, isKept: boolean): void {
    if (isKept) this.#kept.add(store);
    else this.#kept.delete(store);
  }

  /** @throws RealtimeError `not-found` for a name that the contract does not have, `wrong-kind` */
  of(name: string, kind: ChannelKind | undefined): AnyStore {
    const known = this.#byName.get(name)?.deref();
    if (known !== undefined && (kind === undefined || known.kind === kind)) return known;
    const store = new kinds[kind ?? this.#client?.channel(name).kind ?? "log"](this, name);
    this.#byName.set(name, new WeakRef(store));
    this.#gone.register(store, name);
    return store;
  }
}

const byClient = new WeakMap<AnyClient, Stores>();

/** The stores of a client. Without one, nothing ever comes. */
export function storesOf(client: AnyClient | undefined): Stores {
  if (client === undefined) return new Stores(undefined);
  const stores = byClient.get(client) ?? new Stores(client);
  byClient.set(client, stores);
  return stores;
}
