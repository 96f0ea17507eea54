/**
 * openline/realtime/tabs: a client whose connection all tabs of a page's origin share.
 */
import type { BaseClient } from "../client.js";
import { type CreateClient, createClientFactory } from "../create-client.js";
import type { SharedClientOptions } from "../options.js";
import { type Locks, Tab, type TabsPlatform } from "../tabs/index.js";
import { webParts } from "./parts.js";

/** The parts of a browser that not every place in it has: locks want a page that came by HTTPS. */
type Place = Partial<Pick<typeof globalThis, "BroadcastChannel">> & {
  readonly navigator?: { readonly locks?: Locks };
};

function platformHere(): TabsPlatform | undefined {
  const { navigator, BroadcastChannel }: Place = globalThis;
  const locks = navigator?.locks;
  if (locks === undefined || BroadcastChannel === undefined) return undefined;
  return {
    ...webParts,
    locks,
    randomId: () => crypto.randomUUID(),
    openChannel(name, received) {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }: MessageEvent<unknown>) => received(data);
      return { post: (message) => channel.postMessage(message), close: () => channel.close() };
    },
  };
}

/** Tabs share by the address, without what may be another each time: a ticket in its query. */
function nameOf(url: string | URL): string {
  const page = globalThis.location as Location | undefined;
  try {
    const { origin, pathname } = new URL(url, page?.href);
    return origin.replace(/^http/, "ws") + pathname;
  } catch {
    // Whoever connects says so.
    return String(url);
  }
}

/**
 * Connects as `createClient` does, and takes what it takes; but all tabs of the page's origin that connect to the same address
 * do so over one connection, which one of them has for all. When that one is closed, another has it.
 *
 * ```ts
 * const client = createSharedClient(api, "wss://example.com/realtime", { token: async () => await fetchToken() });
 * ```
 */
export const createSharedClient: CreateClient<SharedClientOptions> = ((...given: readonly unknown[]): BaseClient => {
  const platform = platformHere();
  let tab: Tab | undefined;
  let wakeTab = (): void => undefined;
  const create = createClientFactory<SharedClientOptions>({
    ...webParts,
    connect(url, options) {
      if (platform === undefined) return webParts.connect(url, options);
      const { shareName = nameOf(url) } = options;
      if (tab?.name !== shareName) {
        tab?.leave();
        tab = new Tab(platform, shareName, () => wakeTab());
      }
      return tab.connect(url, options);
    },
    wakeUps(wake) {
      wakeTab = wake;
      return webParts.wakeUps(wake);
    },
  });
  const client = (create as (...args: readonly unknown[]) => BaseClient)(...given);
  void client.closed.then(() => tab?.leave());
  return client;
}) as unknown as CreateClient<SharedClientOptions>;
