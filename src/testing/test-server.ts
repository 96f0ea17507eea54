/**
 * A server and its clients for an application's own tests: the real ones, joined in memory, in time that passes when the
 * test says so. No port, no network, no waiting.
 */
import type { ClientOptions, ClientSocket } from "../client/index.js";
import { openClient } from "../client/index.js";
import { UsageError } from "../protocol/index.js";
import type { ReconnectingOptions, ReconnectingSocket } from "../reconnect/index.js";
import { AttemptTimeoutError, createReconnecting, ReconnectEndedError, refusalOf } from "../reconnect/index.js";
import type {
  DrainOptions,
  DrainReport,
  PublishOptions,
  PublishResult,
  ServerOptions,
  ServerSocket,
} from "../server/index.js";
import { ServerCore } from "../server/index.js";
import type { PreparedMessage, SendData, Socket } from "../socket/index.js";
import type { Platform } from "../transport/index.js";
import { FakeClock } from "./fake-clock.js";
import { HeadReader } from "./http-head.js";
import type { Link, LinkOptions } from "./link.js";
import { SeededRandom } from "./seeded-random.js";
import { SimulatedLink } from "./simulated-network.js";
import { dialOver } from "./test-dialer.js";
import { createTestPlatform } from "./test-platform.js";

/** What can be set about a server for tests, beside all that can be set about a server. */
export interface TestServerOptions<Data = undefined> extends ServerOptions<Data> {
  /** Where everything comes from that happens by chance. Default: one drawn by chance, see `TestServer.seed`. */
  readonly seed?: number;
  /** The time. Default: a clock of its own, at 0. */
  readonly clock?: FakeClock;
  /** What links are like whose client does not say. Default: octets arrive at once, in the pieces they were sent in. */
  readonly link?: LinkOptions;
  /** Whether clients reach it by `wss:`, as far as `accept` can tell. Nothing is encrypted. Default false. */
  readonly secure?: boolean;
}

/** What can be set about a client for tests, beside all that can be set about a client. */
export interface TestConnectOptions extends ClientOptions {
  /** What is asked for: a path, and perhaps a query. Default "/". */
  readonly target?: string;
  /** What this client's link is like. Default: as the server says. */
  readonly link?: LinkOptions;
  /** What the server sees as this client's network address. Default "memory". */
  readonly remoteAddress?: string;
}

/** What can be set about a client for tests that reconnects. */
export type TestReconnectingOptions = ReconnectingOptions<TestConnectOptions, ClientSocket>;

/** A server for tests. Iterating over it yields its sockets, where neither `open` nor `message` is given. */
export interface TestServer<Data = undefined> extends AsyncIterable<ServerSocket<Data>>, AsyncDisposable {
  /** The time of this server and its clients. */
  readonly clock: FakeClock;
  /** Give it as the option `seed`, and everything happens once more in the same way. */
  readonly seed: number;
  /** The URL that clients are told they reach. */
  readonly url: string;
  /** The connections that are open or closing. */
  readonly sockets: ReadonlySet<ServerSocket<Data>>;
  /** The links that are not over, the oldest first. */
  readonly links: ReadonlySet<Link>;
  /**
   * Connects a client, with the whole opening handshake. Time passes meanwhile, as far as the link needs it.
   *
   * @returns the client's socket, open
   * @throws what `connect` of "openline" throws
   */
  connect(options?: TestConnectOptions): Promise<ClientSocket>;
  /**
   * A client that connects again whenever its connection is lost, as `reconnecting` of "openline". Time passes when it is
   * told to: `clock.advance`. Its links are those of `socket.current`, see `linkOf`.
   *
   * @throws UsageError for options that make no sense
   */
  reconnecting(options?: TestReconnectingOptions): ReconnectingSocket<ClientSocket>;
  /**
   * The link of a client's socket.
   *
   * @throws RangeError for a socket that `connect` has not returned
   */
  linkOf(socket: Socket): Link;
  /** As `server.publish`. */
  publish(topic: string, data: SendData | PreparedMessage, options?: PublishOptions<ServerSocket<Data>>): PublishResult;
  /** As `server.subscriberCount`. */
  subscriberCount(topic: string): number;
  /** As `server.close`. Time passes until every connection is gone, `closeTimeoutMs` at most. */
  close(code?: number, reason?: string): Promise<void>;
  /** As `server.drain`. Time passes until every connection is gone, `deadlineMs` at most. */
  drain(options?: DrainOptions): Promise<DrainReport>;
}

/**
 * Makes a server for tests.
 *
 * ```ts
 * const server = createTestServer({ message: (socket, message) => socket.send(message) });
 * const socket = await server.connect();
 * ```
 *
 * @param options handlers, `accept` and limits as for `serve`, and what the network is like
 * @throws UsageError for options that make no sense
 */
export function createTestServer<Data = undefined>(options: TestServerOptions<Data> = {}): TestServer<Data> {
  const random = new SeededRandom(options.seed);
  const clock = options.clock ?? new FakeClock();
  return new MemoryServer<Data>(options, clock, random, createTestPlatform(clock, random));
}

