/**
 * A server's socket: a socket that can subscribe to the server's topics.
 */
import type { Socket, SocketContext, SocketDetails } from "../socket/index.js";
import { Endpoint } from "../socket/index.js";
import type { ByteStream } from "../transport/index.js";
import type { Topics } from "./topics.js";

/** The server, as far as its sockets need it. */
export interface ServerSocketOwner<Data> {
  readonly topics: Topics<ServerEndpoint<Data>>;
  /** The connection is gone. */
  ended(endpoint: ServerEndpoint<Data>, hasUnread: boolean): void;
}

/** One connection of a server's. */
export interface ServerSocket<Data = undefined> extends Socket<Data> {
  /** The topics it subscribes to. */
  readonly topics: ReadonlySet<string>;
  /**
   * Subscribes to a topic of this server: what `server.publish` sends there from now on reaches this socket, in order
   * with everything else that is sent on it. The subscription ends with the connection.
   *
   * @returns whether that is new; false, too, once the connection is over
   * @throws UsageError `too-many-topics` beyond `maxTopicsPerSocket`, `topic-too-long` beyond `maxTopicLength`,
   *   `invalid-argument`
   */
  subscribe(topic: string): boolean;
  /** Ends a subscription. Returns whether there was one. */
  unsubscribe(topic: string): boolean;
}

/** See the head of this file. */
export class ServerEndpoint<Data> extends Endpoint<Data> implements ServerSocket<Data> {
  readonly #owner: ServerSocketOwner<Data>;
  readonly #remoteAddress: string | undefined;

  /** @param remoteAddress the client's, which is not the stream's where a proxy stands between */
  constructor(
    context: SocketContext<Data>,
    stream: ByteStream,
    details: SocketDetails<Data>,
    owner: ServerSocketOwner<Data>,
    remoteAddress: string | undefined,
  ) {
    super(context, stream, details);
    this.#owner = owner;
    this.#remoteAddress = remoteAddress;
  }

  override get remoteAddress(): string | undefined {
    return this.#remoteAddress;
  }

  get topics(): ReadonlySet<string> {
    return this.#owner.topics.topicsOf(this);
  }

  subscribe(topic: string): boolean {
    // Who is gone would never leave again.
    return this.readyState !== "closed" && this.#owner.topics.subscribe(this, topic);
  }

  protected override connectionEnded(hasUnread: boolean): void {
    this.#owner.ended(this, hasUnread);
  }

  unsubscribe(topic: string): boolean {
    return this.#owner.topics.unsubscribe(this, topic);
  }
}
