/**
 * A server and clients at the other end of an in-memory pair, with the default limits.
 */
import { once } from "node:events";
import { setImmediate as immediate } from "node:timers/promises";
import type { ClientOptions } from "#src/client/index.js";
import { createWebSocketClass, openClient } from "#src/client/index.js";
import type { CloseReport, Message, Socket } from "#src/index.js";
import { TaskQueue as HtmlTasks } from "#src/node/tasks.js";
import { ServerCore } from "#src/server/index.js";
import type { ByteStream, Dialer } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { nodePlatform } from "#src/transport/node/index.js";
import { TaskQueue } from "../../support/task-queue.js";
import type { DeflateCodec, DeflateRequest } from "../deflate.js";
import { answerOffers, readAnswer, writeOffers } from "../deflate.js";
import { FuzzingPeer } from "../fuzzing-peer.js";
import { acceptFor, expectAccepted, sampleKey } from "../handshake.js";
import { MemoryWire } from "../wire.js";
import type { Arrival, Session, Target } from "./target.js";

const maskingSeed = 6455;
// As a kernel's reads usually are.
const wholeChunkBytes = 64 * 1024;

function connectedPair({ createCutter }: Arrival, isPatient: boolean): { wire: MemoryWire; stream: ByteStream } {
  const tasks = new TaskQueue();
  const [ours, stream] = createMemoryPair({
    defer: tasks.defer,
    nextChunkBytes: createCutter?.() ?? ((available) => Math.min(available, wholeChunkBytes)),
  });
  return { wire: new MemoryWire(ours, tasks, isPatient), stream };
}

/** An echo server that takes its streams from memory. */
export function memoryServer(): Target {
  let sockets: ((socket: Socket) => void) | undefined;
  const server = new ServerCore<undefined>(
    {
      open: (socket) => sockets?.(socket),
      message: (socket, message) => {
        socket.send(message);
      },
    },
    nodePlatform,
  );
  return {
    open: async (arrival, deflate): Promise<Session> => {
      const { wire, stream } = connectedPair(arrival, deflate !== undefined);
      const report = new Promise<CloseReport>((resolve) => {
        sockets = (socket) => void socket.closed.then(resolve);
      });
      const rawHeaders = ["Host", "memory", "Upgrade", "websocket", "Connection", "Upgrade"];
      rawHeaders.push("Sec-WebSocket-Key", sampleKey, "Sec-WebSocket-Version", "13");
      if (deflate !== undefined) rawHeaders.push("Sec-WebSocket-Extensions", writeOffers(deflate));
      server.upgrade({ method: "GET", httpVersion: "1.1", target: "/", rawHeaders }, stream, false);
      const extensions = await expectAccepted(wire);
      const codec = deflate === undefined ? undefined : readAnswer(extensions, deflate);
      return { peer: new FuzzingPeer(wire, "client", maskingSeed, codec), report };
    },
    close: async () => {
      await server.close(1001, "");
    },
  };
}

/** A server in memory, for one client. */
function memoryPeer(arrival: Arrival, deflate?: readonly DeflateRequest[]): { dial: Dialer; peer: () => FuzzingPeer } {
  const { wire, stream } = connectedPair(arrival, deflate !== undefined);
  let codec: DeflateCodec | undefined;
  const dial: Dialer = async (_address, { rawHeaders }) => {
    await immediate();
    const key = rawHeaders[rawHeaders.indexOf("Sec-WebSocket-Key") + 1] ?? "";
    const answer = ["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", acceptFor(key)];
    if (deflate !== undefined) {
      const agreed = answerOffers(rawHeaders[rawHeaders.indexOf("Sec-WebSocket-Extensions") + 1], deflate);
      answer.push("Sec-WebSocket-Extensions", agreed.answer);
      codec = agreed.codec;
    }
    return { isUpgraded: true, response: { status: 101, httpVersion: "1.1", rawHeaders: answer }, stream };
  };
  return { dial, peer: () => new FuzzingPeer(wire, "server", maskingSeed, codec) };
}

/** Echo clients that find their server in memory. */
export function memoryClient(): Target {
  return {
    open: async (arrival, deflate): Promise<Session> => {
      const { dial, peer } = memoryPeer(arrival, deflate);
      const message = (client: Socket, data: Message): unknown => client.send(data);
      const socket = await openClient("ws://memory/", { message }, nodePlatform, dial);
      return { peer: peer(), report: socket.closed };
    },
    close: () => Promise.resolve(),
  };
}

/** The standard's `WebSocket`, which echoes, and finds its server in memory. */
export function memoryWebSocket(): Target {
  return {
    open: async (arrival, deflate): Promise<Session> => {
      const { dial, peer } = memoryPeer(arrival, deflate);
      const WebSocket = createWebSocketClass<ClientOptions>({
        platform: nodePlatform,
        observer: undefined,
        queueTask: new HtmlTasks().queue,
        open: (url, options, hooks) => openClient(url, options, nodePlatform, dial, undefined, hooks),
      });
      const socket = new WebSocket("ws://memory/");
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => socket.send(data as string | ArrayBuffer);
      await once(socket, "open");
      // A close event tells less than a close report.
      return { peer: peer(), report: undefined };
    },
    close: () => Promise.resolve(),
  };
}
