/**
 * `WebSocket` objects whose servers are raw peers in memory, one for each connection.
 */
import type { ClientOptions, WebSocket, WebSocketConstructor } from "#src/client/index.js";
import { createWebSocketClass, openClient } from "#src/client/index.js";
import { TaskQueue as HtmlTasks } from "#src/node/tasks.js";
import type { HandshakeRequest, WebSocketAddress } from "#src/protocol/index.js";
import { acceptValue } from "#src/protocol/index.js";
import type { Observer } from "#src/socket/index.js";
import type { DialResult } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "./counting-stream.js";
import { createFakePlatform, type FakePlatform } from "./fake-platform.js";
import { RawPeer } from "./raw-peer.js";
import { TaskQueue } from "./task-queue.js";

/** A connection that somebody wants. */
export interface Dialed {
  readonly address: WebSocketAddress;
  readonly request: HandshakeRequest;
  readonly signal: AbortSignal;
  readonly stream: CountingStream;
  /** The server's end. */
  readonly peer: RawPeer;
  /** Answers 101, with more headers. */
  accept(...headers: readonly string[]): void;
  fail(error: Error): void;
}

export interface WebSocketNetwork {
  readonly WebSocket: WebSocketConstructor<Partial<ClientOptions>>;
  readonly platform: FakePlatform;
  readonly dials: readonly Dialed[];
  /** What the observer was told about connections that did not come about. */
  readonly refusals: string[];
  /** Lets everything happen that can. */
  readonly idle: () => Promise<void>;
  /** An open object and its connection. */
  readonly open: (protocols?: string | string[], options?: Partial<ClientOptions>) => Promise<OpenWebSocket>;
}

export interface OpenWebSocket {
  readonly socket: WebSocket;
  readonly dialed: Dialed;
  readonly peer: RawPeer;
  /** Its events, one line each. */
  readonly events: string[];
}

export function headerOf({ request }: Dialed, name: string): string | undefined {
  const at = request.rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : request.rawHeaders[at + 1];
}

/** Writes down the events of an object, with its state. */
export function record(socket: WebSocket): string[] {
  const events: string[] = [];
  socket.addEventListener("open", () => events.push(`open in ${socket.readyState}`));
  socket.addEventListener("message", ({ data }) => events.push(`message ${describe(data)} in ${socket.readyState}`));
  socket.addEventListener("error", () => events.push(`error in ${socket.readyState}`));
  socket.addEventListener("close", ({ code, reason, wasClean }) =>
    events.push(`close ${code} "${reason}" ${wasClean ? "clean" : "unclean"} in ${socket.readyState}`),
  );
  return events;
}

function describe(data: unknown): string {
  if (typeof data === "string") return data;
  if (data instanceof Blob) return `Blob(${data.size})`;
  return data instanceof ArrayBuffer ? `ArrayBuffer(${data.byteLength})` : typeof data;
}

/** @param isAccepting whether servers accept by themselves; otherwise the test answers each dial */
export function createWebSocketNetwork(isAccepting = true): WebSocketNetwork {
  const platform = createFakePlatform();
  const tasks = new TaskQueue();
  const dials: Dialed[] = [];
  const refusals: string[] = [];
  const observer = { refused: ({ code }: { code: string }) => refusals.push(code) } as unknown as Observer;
  const dial = (address: WebSocketAddress, request: HandshakeRequest, signal: AbortSignal): Promise<DialResult> =>
    new Promise((resolve, reject) => {
      const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
      const stream = new CountingStream(ours);
      const dialed: Dialed = {
        address,
        request,
        signal,
        stream,
        peer: new RawPeer(theirs, "server"),
        accept: (...headers) => {
          const accept = acceptValue(headerOf(dialed, "sec-websocket-key") ?? "");
          const rawHeaders = ["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", accept];
          const response = { status: 101, httpVersion: "1.1", rawHeaders: [...rawHeaders, ...headers] };
          resolve({ isUpgraded: true, response, stream });
        },
        fail: reject,
      };
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      dials.push(dialed);
      if (!isAccepting) return;
      const [protocol] = headerOf(dialed, "sec-websocket-protocol")?.split(", ") ?? [];
      dialed.accept(...(protocol === undefined ? [] : ["Sec-WebSocket-Protocol", protocol]));
    });
  const { queue } = new HtmlTasks();
  const WebSocket = createWebSocketClass<ClientOptions>({
    platform,
    observer,
    queueTask: queue,
    open: (url, options, hooks) =>
      openClient(
        url,
        options,
        platform,
        (address, request, { signal }) => dial(address, request, signal),
        observer,
        hooks,
      ),
  });
  const idle = (): Promise<void> => tasks.idle();
  return {
    WebSocket,
    platform,
    dials,
    refusals,
    idle,
    open: async (protocols = [], options) => {
      const socket = new WebSocket("ws://server.example/", protocols, options);
      const events = record(socket);
      await idle();
      const dialed = dials.at(-1);
      if (dialed === undefined) throw new Error("nothing was dialed");
      return { socket, dialed, peer: dialed.peer, events };
    },
  };
}
