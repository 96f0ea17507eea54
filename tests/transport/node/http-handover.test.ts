import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server as HttpServer, IncomingMessage, ServerOptions } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Server as NetServer, Socket } from "node:net";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from "node:tls";
import type { DetachedHandle } from "#src/transport/node/index.js";
import { handOverHandle, handOverSocket, loadStreamBinding, prepareHandover } from "#src/transport/node/index.js";
import { connectRaw, listen } from "../../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../../support/test-only-certificate.js";

/** A libuv handle, with what it takes to read from it by hand. */
interface RawHandle extends DetachedHandle {
  onread: (this: RawHandle, memory?: ArrayBuffer) => void;
  readStart(): number;
  useUserBuffer(buffer: Uint8Array): void;
}

/** What was read from a connection before it is handed over. */
type Read = readonly Uint8Array[];

/** A server that reads `firstBytes` octets of every connection, or up to its end, and hands it over. */
interface Door {
  readonly port: number;
  /** When the next connection has been handed over. */
  handedOver(): Promise<void>;
}

interface Way {
  readonly name: string;
  readonly isSecure?: boolean;
  /** Starts a door in front of a server. */
  open(t: TestContext, http: HttpServer, firstBytes: number): Promise<Door>;
}

/** Lists what is waited for, so that a door can be waited at before or after somebody comes. */
class HandoverLog {
  #count = 0;
  #waiters: (() => void)[] = [];

  note(): void {
    this.#count++;
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  async next(): Promise<void> {
    while (this.#count === 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.#count--;
  }
}

async function openDoor(t: TestContext, server: NetServer, log: HandoverLog): Promise<Door> {
  t.after(() => server.close());
  return { port: await listen(server), handedOver: () => log.next() };
}

function readSocket(socket: Socket, firstBytes: number, done: (read: Read) => void): void {
  const read: Buffer[] = [];
  const finish = (): void => {
    socket.removeListener("data", onData);
    socket.removeListener("end", finish);
    done(read);
  };
  const onData = (chunk: Buffer): void => {
    read.push(chunk);
    if (Buffer.concat(read).byteLength >= firstBytes) finish();
  };
  socket.on("data", onData);
  socket.on("end", finish);
}

const binding = loadStreamBinding() ?? assert.fail("this Node has no stream binding");

function readHandle(
  handle: RawHandle,
  userBuffer: Uint8Array | undefined,
  firstBytes: number,
  done: (read: Read) => void,
): void {
  const read: Uint8Array[] = [];
  if (userBuffer !== undefined) handle.useUserBuffer(userBuffer);
  handle.onread = (memory) => {
    const count = binding.streamBaseState[binding.kReadBytesOrError] as number;
    if (count > 0) read.push((userBuffer ?? new Uint8Array(memory ?? assert.fail())).slice(0, count));
    if (count < 0 || Buffer.concat(read).byteLength >= firstBytes) done(read);
  };
  handle.readStart();
}

/** A door that reads from bare handles: from a `net.Socket`'s, or from the server's before there is a socket. */
function openHandleDoor(
  from: "socket" | "server",
  makeBuffer: () => Uint8Array | undefined,
): (t: TestContext, http: HttpServer, firstBytes: number) => Promise<Door> {
  return async (t, http, firstBytes) => {
    const log = new HandoverLog();
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    const userBuffer = makeBuffer();
    const take = (handle: RawHandle): void => {
      readHandle(handle, userBuffer, firstBytes, (read) => {
        handOverHandle(http, handle, read, userBuffer);
        // It is copied by now.
        userBuffer?.fill(0x2a);
        log.note();
      });
    };
    server.on("connection", (socket) => {
      const owner = socket as unknown as { _handle: RawHandle | null };
      const handle = owner._handle ?? assert.fail();
      owner._handle = null;
      socket.destroy();
      take(handle);
    });
    const door = await openDoor(t, server, log);
    if (from === "server") {
      const { _handle: listening } = server as unknown as {
        _handle: { onconnection: (status: number, handle: RawHandle) => void };
      };
      listening.onconnection = (status, handle) => {
        assert.equal(status, 0);
        take(handle);
      };
    }
    return door;
  };
}

function secureDoor(): Way["open"] {
  return (t, http, firstBytes) => {
    const log = new HandoverLog();
    const server = createTlsServer({ key: testOnlyKey, cert: testOnlyCertificate, allowHalfOpen: true }, (socket) => {
      readSocket(socket, firstBytes, (read) => {
        handOverSocket(http, socket, read);
        log.note();
      });
    });
    return openDoor(t, server, log);
  };
}

const ways: readonly Way[] = [
  {
    name: "a TCP socket",
    open: (t, http, firstBytes) => {
      const log = new HandoverLog();
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        readSocket(socket, firstBytes, (read) => {
          handOverSocket(http, socket, read);
          log.note();
        });
      });
      return openDoor(t, server, log);
    },
  },
  { name: "a TLS socket", isSecure: true, open: secureDoor() },
  { name: "the handle of a socket", open: openHandleDoor("socket", () => undefined) },
  { name: "a handle that never had a socket", open: openHandleDoor("server", () => undefined) },
  { name: "a handle that reads into a buffer", open: openHandleDoor("server", () => new Uint8Array(65_536)) },
];

