/**
 * The function that makes clients, out of the parts of a platform.
 */
import type { Contract, ContractDefinition } from "../contract/index.js";
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
  type Options = ClientOptions & ConnectOptions;
  const create = (
    first: Contract | Fresh<string | URL>,
    second?: Fresh<string | URL> | Options,
    third?: Options,
  ): BaseClient => {
    const api = isContract(first) ? first : undefined;
    const url = api === undefined ? first : second;
    const options = (api === undefined ? second : third) as Options | undefined;
    return createRealtimeClient(withOptions(parts, options), api, url as Fresh<string | URL>, options ?? {});
  };
  // The types of a contract's names and values are the compiler's alone.
  return create as unknown as CreateClient<ConnectOptions>;
}

/** What the platform's `connect` knows of the options beside ours. */
function withOptions<ConnectOptions extends object>(
  parts: ClientParts<ConnectOptions>,
  options: object = {},
): ClientParts {
  // What `connect` does not know does it no harm; what both know, the client sets.
  return { ...parts, connect: (url, ours) => parts.connect(url, { ...(options as ConnectOptions), ...ours }) };
}

function isContract(value: unknown): value is Contract {
  return typeof value === "object" && value !== null && "channelOf" in value;
}
