import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import type { ServerOptions, VerifyClientCallbackSync } from "#src/compat/ws/index.js";
import WebSocket, { WebSocketServer } from "#src/compat/ws/index.js";
import { nodePlatform } from "#src/transport/node/index.js";
import { openClient, openPair, openServer, take, textOf, upgradeHeaders, urlOf } from "../../support/ws-pairs.js";

type VerifyInfo = Parameters<VerifyClientCallbackSync>[0];

async function listening(test: { after(end: () => void): void }) {
  const http = createServer();
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  test.after(() => http.close());
  return http;
}

describe("the class WebSocketServer of ws", () => {
  it("wants exactly one of port, server and noServer", async (test) => {
    const http = await listening(test);
    const cases: (ServerOptions | undefined)[] = [
      undefined,
      {},
      { port: 0, noServer: true },
      { port: 0, server: http },
      { server: http, noServer: true },
    ];
    for (const options of cases) {
      assert.throws(() => new WebSocketServer(options), {
        name: "TypeError",
        message: 'One and only one of the "port", "server", or "noServer" options must be specified',
      });
    }
  });

  it("has the options with their defaults, and no path of its own", async (test) => {
    const server = await openServer(test, { maxPayload: 5, perMessageDeflate: true });
    const { maxPayload, clientTracking, noServer, perMessageDeflate, WebSocket: Class } = server.options;
    assert.deepEqual([maxPayload, clientTracking, noServer, perMessageDeflate], [5, true, false, {}]);
    assert.equal(Class, WebSocket);
    assert.equal(server.path, undefined);
  });

  it("listens on a port of its own, tells so, and answers ordinary requests with 426", async (test) => {
    const called = new Promise<void>((resolve) => {
      const server = new WebSocketServer({ port: 0, backlog: 5 }, resolve);
      test.after(() => server.close());
    });
    await called;
    const server = await openServer(test);
    const { family, address } = server.address() as AddressInfo;
    assert.deepEqual([family, address], ["IPv4", "127.0.0.1"]);
    const response = await fetch(urlOf(server).replace("ws:", "http:"));
    assert.deepEqual([response.status, await response.text()], [426, "Upgrade Required"]);
  });

  it("tells when the port cannot be had", async (test) => {
    const first = await openServer(test);
    const second = new WebSocketServer({ host: "127.0.0.1", port: (first.address() as AddressInfo).port });
    const [error] = (await once(second, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "EADDRINUSE");
    assert.equal(second.address(), null);
  });

  it("gives each socket with its request, whose addresses stay readable", async (test) => {
    for (const transport of ["net", "handle"] as const) {
      const { server, socket, request, client } = await openPair(test, { transport });
      assert.deepEqual([...server.clients], [socket]);
      assert.equal(request.url, "/");
      const message = once(socket, "message");
      client.send("a");
      await message;
      const { remoteAddress, remotePort, localPort } = request.socket;
      assert.equal(remoteAddress, "127.0.0.1");
      assert.equal(localPort, (server.address() as AddressInfo).port);
      assert.equal(typeof remotePort, "number");
      assert.equal((socket as unknown as { _socket: Duplex })._socket, request.socket);
    }
  });

  it("drives the handle where the port is its own, unless told otherwise", async (test) => {
    const own = await openPair(test);
    const net = await openPair(test, { transport: "net" });
    assert.deepEqual([own.request.socket.destroyed, net.request.socket.destroyed], [true, false]);
    // Who destroys the socket means the connection, in either case.
    for (const { client, request } of [own, net]) {
      const closed = once(client, "close");
      request.socket.destroy();
      assert.equal((await closed)[0], 1006);
    }
  });

  it("has a socket that closes when the connection is over", async (test) => {
    for (const transport of ["net", "handle"] as const) {
      const { client, socket, request } = await openPair(test, { transport });
      let isClosed = false;
      request.socket.on("close", () => {
        isClosed = true;
      });
      const message = once(socket, "message");
      client.send("a");
      await message;
      assert.equal(isClosed, false);
      const closed = once(request.socket, "close");
      client.close();
      await closed;
    }
  });

  it("keeps no clients where clientTracking is false", async (test) => {
    const { server, client } = await openPair(test, { clientTracking: false });
    assert.equal(server.clients, undefined);
    client.close();
    await once(client, "close");
  });

  it("takes the upgrades of a server of the application's", async (test) => {
    const http = await listening(test);
    const server = new WebSocketServer({ server: http });
    const client = openClient(test, urlOf(server));
    await once(client, "open");
    assert.deepEqual(server.address(), http.address());
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    assert.equal(http.listenerCount("upgrade"), 0);
    assert.equal(server.address(), null);
    // What is open stays open, and is waited for.
    client.send("a");
    client.close();
    await closed;
    assert.equal(server.clients.size, 0);
    assert.equal(http.listening, true);
  });

  it("takes what handleUpgrade is given, where it has no server", async (test) => {
    const http = await listening(test);
    const server = new WebSocketServer({ noServer: true });
    assert.throws(() => server.address(), { message: 'The server is operating in "noServer" mode' });
    let again: unknown;
    http.on("upgrade", (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (webSocket, given) => {
        assert.equal(given, request);
        server.emit("connection", webSocket, request);
        try {
          server.handleUpgrade(request, socket, head, () => undefined);
        } catch (error) {
          again = error;
        }
      });
    });
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
    const client = openClient(test, urlOf({ address: () => http.address() }));
    await once(client, "open");
    client.send("echo");
    const [data] = (await once(client, "message")) as [Buffer];
    assert.equal(data.toString(), "echo");
    assert.match(String(again), /handleUpgrade\(\) was called more than once with the same socket/u);
  });

  it("gives a first message that came with the request", async (test) => {
    const server = await openServer(test);
    const messages: string[] = [];
    server.on("connection", (socket) => socket.on("message", (data) => messages.push(textOf(data))));
    const connection = once(server, "connection");
    const tcp = connect((server.address() as AddressInfo).port, "127.0.0.1");
    test.after(() => tcp.destroy());
    const lines = Object.entries({ Host: "localhost", ...upgradeHeaders }).map(([name, value]) => `${name}: ${value}`);
    const frame = Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69);
    tcp.write(Buffer.concat([Buffer.from(`GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`), frame]));
    const [socket] = (await connection) as [WebSocket];
    if (messages.length === 0) await once(socket, "message");
    assert.deepEqual(messages, ["hi"]);
  });

  it("asks verifyClient, by one argument or by two", async (test) => {
    const asked: unknown[] = [];
    const forms: { readonly verifyClient: ServerOptions["verifyClient"]; readonly status: number | undefined }[] = [
      {
        verifyClient: (info: VerifyInfo) => asked.push([info.origin, info.secure, info.req.url]) > 0,
        status: undefined,
      },
      { verifyClient: () => false, status: 401 },
      { verifyClient: (_info, done) => setImmediate(() => done(true)), status: undefined },
      { verifyClient: (_info, done) => done(false), status: 401 },
      { verifyClient: (_info, done) => done(false, 404, "nobody", { "X-Why": "because" }), status: 404 },
    ];
    for (const { verifyClient, status } of forms) {
      const server = await openServer(test, { verifyClient });
      const client = openClient(test, urlOf(server), { origin: "http://here.example" });
      if (status === undefined) {
        await once(client, "open");
        continue;
      }
      const [, response] = (await once(client, "unexpected-response")) as [unknown, IncomingMessage];
      assert.equal(response.statusCode, status);
      if (status === 404) {
        assert.equal(response.headers["x-why"], "because");
        const [body] = (await once(response, "data")) as [Buffer];
        assert.equal(body.toString(), "nobody");
      }
    }
    assert.deepEqual(asked, [["http://here.example", false, "/"]]);
  });

  it("asks handleProtocols, or takes the first", async (test) => {
    const seen: string[][] = [];
    const handleProtocols = (protocols: Set<string>, request: IncomingMessage): string | false => {
      seen.push([...protocols, request.url ?? ""]);
      return "b";
    };
    const server = await openServer(test, { handleProtocols });
    const client = openClient(test, urlOf(server), ["a", "b"]);
    await once(client, "open");
    assert.deepEqual([client.protocol, seen], ["b", [["a", "b", "/"]]]);
    const none = await openServer(test, { handleProtocols: () => false });
    const other = openClient(test, urlOf(none), ["a"]);
    const [error] = (await once(other, "error")) as [Error];
    assert.equal(error.message, "Server sent no subprotocol");
  });

  it("lets `headers` change the answer", async (test) => {
    const server = await openServer(test);
    server.on("headers", (headers, request) => headers.push(`X-Path: ${request.url ?? ""}`));
    const client = openClient(test, urlOf(server, "/x"));
    const opened = once(client, "open");
    const [response] = (await once(client, "upgrade")) as [IncomingMessage];
    assert.equal(response.headers["x-path"], "/x");
    await opened;
  });

  it("asks shouldHandle", async (test) => {
    const server = await openServer(test);
    server.shouldHandle = ({ url }) => url === "/yes";
    await once(openClient(test, urlOf(server, "/yes")), "open");
    const [error] = (await once(openClient(test, urlOf(server, "/no")), "error")) as [Error];
    assert.equal(error.message, "Unexpected server response: 400");
  });

  it("limits what it takes to maxPayload, and to nothing where that is 0", async (test) => {
    const limited = await openPair(test, { maxPayload: 10 });
    const closed = take(limited.client, "close", 1);
    limited.socket.on("error", () => undefined);
    limited.client.send("x".repeat(11));
    assert.deepEqual(await closed, [[1009, Buffer.alloc(0)]]);
    const open = await openPair(test, { maxPayload: 0, maxFragments: 0 });
    const message = once(open.socket, "message");
    open.client.send("x".repeat(100_000));
    assert.equal(((await message)[0] as Buffer).byteLength, 100_000);
  });

  it("takes text that is no UTF-8 where skipUTF8Validation says so", async (test) => {
    const { client, socket } = await openPair(test, { skipUTF8Validation: true });
    const message = once(socket, "message");
    client.send(Buffer.of(0xff), { binary: false });
    assert.deepEqual(await message, [Buffer.of(0xff), false]);
  });

  it("keeps no memory for a connection that an application's error has prevented", async (test) => {
    const http = await listening(test);
    const server = new WebSocketServer({ noServer: true, perMessageDeflate: true });
    const { windows } = nodePlatform.compression as NonNullable<typeof nodePlatform.compression>;
    server.on("headers", () => {
      throw new Error("from headers");
    });
    const thrown = new Promise<[unknown, number]>((resolve) => {
      http.on("upgrade", (request, socket, head) => {
        const before = windows.reservedBytes;
        try {
          server.handleUpgrade(request, socket, head, () => assert.fail());
        } catch (error) {
          resolve([error, windows.reservedBytes - before]);
          socket.destroy();
        }
      });
    });
    const client = openClient(test, urlOf({ address: () => http.address() }));
    client.on("error", () => undefined);
    const [error, kept] = await thrown;
    assert.deepEqual([(error as Error).message, kept], ["from headers", 0]);
  });

  it("refuses options that make no sense", () => {
    for (const options of [
      { perMessageDeflate: { serverMaxWindowBits: 16 } },
      { perMessageDeflate: { clientMaxWindowBits: 7 } },
      { perMessageDeflate: { threshold: -1 } },
      { closeTimeout: -1 },
    ]) {
      assert.throws(() => new WebSocketServer({ noServer: true, ...options }), { code: "invalid-limit" });
    }
  });
});