/** A client that collects what it receives. */
class Client {
  readonly socket: Socket;
  #received = "";
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.#hasEnded = true;
        this.#wake();
      });
    }
    socket.on("error", () => socket.destroy());
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What has come since the last call, when it has a match for `pattern`. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#received);
      if (match !== null) {
        const taken = this.#received.slice(0, match.index + match[0].length);
        this.#received = this.#received.slice(taken.length);
        return taken;
      }
      assert.ok(!this.#hasEnded, `ended after ${JSON.stringify(this.#received)}`);
      await this.#change();
    }
  }

  /** Everything until the other side ends. */
  async untilEnd(): Promise<string> {
    while (!this.#hasEnded) await this.#change();
    return this.#received;
  }
}

/** An HTTP server that does not listen, and answers each request with what it was. */
function createHttp(t: TestContext, options: ServerOptions = {}): HttpServer {
  const http = createHttpServer(options, (request, response) => {
    const body: Buffer[] = [];
    request.on("data", (chunk: Buffer) => body.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(body);
      response.end(
        `<${request.method ?? ""} ${request.url ?? ""} ${bytes.byteLength > 100 ? bytes.byteLength : bytes.toString()}>`,
      );
    });
  });
  prepareHandover(http);
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return http;
}

/** Connects, sends `first`, and waits until that has been handed over. */
async function enter(t: TestContext, way: Way, http: HttpServer, first: string): Promise<Client> {
  const door = await way.open(t, http, Math.max(1, first.length));
  const socket = await connectTo(t, way, door);
  const client = new Client(socket);
  if (first === "") socket.end();
  else socket.write(first, "latin1");
  await door.handedOver();
  return client;
}

