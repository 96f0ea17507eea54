/**
 * Upgrade requests and their answers over an in-memory pair, with a server that has no port.
 */
import type { HandshakeRequest } from "#src/protocol/index.js";
import type { Arrival, ServerCore } from "#src/server/index.js";
import type { ByteStream, MemoryPairOptions } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "./counting-stream.js";
import type { HttpReply } from "./http-reply.js";
import { parseReply } from "./http-reply.js";
import { RawPeer } from "./raw-peer.js";
import { StreamRecorder } from "./stream-recorder.js";
import { TaskQueue } from "./task-queue.js";

/** The key of RFC 6455 §1.3, and what answers it. */
export const sampleHandshakeKey = "dGhlIHNhbXBsZSBub25jZQ==";
export const sampleHandshakeAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Header lines of a proper request, with `extra` behind them. */
export function upgradeHeaders(...extra: readonly string[]): string[] {
  return [
    ...["Host", "server.example:9000"],
    ...["Upgrade", "websocket"],
    ...["Connection", "Upgrade"],
    ...["Sec-WebSocket-Key", sampleHandshakeKey],
    ...["Sec-WebSocket-Version", "13"],
    ...extra,
  ];
}

export function upgradeHead(parts: Partial<HandshakeRequest> = {}): HandshakeRequest {
  return { method: "GET", httpVersion: "1.1", target: "/chat?room=1", rawHeaders: upgradeHeaders(), ...parts };
}

export interface Upgrade {
  /** The server's side. */
  readonly stream: CountingStream;
  /** The client's side. */
  readonly client: ByteStream;
  /** What the client received. */
  readonly received: StreamRecorder;
  readonly idle: () => Promise<void>;
  /** The server's answer, as far as it is there. */
  readonly reply: () => HttpReply;
  /** A peer that goes on from the answer, which must be there and be 101. */
  readonly switchProtocols: () => RawPeer;
}

/** Gives an upgrade request to a server. */
export function upgrade<Data>(
  core: ServerCore<Data>,
  head: Partial<HandshakeRequest> = {},
  memory: Partial<MemoryPairOptions> = {},
  early: readonly Uint8Array[] = [],
  arrival: Arrival = {},
): Upgrade {
  const tasks = new TaskQueue();
  const [ours, client] = createMemoryPair({ defer: tasks.defer, remoteAddress: "192.0.2.7", ...memory });
  const received = new StreamRecorder();
  client.start(received);
  for (const octets of early) client.write([octets]);
  const stream = new CountingStream(ours);
  core.upgrade(upgradeHead(head), stream, false, arrival);
  return {
    stream,
    client,
    received,
    idle: () => tasks.idle(),
    reply: () => parseReply(received.bytes),
    switchProtocols: () => {
      const { rest } = parseReply(received.bytes);
      const peer = new RawPeer(client, "client");
      if (rest.byteLength > 0) peer.streamReceived(rest, 0, rest.byteLength);
      return peer;
    },
  };
}
