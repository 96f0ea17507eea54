/**
 * Sockets over an in-memory pair, with a clock that stands still: one against a peer that speaks frames by hand, or two
 * against each other.
 */

import type { ExtensionChain } from "#src/protocol/index.js";
import type { SocketContext, SocketDetails, SocketHandlers, SocketOptions } from "#src/socket/index.js";
import { createSocketContext, Endpoint, resolveSocketOptions } from "#src/socket/index.js";
import type { ByteStream, MemoryPairOptions } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "./counting-stream.js";
import type { FakePlatform } from "./fake-platform.js";
import { createFakePlatform } from "./fake-platform.js";
import { RawPeer } from "./raw-peer.js";
import { TaskQueue } from "./task-queue.js";

export type Role = "server" | "client";

export interface EndpointSetup extends SocketOptions, SocketHandlers {
  /** The extensions that its handshake has settled on. */
  readonly chain?: ExtensionChain | undefined;
  /** Told when the socket is over. */
  readonly ended?: () => void;
}

export interface Meeting {
  readonly socket: Endpoint<undefined>;
  readonly stream: CountingStream;
  readonly platform: FakePlatform;
  readonly tasks: TaskQueue;
  /** Resolves when nothing is under way between the two. */
  readonly idle: () => Promise<void>;
}

export interface PeerMeeting extends Meeting {
  readonly peer: RawPeer;
}

/** A socket that was opened against a peer that speaks frames by hand. */
export function meetRawPeer(
  role: Role,
  setup: EndpointSetup = {},
  memory: Partial<MemoryPairOptions> & { readonly retainsWrites?: boolean } = {},
): PeerMeeting {
  const tasks = new TaskQueue();
  const platform = createFakePlatform();
  const [ours, theirs] = createMemoryPair({ defer: tasks.defer, ...memory });
  const stream = new CountingStream(ours, memory.retainsWrites);
  const peer = new RawPeer(theirs, role === "server" ? "client" : "server");
  const socket = createEndpoint(role, stream, platform, setup);
  socket.open();
  return { socket, stream, platform, tasks, peer, idle: () => tasks.idle() };
}

/** Two sockets that were opened against each other, on one platform. */
export function meetEachOther(
  setups: { readonly server?: EndpointSetup; readonly client?: EndpointSetup },
  memory: Partial<MemoryPairOptions> = {},
): {
  readonly server: Endpoint<undefined>;
  readonly client: Endpoint<undefined>;
  readonly platform: FakePlatform;
  readonly idle: () => Promise<void>;
} {
  const tasks = new TaskQueue();
  const platform = createFakePlatform();
  const [serverStream, clientStream] = createMemoryPair({ defer: tasks.defer, ...memory });
  const server = createEndpoint("server", serverStream, platform, setups.server ?? {});
  const client = createEndpoint("client", clientStream, platform, setups.client ?? {});
  server.open();
  client.open();
  return { server, client, platform, idle: () => tasks.idle() };
}

/** A socket that is yet to be opened. */
export function createEndpoint(
  role: Role,
  stream: ByteStream,
  platform: FakePlatform,
  setup: EndpointSetup = {},
): Endpoint<undefined> {
  const options = resolveSocketOptions(setup);
  const context = createSocketContext(role, platform, options, setup);
  return new WatchedEndpoint(context, stream, { protocol: "", data: undefined, chain: setup.chain }, setup);
}

class WatchedEndpoint extends Endpoint<undefined> {
  readonly #setup: EndpointSetup;

  constructor(
    context: SocketContext<undefined>,
    stream: ByteStream,
    details: SocketDetails<undefined>,
    setup: EndpointSetup,
  ) {
    super(context, stream, details);
    this.#setup = setup;
  }

  protected override connectionEnded(): void {
    this.#setup.ended?.();
  }
}

/** A promise that a test settles when it likes. */
export interface Deferred<Value = void> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { promise, resolve, reject };
}