async function connectTo(t: TestContext, way: Way, door: Door): Promise<Socket> {
  const raw = await connectRaw(t, door.port);
  if (way.isSecure !== true) return raw;
  const socket = connectTls({ socket: raw, host: "localhost", ca: testOnlyCertificate });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

for (const way of ways) {
  describe(`handing over ${way.name}`, () => {
    it("lets a request that has been read be answered, and the connection be kept alive", async (t) => {
      const client = await enter(t, way, createHttp(t), get("/first"));
      assert.match(
        await client.until(/<.*>/u),
        /^HTTP\/1\.1 200 OK\r\n.*Connection: keep-alive\r\n.*<GET \/first >$/su,
      );
      for (const target of ["/second", "/third"]) {
        client.socket.write(get(target));
        assert.match(await client.until(/<.*>/u), new RegExp(`<GET ${target} >$`, "u"));
      }
    });

    it("keeps pipelined requests in order", async (t) => {
      const client = await enter(t, way, createHttp(t), get("/1") + get("/2") + get("/3").slice(0, 20));
      client.socket.write(get("/3").slice(20) + get("/4"));
      for (const target of ["/1", "/2", "/3", "/4"]) {
        assert.match(await client.until(/<.*?>/u), new RegExp(`<GET ${target} >$`, "u"));
      }
    });

    it("keeps a body whole that was divided by it", async (t) => {
      const head = "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n";
      for (const had of [0, 1, 9, 10]) {
        const client = await enter(t, way, createHttp(t), head + "0123456789".slice(0, had));
        client.socket.write("0123456789".slice(had) + get("/next"));
        await client.until(/<POST \/body 0123456789>/u);
        await client.until(/<GET \/next >/u);
      }
    });

    it("keeps a large body whole", async (t) => {
      const body = "x".repeat(1_000_000);
      const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
      const client = await enter(t, way, createHttp(t), head + body.slice(0, 1000));
      client.socket.write(body.slice(1000));
      await client.until(/<POST \/ 1000000>/u);
    });

    it("lets a large response be received", async (t) => {
      const http = createHttp(t);
      http.removeAllListeners("request");
      http.on("request", (_request, response) => response.end("x".repeat(1_000_000) + "end"));
      const client = await enter(t, way, http, get("/"));
      assert.ok((await client.until(/end$/u)).length > 1_000_000);
    });

    it("waits for a request that comes octet by octet", async (t) => {
      const request =
        "POST /slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
      const client = await enter(t, way, createHttp(t), request.charAt(0));
      for (const octet of request.slice(1)) {
        client.socket.write(octet);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.until(/<POST \/slow abc>/u);
    });

    it("asks for the body of a request that waits for that", async (t) => {
      const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
      const client = await enter(t, way, createHttp(t), head);
      await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/u);
      client.socket.write("abc");
      await client.until(/<POST \/ abc>/u);
    });

    it("lets a later request on the connection upgrade it, with what follows", async (t) => {
      const http = createHttp(t);
      const upgraded = once(http, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>;
      const client = await enter(t, way, http, get("/before"));
      await client.until(/<GET \/before >/u);
      client.socket.write("GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nearly");
      const [request, socket, head] = await upgraded;
      assert.equal(request.url, "/up");
      let received = head.toString("latin1");
      socket.on("data", (chunk: Buffer) => {
        received += chunk.toString("latin1");
        socket.write(`(${received})`);
      });
      assert.equal(received, "early");
      client.socket.write("later");
      await client.until(/\(earlylater\)/u);
      client.socket.write("!");
      await client.until(/\(earlylater!\)/u);
    });

    it("lets the very request upgrade it that was read, when that is not for us to judge", async (t) => {
      const http = createHttp(t);
      const upgraded = once(http, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>;
      const text = "GET /up HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nearly";
      await enter(t, way, http, text);
      const [request, , head] = await upgraded;
      assert.deepEqual([request.httpVersion, request.rawHeaders.length, head.toString()], ["1.0", 4, "early"]);
    });

    it("lets what is broken be answered with 400", async (t) => {
      const client = await enter(t, way, createHttp(t), "\x16\x03\x01\x02\0\x01\0");
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 400 Bad Request\r\n/u);
    });

    it("lets what is too large be answered with 431, wherever it becomes that", async (t) => {
      for (const first of ["GET /", `GET /${"a".repeat(500)}`]) {
        const client = await enter(t, way, createHttp(t, { maxHeaderSize: 400 }), first);
        client.socket.write(`${"a".repeat(500)} HTTP/1.1\r\n`);
        assert.match(await client.untilEnd(), /^HTTP\/1\.1 431 /u);
      }
    });

    it("lets what breaks off be answered with 400, before and after", async (t) => {
      const http = createHttp(t);
      const after = await enter(t, way, http, "GET / HTTP/1.1\r\nHost: a");
      after.socket.end();
      assert.match(await after.untilEnd(), /^HTTP\/1\.1 400 Bad Request\r\n/u);

      const door = await way.open(t, http, 1000);
      const before = new Client(await connectTo(t, way, door));
      before.socket.end("GET / HTTP/1.1\r\nHost: a");
      await door.handedOver();
      assert.match(await before.untilEnd(), /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/u);
    });

    it("ends what ends without a word", async (t) => {
      const client = await enter(t, way, createHttp(t), "");
      assert.equal(await client.untilEnd(), "");
    });

    it("lets a half-closed connection have its answer", async (t) => {
      const door = await way.open(t, createHttp(t), get("/").length);
      const client = new Client(await connectTo(t, way, door));
      client.socket.end(get("/"));
      assert.match(await client.untilEnd(), /<GET \/ >$/u);
    });

    it("knows who is there", async (t) => {
      const http = createHttp(t);
      const requested = once(http, "request") as Promise<[IncomingMessage]>;
      await enter(t, way, http, get("/"));
      const [{ socket }] = await requested;
      assert.equal(socket.remoteAddress, "127.0.0.1");
      assert.equal(socket instanceof TLSSocket, way.isSecure === true);
    });

    it("keeps the time for heads (headersTimeout)", async (t) => {
      const http = createHttp(t, { headersTimeout: 20, requestTimeout: 20, connectionsCheckingInterval: 5 });
      const client = await enter(t, way, http, "GET / HTTP/1.1\r\n");
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 408 Request Timeout\r\n/u);
    });

    it("keeps the time for idle connections (keepAliveTimeout)", async (t) => {
      const client = await enter(t, way, createHttp(t, { keepAliveTimeout: 20 }), get("/"));
      await client.until(/<GET \/ >/u);
      assert.equal(await client.untilEnd(), "");
    });

    it("makes it one that closeIdleConnections closes when it is idle, and not before", async (t) => {
      const http = createHttp(t);
      const client = await enter(t, way, http, get("/").slice(0, 10));
      http.closeIdleConnections();
      client.socket.write(get("/").slice(10));
      await client.until(/<GET \/ >/u);
      http.closeIdleConnections();
      assert.equal(await client.untilEnd(), "");
    });

    it("makes it one that closeAllConnections closes", async (t) => {
      const http = createHttp(t);
      const client = await enter(t, way, http, get("/").slice(0, 10));
      http.closeAllConnections();
      assert.equal(await client.untilEnd(), "");
    });

    it("lets the server see that the peer has left", async (t) => {
      const http = createHttp(t);
      const handedOver = once(http, "connection") as Promise<[Socket]>;
      const client = await enter(t, way, http, get("/").slice(0, 10));
      const [socket] = await handedOver;
      const closed = new Promise<unknown>((resolve) => socket.once("close", resolve));
      client.socket.destroy();
      await closed;
    });
  });
}

describe("a server to which handles are handed over", () => {
  it("counts them, and is closed when they are", async (t) => {
    const http = createHttp(t);
    const way = ways.at(-1) ?? assert.fail();
    const client = await enter(t, way, http, get("/"));
    await client.until(/<GET \/ >/u);
    const count = async (): Promise<number> =>
      new Promise((resolve, reject) => {
        http.getConnections((error, connections) => (error === null ? resolve(connections) : reject(error)));
      });
    assert.equal(await count(), 1);
    const closed = once(http, "close");
    http.close();
    await closed;
    assert.equal(await count(), 0);
    assert.equal(await client.untilEnd(), "");
  });
});

describe("a socket handed over", () => {
  it("may be one that was destroyed: nobody is told", async (t) => {
    const http = createHttp(t);
    http.on("connection", () => assert.fail("told of it"));
    const server = createServer();
    t.after(() => server.close());
    const port = await listen(server);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    await connectRaw(t, port);
    const [socket] = await accepted;
    socket.destroy();
    handOverSocket(http, socket, []);
  });

  it("may be paused, and have octets that nobody has read", async (t) => {
    const http = createHttp(t);
    const server = createServer({ pauseOnConnect: true });
    t.after(() => server.close());
    const port = await listen(server);
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = new Client(await connectRaw(t, port));
    const [socket] = await accepted;
    client.socket.write(get("/unread").slice(4));
    const readable = once(socket, "readable");
    socket.read(0);
    await readable;
    socket.removeAllListeners("readable");
    handOverSocket(http, socket, [Buffer.from(get("/unread").slice(0, 4))]);
    await client.until(/<GET \/unread >/u);
  });

  it("may be one of TLS, and the server an HTTPS server", async (t) => {
    const https = createHttpsServer({ key: testOnlyKey, cert: testOnlyCertificate }, (_request, response) =>
      response.end("<https>"),
    );
    prepareHandover(https);
    t.after(() => {
      https.closeAllConnections();
      https.close();
    });
    const client = await enter(t, { name: "", isSecure: true, open: secureDoor() }, https, get("/"));
    await client.until(/<https>/u);
  });
});
