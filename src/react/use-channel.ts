/**
 * Channels in components.
 */
import { useCallback, useEffect, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ChannelKind } from "../realtime/wire/index.js";
import type { Wants } from "./channel-store.js";
import type { PresenceView } from "./presence-store.js";
import type { StateStore } from "./state-store.js";
import type { AnyStore, Stores } from "./stores.js";

/** What can be said of a channel of any kind; what does not belong to its kind means nothing. */
export interface AnyChannelOptions extends Omit<Wants, "isShown"> {
  readonly onEvent?: ((event: never) => void) | undefined;
}

function useStore(stores: Stores, name: string, kind: ChannelKind | undefined): AnyStore {
  return useMemo(() => stores.of(name, kind), [stores, name, kind]);
}

/** How a component joins, as long as what it wants is the same. */
function useJoin<Arguments extends readonly unknown[]>(
  join: (wants: Wants, ...rest: Arguments) => () => void,
  wants: Wants,
): (...rest: Arguments) => () => void {
  const { last, since, maxMessages, maxUpdatesPerSecond, isShown = true } = wants;
  const { epoch, position } = since ?? {};
  return useCallback(
    (...rest) => {
      const whence = epoch === undefined || position === undefined ? undefined : { epoch, position };
      return join({ last, since: whence, maxMessages, maxUpdatesPerSecond, isShown }, ...rest);
    },
    [join, last, epoch, position, maxMessages, maxUpdatesPerSecond, isShown],
  );
}

/** See the head of this file. */
export function useChannelOf(
  stores: Stores,
  name: string,
  kind: ChannelKind | undefined,
  { onEvent, ...wants }: AnyChannelOptions,
): unknown {
  const store = useStore(stores, name, kind);
  // The handler of the last commit, and not that of a rendering which may come to nothing.
  const handler = useRef(onEvent);
  useInsertionEffect(() => {
    handler.current = onEvent;
  });
  const hasHandler = onEvent !== undefined;
  useEffect(() => {
    if (!hasHandler) return undefined;
    return hearing(store)((event) => handler.current?.(event));
  }, [store, hasHandler]);
  const join = useCallback((own: Wants, listener: () => void) => store.join(own, listener), [store]);
  const subscribe = useJoin(join, { ...wants, isShown: !hasHandler });
  return useSyncExternalStore<unknown>(subscribe, store.getSnapshot, store.getServerSnapshot);
}

/** Which events there are is a matter of the channel's kind, which whoever wrote the handler knows. */
function hearing(store: AnyStore): (hearer: (event: never) => void) => () => void {
  return (hearer) => store.hear(hearer as (event: unknown) => void);
}

/** One key of a state. */
export function useValueOf(stores: Stores, name: string, key: string, wants: Wants): unknown {
  const store = useStore(stores, name, "state") as StateStore;
  const join = useCallback((own: Wants, listener: () => void) => store.joinKey(own, key, listener), [store, key]);
  const value = useCallback(() => store.value(key), [store, key]);
  return useSyncExternalStore(useJoin(join, wants), value, nothing);
}

/** Which keys a state has. */
export function useKeysOf(stores: Stores, name: string, wants: Wants): readonly string[] {
  const store = useStore(stores, name, "state") as StateStore;
  const join = useCallback((own: Wants, listener: () => void) => store.joinKeys(own, listener), [store]);
  const keys = useCallback(() => store.keys(), [store]);
  return useSyncExternalStore(useJoin(join, wants), keys, noKeys);
}

const nothing = (): undefined => undefined;
const none: readonly string[] = [];
const noKeys = (): readonly string[] => none;

/** Who is in a channel. */
export function usePresenceOf(stores: Stores, name: string, kind: ChannelKind | undefined): PresenceView {
  const { presence } = useStore(stores, name, kind);
  return useSyncExternalStore(presence.subscribe, presence.getSnapshot, presence.getServerSnapshot);
}
