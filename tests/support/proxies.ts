/**
 * Little proxies for tests, on ports of this machine: one for the method CONNECT, one for SOCKS 5. They take any name for
 * this machine, so that a test sees who looked it up.
 */
import type { Server, Socket } from "node:net";
import { connect, createServer, isIP } from "node:net";
import type { TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { headBytes } from "./http-reply.js";
import { headerOf, listen } from "./raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "./test-only-certificate.js";

export interface TestProxy {
  readonly port: number;
  /** What was asked for, in the order it came: the head of CONNECT, or "host:port" of SOCKS. */
  readonly asked: readonly string[];
  /** Connections that are open, from clients and to targets. */
  readonly open: ReadonlySet<Socket>;
}

export interface TestProxyOptions {
  /** Wanted of clients, as `user:password`. */
  readonly credentials?: string;
  /** Whether clients have to speak TLS to the proxy. */
  readonly tls?: boolean;
  /** Whether the proxy's octets are sent one by one, each in a turn of its own. */
  readonly isSlow?: boolean;
}

interface ProxyServer {
  readonly open: Set<Socket>;
  readonly server: Server;
}

function serveProxy(t: TestContext, tls: boolean, handle: (client: Socket, open: Set<Socket>) => void): ProxyServer {
  const open = new Set<Socket>();
  const server = tls
    ? // Half-open, it would wait for those who have left in the midst of a handshake.
      createTlsServer({ key: testOnlyKey, cert: testOnlyCertificate })
    : createServer({ allowHalfOpen: true });
  server.on(tls ? "secureConnection" : "connection", (client: Socket) => handle(watch(client, open), open));
  // Below TLS there is a connection, too, whether a handshake comes to its end or not.
  if (tls) server.on("connection", (socket: Socket) => watch(socket, open));
  server.on("tlsClientError", () => undefined);
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { open, server };
}

function watch(socket: Socket, open: Set<Socket>): Socket {
  open.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => open.delete(socket));
  return socket;
}

/** Reads exactly what it asks for, however it comes. */
class OctetReader {
  readonly #socket: Socket;
  #octets = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async until(isEnough: (octets: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const bytes = isEnough(this.#octets);
      if (bytes !== undefined) {
        const taken = this.#octets.subarray(0, bytes);
        this.#octets = this.#octets.subarray(bytes);
        return taken;
      }
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          this.#socket.off("readable", settle);
          this.#socket.off("end", settle);
          this.#socket.off("close", settle);
          resolve();
        };
        this.#socket.on("readable", settle);
        this.#socket.on("end", settle);
        this.#socket.on("close", settle);
        if (this.#socket.readableLength > 0) settle();
      });
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) this.#octets = Buffer.concat([this.#octets, chunk]);
      else if (this.#socket.readableEnded || this.#socket.destroyed) throw new Error("the client has left");
    }
  }

  take(bytes: number): Promise<Buffer> {
    return this.until((octets) => (octets.byteLength >= bytes ? bytes : undefined));
  }

  /** Gives back what was read too far. */
  release(): void {
    if (this.#octets.byteLength > 0) this.#socket.unshift(this.#octets);
  }
}

/** Ends with the client. */
function leaveWith(client: Socket): void {
  client.on("end", () => client.end()).resume();
}

async function answer(client: Socket, octets: Buffer, isSlow = false): Promise<void> {
  if (!isSlow) {
    client.write(octets);
    return;
  }
  client.setNoDelay(true);
  for (const octet of octets) {
    client.write(Buffer.of(octet));
    await new Promise(setImmediate);
  }
}

/** Joins two connections: what one ends, or loses, the other does. */
function join(client: Socket, target: Socket): void {
  client.pipe(target);
  target.pipe(client);
  client.on("close", () => target.destroy());
  target.on("close", () => client.destroy());
  // It may have left meanwhile.
  if (client.destroyed) target.destroy();
}

