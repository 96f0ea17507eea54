/**
 * "Establish a WebSocket connection" (WebSockets §2.2), as the client here does it.
 */
import type { Observer } from "../../socket/index.js";
import type { Platform } from "../../transport/index.js";
import { tellNotOpened } from "../not-opened.js";
import type { ClientOptions, EndpointMaker, OpenHooks } from "../open-client.js";
import { BlockedPortError, isBadPort } from "./blocked-ports.js";
import { Connecting } from "./connecting.js";
import { clientOrigin } from "./environment.js";
import type { WebSocketEndpointOwner } from "./web-socket-endpoint.js";
import { WebSocketEndpoint } from "./web-socket-endpoint.js";

/** Where `WebSocket` objects live: how they reach servers, and how their tasks run. */
export interface WebSocketEnvironment<Options extends ClientOptions> {
  readonly platform: Platform;
  /** Checks the options of how servers are reached. Throws a UsageError for those that make no sense. Default: nothing. */
  readonly check?: (options: Options) => void;
  /** As `openClient`. */
  readonly open: (url: URL, options: Options, hooks: OpenHooks) => Promise<unknown>;
  /** Who is told of connections that did not come about. */
  readonly observer: Observer | undefined;
  /**
   * "Queue a task" (HTML §8.1.7.2): runs each task after those before it, and after the promise continuations that
   * follow from them. A task may throw.
   */
  readonly queueTask: (task: () => void) => void;
}

/** What becomes of it. */
export interface EstablishOwner extends WebSocketEndpointOwner {
  /** The connection is there; its handlers are about to be called. */
  reached(endpoint: WebSocketEndpoint): void;
}

/** Establishes the connections of one class. */
export class Establisher<Options extends ClientOptions> {
  readonly #environment: WebSocketEnvironment<Options>;
  readonly #connecting = new Connecting();

  constructor(environment: WebSocketEnvironment<Options>) {
    this.#environment = environment;
  }

  /**
   * "Establish a WebSocket connection".
   *
   * @param url what `parseUrl` made; its credentials go into an `Authorization` header, as Fetch §4.6 has it
   * @param options everything else, the handlers included; `signal` gives up
   * @throws whatever stands behind it
   */
  async establish(
    url: URL,
    protocols: readonly string[],
    options: Options & { readonly signal: AbortSignal },
    owner: EstablishOwner,
  ): Promise<void> {
    const { open, observer } = this.#environment;
    const done = await this.#connecting.enter(url, options.signal);
    const makeEndpoint: EndpointMaker = (context, stream, details, href) => {
      done();
      const endpoint = new WebSocketEndpoint(context, stream, details, href, owner);
      owner.reached(endpoint);
      return endpoint;
    };
    try {
      // Fetch §4.1, main fetch: a bad port is a network error.
      if (isBadPort(url)) {
        const error = new BlockedPortError(Number(url.port));
        tellNotOpened(observer, error);
        throw error;
      }
      // §2.2: where some are asked for, it must choose one of them, or "fail the WebSocket connection".
      const hooks = { makeEndpoint, requiresProtocol: true };
      await open(url, { ...options, protocols, ...withOwnHeaders(options) }, hooks);
    } finally {
      done();
    }
  }
}

/** The headers that a page's request has by itself, where the application has not given others. */
function withOwnHeaders({ headers }: ClientOptions): Pick<ClientOptions, "headers"> {
  const own = new Headers(headers);
  // Fetch §3.2: "If request's ... mode is "websocket", then append (`Origin`, serializedOrigin)".
  const origin = clientOrigin();
  if (origin !== undefined && !own.has("Origin")) own.set("Origin", origin);
  return { headers: own };
}
