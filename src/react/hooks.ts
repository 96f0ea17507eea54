/**
 * The hooks of a contract or a client.
 */
import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { Client, UntypedClient } from "../realtime/client/index.js";
import type { Contract, ContractDefinition } from "../realtime/contract/index.js";
import type { ChannelKind } from "../realtime/wire/index.js";
import { type AnyClient, type Stores, storesOf } from "./stores.js";
import type { AnyHooks, Hooks, UntypedHooks } from "./types.js";
import { useCallOf, useStreamOf } from "./use-call.js";
import { useChannelOf, useKeysOf, usePresenceOf, useValueOf } from "./use-channel.js";

/**
 * Makes hooks whose names, parameters and kinds are those of a contract. Components get their client from the
 * `OpenlineProvider` around them; hooks that were made for a client need none.
 *
 * ```tsx
 * export const { OpenlineProvider, useChannel, useCall } = createHooks(api);
 * ```
 *
 * @param source what `contract` returned, or a client
 */
export function createHooks<Definition extends ContractDefinition>(
  source: Contract<Definition> | Client<Definition>,
): Hooks<Definition>;
/** The same without a contract: a channel is a log where its options do not say another `kind`. */
export function createHooks(client?: UntypedClient): UntypedHooks;
/** All of them. */
export function createHooks(source: object = {}): unknown {
  const api = "channelOf" in source ? (source as Contract) : undefined;
  const given = "channel" in source ? (source as AnyClient) : undefined;
  const Context = createContext<Stores>(storesOf(given));
  const ClientContext = createContext<AnyClient | undefined>(given);

  const kindOf = (name: string): ChannelKind | undefined => api?.channelOf(name)?.value.kind;
  const useStores = (): Stores => useContext(Context);
  const useClient = (): AnyClient | undefined => useContext(ClientContext);

  const hooks: AnyHooks = {
    OpenlineProvider: ({ client, connect, children }) => {
      const present = useConnected(client, connect);
      const stores = useMemo(() => storesOf(present), [present]);
      const inner = createElement(Context.Provider, { value: stores }, children);
      return createElement(ClientContext.Provider, { value: present }, inner);
    },
    useClient,
    useConnection: () => {
      const { connection } = useStores();
      return useSyncExternalStore(connection.subscribe, connection.getSnapshot, connection.getServerSnapshot);
    },
    useChannel: (name, options = {}) => useChannelOf(useStores(), name, kindOf(name) ?? options.kind, options),
    useValue: (name, key, options = {}) => useValueOf(useStores(), name, key, options),
    useKeys: (name, options = {}) => useKeysOf(useStores(), name, options),
    usePresence: (name, options = {}) => usePresenceOf(useStores(), name, kindOf(name) ?? options.kind),
    useCall: (name) => useCallOf(useClient(), name),
    useStream: (name, options) => useStreamOf(useClient(), name, options),
  };
  return hooks;
}

/**
 * The client to use: the one that is given, or one that is made when the component is there, and closed when it goes. A turn
 * later, so that a component which is mounted twice keeps it.
 */
function useConnected(client: AnyClient | undefined, connect: (() => AnyClient) | undefined): AnyClient | undefined {
  const [own, setOwn] = useState<AnyClient>();
  const made = useRef<{ readonly client: AnyClient; closing?: ReturnType<typeof setTimeout> | undefined }>(undefined);
  const isOurs = client === undefined && connect !== undefined;
  useEffect(() => {
    if (!isOurs) return undefined;
    const current = (made.current ??= { client: connect() });
    clearTimeout(current.closing);
    setOwn(current.client);
    return () => {
      current.closing = setTimeout(() => {
        if (made.current === current) made.current = undefined;
        void current.client.close();
      }, 0);
    };
    // Another function is no reason for another connection.
  }, [isOurs]);
  return client ?? (isOurs ? own : undefined);
}