async function connectTarget(host: string, port: number, open: Set<Socket>): Promise<Socket> {
  const address = isIP(host) === 0 ? "127.0.0.1" : host;
  const target = watch(connect({ host: address, port, allowHalfOpen: true }), open);
  await new Promise<void>((resolve, reject) => {
    target.once("connect", resolve);
    target.once("close", () => reject(new Error("the target cannot be reached")));
  });
  return target;
}

/** A proxy for the method CONNECT. */
export async function startConnectProxy(t: TestContext, options: TestProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const { credentials, isSlow } = options;
  const serveClient = async (client: Socket, open: Set<Socket>): Promise<void> => {
    const reader = new OctetReader(client);
    const head = (await reader.until(headBytes)).toString("latin1");
    asked.push(head);
    const wanted = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
    if (wanted !== undefined && headerOf(head, "Proxy-Authorization") !== wanted) {
      const text =
        'HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic realm="tests"\r\nContent-Length: 2\r\n\r\nno';
      await answer(client, Buffer.from(text), isSlow);
      leaveWith(client);
      return;
    }
    const [, host = "", port = ""] = /^CONNECT \[?([^\]\s]*?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const target = await connectTarget(host, Number(port), open).catch(() => undefined);
    if (target === undefined) {
      await answer(client, Buffer.from("HTTP/1.1 502 Bad Gateway\r\n\r\n"), isSlow);
      leaveWith(client);
      return;
    }
    await answer(client, Buffer.from("HTTP/1.1 200 Connection established\r\nVia: tests\r\n\r\n"), isSlow);
    reader.release();
    join(client, target);
  };
  const { server, open } = serveProxy(t, options.tls === true, (client, sockets) => {
    serveClient(client, sockets).catch(() => client.destroy());
  });
  return { port: await listen(server), asked, open };
}

/** A SOCKS 5 server. */
export async function startSocksProxy(t: TestContext, options: TestProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const { credentials, isSlow } = options;
  const serveClient = async (client: Socket, open: Set<Socket>): Promise<void> => {
    const reader = new OctetReader(client);
    const [, count = 0] = await reader.take(2);
    const methods = await reader.take(count);
    const method = credentials === undefined ? 0 : 2;
    if (!methods.includes(method)) {
      await answer(client, Buffer.of(5, 0xff), isSlow);
      leaveWith(client);
      return;
    }
    await answer(client, Buffer.of(5, method), isSlow);
    if (method === 2) {
      const [, nameBytes = 0] = await reader.take(2);
      const name = await reader.take(nameBytes);
      const [passwordBytes = 0] = await reader.take(1);
      const password = await reader.take(passwordBytes);
      const isRight = `${name.toString()}:${password.toString()}` === credentials;
      await answer(client, Buffer.of(1, isRight ? 0 : 1), isSlow);
      if (!isRight) {
        leaveWith(client);
        return;
      }
    }
    const [, , , type = 0] = await reader.take(4);
    const [length = 0] = type === 3 ? await reader.take(1) : [type === 1 ? 4 : 16];
    const address = await reader.take(length);
    const port = (await reader.take(2)).readUInt16BE();
    const host = textOf(type, address);
    asked.push(`${host}:${String(port)}`);
    const target = await connectTarget(host, port, open).catch(() => undefined);
    await answer(client, Buffer.of(5, target === undefined ? 5 : 0, 0, 1, 0, 0, 0, 0, 0, 0), isSlow);
    if (target === undefined) {
      leaveWith(client);
      return;
    }
    reader.release();
    join(client, target);
  };
  const { server, open } = serveProxy(t, false, (client, sockets) => {
    serveClient(client, sockets).catch(() => client.destroy());
  });
  return { port: await listen(server), asked, open };
}

function textOf(type: number, address: Buffer): string {
  if (type === 3) return address.toString("latin1");
  if (type === 1) return address.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
