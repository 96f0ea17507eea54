/**
 * Two byte streams of Node's own sockets, joined over the loopback interface.
 */
import { once } from "node:events";
import type { AddressInfo, Socket, Server as TcpServer } from "node:net";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { ByteStream } from "#src/transport/index.js";
import type { StreamHandle } from "#src/transport/node/handle/binding.js";
import type { HandleStream } from "#src/transport/node/handle/handle-stream.js";
import { HandleTransport, loadStreamBinding, NodeByteStream, nodeTurns } from "#src/transport/node/index.js";
import type { ByteStreamPair } from "../contract/byte-stream.js";
import { testOnlyCertificate, testOnlyKey } from "./test-only-certificate.js";

/** Over TCP. The near side is the one that was accepted. */
export async function connectTcpPair(head?: Uint8Array): Promise<ByteStreamPair> {
  const server = createTcpServer({ allowHalfOpen: true });
  const port = await listen(server);
  const farSocket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [[nearSocket]] = (await Promise.all([once(server, "connection"), once(farSocket, "connect")])) as [
    [Socket],
    unknown,
  ];
  return pairOf(server, nearSocket, farSocket, () => farSocket.resetAndDestroy(), head);
}

/** Over TLS, with the certificate that is for tests only. The near side is the one that was accepted. */
export async function connectTlsPair(head?: Uint8Array): Promise<ByteStreamPair> {
  const server = createTlsServer({ allowHalfOpen: true, key: testOnlyKey, cert: testOnlyCertificate });
  const port = await listen(server);
  const rawFarSocket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  const farSocket = connectTls({ socket: rawFarSocket, host: "localhost", ca: testOnlyCertificate });
  const [[nearSocket]] = (await Promise.all([once(server, "secureConnection"), once(farSocket, "secureConnect")])) as [
    [TLSSocket],
    unknown,
  ];
  return pairOf(server, nearSocket, farSocket, () => rawFarSocket.resetAndDestroy(), head);
}

async function listen(server: TcpServer): Promise<number> {
  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function pairOf(
  server: TcpServer,
  nearSocket: Duplex,
  farSocket: Duplex,
  resetFar: () => void,
  head?: Uint8Array,
): ByteStreamPair {
  return {
    near: new NodeByteStream(nearSocket, head),
    far: new NodeByteStream(farSocket),
    resetFar,
    release: () => {
      nearSocket.destroy();
      farSocket.destroy();
      server.close();
    },
  };
}

function createTransport(): HandleTransport {
  const binding = loadStreamBinding();
  if (binding === undefined) throw new Error("this Node has no stream binding");
  const transport = new HandleTransport(binding, nodeTurns);
  transport.takesTls = true;
  return transport;
}

function takeHandle(socket: Socket, head: Uint8Array | undefined): ByteStream {
  const near = createTransport().take(socket, head);
  if (near === undefined) throw new Error("this socket's handle cannot be taken");
  return near;
}

/**
 * Over TCP, the near side by its handle. The far side stays a `net.Socket`, so that each is tested against the other.
 */
export async function connectHandlePair(head?: Uint8Array): Promise<ByteStreamPair> {
  const server = createTcpServer({ allowHalfOpen: true, pauseOnConnect: true });
  const port = await listen(server);
  const farSocket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [[nearSocket]] = (await Promise.all([once(server, "connection"), once(farSocket, "connect")])) as [
    [Socket],
    unknown,
  ];
  return handlePairOf(server, takeHandle(nearSocket, head), farSocket, () => farSocket.resetAndDestroy());
}

/** Over TCP, the near side by a handle that never had a socket. */
export async function connectAdoptedPair(): Promise<ByteStreamPair & { readonly near: HandleStream }> {
  const server = createTcpServer();
  const port = await listen(server);
  const { _handle: listening } = server as unknown as {
    readonly _handle: { onconnection: (status: number, handle: StreamHandle) => void };
  };
  const accepted = new Promise<StreamHandle>((resolve) => {
    listening.onconnection = (_status, handle) => resolve(handle);
  });
  const farSocket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  const [handle] = await Promise.all([accepted, once(farSocket, "connect")]);
  return handlePairOf(server, createTransport().adopt(handle), farSocket, () => farSocket.resetAndDestroy());
}

/** Over TLS, the near side by its handle. */
export async function connectTlsHandlePair(head?: Uint8Array): Promise<ByteStreamPair> {
  const server = createTlsServer({ allowHalfOpen: true, key: testOnlyKey, cert: testOnlyCertificate });
  const port = await listen(server);
  const rawFarSocket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  const farSocket = connectTls({ socket: rawFarSocket, host: "localhost", ca: testOnlyCertificate });
  const [[nearSocket]] = (await Promise.all([once(server, "secureConnection"), once(farSocket, "secureConnect")])) as [
    [TLSSocket],
    unknown,
  ];
  return handlePairOf(server, takeHandle(nearSocket, head), farSocket, () => rawFarSocket.resetAndDestroy());
}

function handlePairOf<Near extends ByteStream>(
  server: TcpServer,
  near: Near,
  farSocket: Socket,
  resetFar: () => void,
): ByteStreamPair & { readonly near: Near } {
  return {
    near,
    far: new NodeByteStream(farSocket),
    resetFar,
    release: () => {
      near.destroy();
      farSocket.destroy();
      server.close();
    },
  };
}