describe("close of a server", () => {
  it("waits for the sockets of a port of its own, and calls back each time", async (test) => {
    for (const transport of ["net", "handle"] as const) {
      const { server, client, socket } = await openPair(test, { transport });
      const order: string[] = [];
      client.on("close", () => order.push("client"));
      socket.on("close", () => order.push("socket"));
      const closed = Promise.all([
        new Promise<void>((resolve) => {
          server.close((error) => {
            order.push(`server ${String(error)}`);
            resolve();
          });
        }),
        new Promise<void>((resolve) => server.close(() => resolve())),
        once(server, "close"),
      ]);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(order, []);
      client.close();
      await closed;
      assert.deepEqual(
        order.filter((line) => line !== "client"),
        ["socket", "server undefined"],
      );
      const [error] = await new Promise<unknown[]>((resolve) => server.close((...args) => resolve(args)));
      assert.equal((error as Error).message, "The server is not running");
    }
  });

  it("refuses whoever asks later with 503", async (test) => {
    const http = await listening(test);
    const server = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      server.close();
      server.handleUpgrade(request, socket, head, () => assert.fail());
    });
    const client = openClient(test, urlOf({ address: () => http.address() }));
    const [error] = (await once(client, "error")) as [Error];
    assert.equal(error.message, "Unexpected server response: 503");
  });

  it("is told at once where there are no sockets", async () => {
    const server = new WebSocketServer({ noServer: true, clientTracking: false });
    const closed = once(server, "close");
    server.close();
    await closed;
  });
});
