/**
 * The function that makes clients, out of the parts of a platform.
 */
import type { Contract, ContractDefinition } from "../contract/index.js";
import { choosing } from "./choosing.js";
import type { BaseClient, Client, UntypedClient } from "./client.js";
import type { ClientParts } from "./connection.js";
import type { ClientOptions, Fresh } from "./options.js";
import { createRealtimeClient } from "./realtime-client.js";

/** Makes clients, with a contract or without. */
export interface CreateClient<ConnectOptions extends object = object> {
  /**
   * Connects to a server of `openline/realtime`, and stays connected until `close`. The client is there at once: what is
   * asked of it before the first connection is open waits for it.
   *
   * @param api the contract: what `contract` returned, on the server's side, too
   * @param url where the server is, or a function that tells it for each attempt
   * @param options the token, when to connect again, limits; and what `connect` takes
   * @throws RangeError for a number that is out of its range
   */
  <Definition extends ContractDefinition>(
    api: Contract<Definition>,
    url: Fresh<string | URL>,
    options?: ClientOptions & ConnectOptions,
  ): Client<Definition>;
  /** The same without a contract: channels of whatever JSON there is, and calls by name. */
  (url: Fresh<string | URL>, options?: ClientOptions & ConnectOptions): UntypedClient;
}

/**
 * Makes the function that makes them.
 *
 * @param parts how the platform connects, time, chance
 */
export function createClientFactory<ConnectOptions extends object = object>(
  parts: ClientParts<ConnectOptions>,
): CreateClient<ConnectOptions> {
  const create = (first: Contract | Fresh<string | URL>, ...rest: readonly unknown[]): BaseClient => {
    const api = isContract(first) ? first : undefined;
    const [url, options = {}] = (api === undefined ? [first, ...rest] : rest) as [Fresh<string | URL>, ClientOptions?];
    // What `connect` does not know does it no harm; what both know, the client sets.
    const connect: ClientParts["connect"] = (address, ours) =>
      parts.connect(address, { ...(options as ConnectOptions), ...ours });
    const own: ClientParts = { ...parts, connect };
    return createRealtimeClient({ ...own, connect: choosing(own, options.fallback) }, api, url, options);
  };
  // The types of a contract's names and values are the compiler's alone.
  return create as unknown as CreateClient<ConnectOptions>;
}

function isContract(value: object | string): value is Contract {
  return (value as Partial<Contract>).channelOf !== undefined;
}