/** The same on a platform of one's own. */
export class MemoryServer<Data> implements TestServer<Data> {
  readonly clock: FakeClock;
  readonly seed: number;
  readonly url: string;
  readonly #core: ServerCore<Data>;
  readonly #platform: Platform;
  readonly #random: SeededRandom;
  readonly #options: TestServerOptions<Data>;
  readonly #links = new Set<SimulatedLink>();
  /** Those that have not sent the head of their request. */
  readonly #visitors = new Set<SimulatedLink>();
  readonly #linkOf = new WeakMap<Socket, SimulatedLink>();
  #draining: Promise<DrainReport> | undefined;

  constructor(options: TestServerOptions<Data>, clock: FakeClock, random: SeededRandom, platform: Platform) {
    this.clock = clock;
    this.seed = random.seed;
    this.url = `${options.secure === true ? "wss" : "ws"}://server.test`;
    this.#options = options;
    this.#platform = platform;
    this.#random = random;
    this.#core = new ServerCore(options, platform);
  }

  get sockets(): ReadonlySet<ServerSocket<Data>> {
    return this.#core.sockets;
  }

  get links(): ReadonlySet<SimulatedLink> {
    return this.#links;
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerSocket<Data>, undefined> {
    return this.#core[Symbol.asyncIterator]();
  }

  async connect(options: TestConnectOptions = {}): Promise<ClientSocket> {
    const opening = this.open(options);
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    opening.then(settled, settled);
    await this.clock.runUntil(() => isSettled);
    return opening;
  }

  /** As `connect`, but no time passes by itself. */
  async open(options: TestConnectOptions): Promise<ClientSocket> {
    const { target = "/", link: conditions = this.#options.link, remoteAddress = "memory" } = options;
    // Each redirect that is followed is a connection of its own, and the last one is the socket's.
    const used: SimulatedLink[] = [];
    const socket = await openClient(this.url + target, options, this.#platform, (_address, request, dialOptions) => {
      const link = new SimulatedLink(this.clock, this.#random.fork(), conditions ?? {}, remoteAddress, (ended) => {
        this.#links.delete(ended);
      });
      used.push(link);
      this.#links.add(link);
      this.#welcome(link);
      return dialOver(link.client, request, dialOptions);
    });
    this.#linkOf.set(socket, used.at(-1) as SimulatedLink);
    return socket;
  }

  reconnecting(options?: TestReconnectingOptions): ReconnectingSocket<ClientSocket> {
    const random = this.#random.fork();
    const create = createReconnecting<TestConnectOptions, ClientSocket>({
      connect: (_url, connectOptions) => this.open(connectOptions),
      clock: this.clock,
      random: () => random.next(),
      refusalOf: (error) => refusalOf(error, this.clock.now()),
      reportError: (error, during) => this.#platform.reportError(error, during),
      misuse: (code, observed, limit, hint) => new UsageError(code, observed, limit, hint),
      ended: (report) => new ReconnectEndedError(report),
      timedOut: (limitMs) => new AttemptTimeoutError(limitMs),
    });
    return create(this.url, options);
  }

  /** Reads the request of a client that has come. */
  #welcome(link: SimulatedLink): void {
    const stream = link.server;
    if (this.#core.isClosing) {
      // As on a port on which nobody listens any more.
      stream.destroy();
      return;
    }
    this.#visitors.add(link);
    const { handshakeTimeoutMs } = this.#core.options;
    const timer = this.#platform.deadlines.setTimer(() => {
      this.#visitors.delete(link);
      this.#core.refuseSlowRequest(stream);
    }, handshakeTimeoutMs);
    const left = (): void => {
      timer.cancel();
      this.#visitors.delete(link);
    };
    new HeadReader(stream, {
      headReceived: ({ startLine, rawHeaders }, rest) => {
        left();
        const [method = "", target = "", version = ""] = startLine.split(" ");
        stream.unread(rest);
        const head = { method, target, httpVersion: version.slice("HTTP/".length), rawHeaders };
        this.#core.upgrade(head, stream, this.#options.secure === true);
      },
      ended: () => {
        left();
        stream.destroy();
      },
    });
  }

  linkOf(socket: Socket): SimulatedLink {
    const link = this.#linkOf.get(socket);
    if (link === undefined) throw new RangeError("this server's connect has not returned that socket");
    return link;
  }

  publish(
    topic: string,
    data: SendData | PreparedMessage,
    options?: PublishOptions<ServerSocket<Data>>,
  ): PublishResult {
    return this.#core.topics.publish(topic, data, options);
  }

  subscriberCount(topic: string): number {
    return this.#core.topics.subscriberCount(topic);
  }

  async close(code: number = 1001, reason: string = ""): Promise<void> {
    await this.#end(this.#core.close(code, reason));
  }

  async drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#end(this.#core.drain(options).finish());
    return await this.#draining;
  }

  /** Sends away who has not asked for anything yet, and lets time pass until everybody is gone. */
  async #end<Result>(ending: Promise<Result>): Promise<Result> {
    for (const { server } of this.#visitors) server.destroy();
    let isOver = false;
    void ending.then(() => {
      isOver = true;
    });
    // As long as it takes: each connection has its deadline, which may be late.
    await this.clock.runUntil(() => isOver, Number.MAX_SAFE_INTEGER);
    const result = await ending;
    // The clients hear of it, unless they have been cut off.
    await this.clock.runUntil(() => this.#links.size === 0, this.#core.options.closeTimeoutMs);
    await this.clock.settle();
    return result;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
