import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect as connectTcp } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { CloseReport, ServeOptions, Server, Socket } from "#src/index.js";
import { connect, serve } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { frame, sampleKey } from "../support/frames.js";
import { connectRaw, exchange, listen, requestText, upgradeRaw } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { upgradeHeaders } from "../support/upgrades.js";

async function start<Data = undefined>(
  t: TestContext,
  options: Partial<ServeOptions<Data>> = {},
): Promise<Server<Data>> {
  const source = options.server !== undefined || options.noServer === true ? {} : { port: 0, host: "127.0.0.1" };
  const server = await serve<Data>({ ...source, ...options });
  t.after(() => {
    // A raw peer does not answer a Close frame, and would have us wait for its deadline.
    for (const socket of server.sockets) socket.terminate();
    return server.close();
  });
  return server;
}

describe("a server on a port of its own", () => {
  it("takes messages and sends them, whole", async (t) => {
    const server = await start(t, { message: (socket, message) => socket.send(message) });
    const socket = await connect(server.url);
    const texts = ["", "hello", "é€😀", "x".repeat(70_000), "y".repeat(1_000_000)];
    for (const text of texts) socket.send(text);
    socket.send(new Uint8Array(300_000).fill(7));
    const received: unknown[] = [];
    for await (const message of socket) if (received.push(message) === texts.length + 1) break;
    assert.deepEqual(received.slice(0, -1), texts);
    assert.deepEqual(received.at(-1), new Uint8Array(300_000).fill(7));
    await socket.close();
  });

  it("tells its port and its URL", async (t) => {
    const server = await start(t);
    assert.ok(server.port > 0);
    assert.equal(server.url, `ws://127.0.0.1:${server.port}`);
    const everywhere = await start(t, { host: "0.0.0.0" });
    assert.equal(everywhere.url, `ws://localhost:${everywhere.port}`);
  });

  it("serves wss: with a certificate", async (t) => {
    const server = await start(t, {
      tls: { key: testOnlyKey, cert: testOnlyCertificate },
      accept: (request) => ({ headers: { "X-Url": request.url } }),
      message: (socket, message) => socket.send(message),
    });
    assert.equal(server.url, `wss://127.0.0.1:${server.port}`);
    const socket = await connect(`wss://localhost:${server.port}/`, { tls: { ca: testOnlyCertificate } });
    const large = "z".repeat(500_000);
    socket.send(large);
    const iterator = socket[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).value, large);
    const report = await socket.close();
    assert.equal(report.wasClean, true);
  });

  it("does not start where the port is taken", async (t) => {
    const { port } = await start(t);
    await assert.rejects(serve({ port, host: "127.0.0.1" }), { code: "EADDRINUSE" });
  });

  it("wants exactly one source of connections, and options that make sense", async () => {
    const http = createHttpServer();
    const wrong: ServeOptions[] = [
      {},
      { port: 0, noServer: true },
      { port: 0, server: http },
      { noServer: true, server: http },
      { noServer: true, tls: {} },
      { noServer: true, request: () => undefined },
      { server: http, request: () => undefined },
    ];
    for (const options of wrong) {
      await assert.rejects(serve(options), { name: "UsageError", code: "invalid-argument" });
    }
    await assert.rejects(serve({ noServer: true, closeTimeoutMs: -1 }), { code: "invalid-limit" });
    assert.equal(http.listenerCount("upgrade"), 0);
  });

  it("answers ordinary requests with 426 (RFC 9110 §15.5.22)", async (t) => {
    const { port } = await start(t);
    const reply = await exchange(t, port, requestText(["Host", "a"]));
    assert.equal(reply.status, 426);
    assert.equal(reply.headers.get("Upgrade"), "websocket");
    const posted = await exchange(t, port, `${requestText(["Host", "a", "Content-Length", "2"], "POST / HTTP/1.1")}{}`);
    assert.equal(posted.status, 426);
  });

  it("delivers what came with the upgrade, in order", async (t) => {
    const messages: unknown[] = [];
    const { port } = await start(t, {
      message: (socket, message) => {
        messages.push(message);
        socket.send(String(messages.length));
      },
    });
    const early = Buffer.concat(["a", "b", "c"].map((payload) => frame({ opcode: 1, payload, key: sampleKey })));
    const { peer } = await upgradeRaw(t, port, requestText(), early);
    await peer.untilFrames(3);
    assert.deepEqual(messages, ["a", "b", "c"]);
  });

  it("delivers what came with the upgrade while accept was still thinking", async (t) => {
    const gate = deferred<undefined>();
    const messages: unknown[] = [];
    const { port } = await start(t, {
      accept: () => gate.promise,
      message: (socket, message) => {
        messages.push(message);
        socket.send("got it");
      },
    });
    const upgrading = upgradeRaw(t, port, requestText(), frame({ opcode: 1, payload: "early", key: sampleKey }));
    await turns(20);
    gate.resolve(undefined);
    const { peer } = await upgrading;
    await peer.untilFrames(1);
    assert.deepEqual(messages, ["early"]);
  });
});

describe("a server on a port and its connections as values", () => {
  it("yields sockets to who iterates over it, and each socket its messages", async (t) => {
    const server = await start(t);
    const served: string[] = [];
    const serving = (async () => {
      for await (const socket of server) {
        void (async () => {
          for await (const message of socket) {
            served.push(String(message));
            socket.send(`you said ${String(message)}`);
          }
        })();
      }
    })();
    for (const text of ["one", "two"]) {
      const socket = await connect(server.url);
      socket.send(text);
      for await (const message of socket) {
        assert.equal(message, `you said ${text}`);
        break;
      }
      await socket.close();
    }
    await server.close();
    await serving;
    assert.deepEqual(served, ["one", "two"]);
  });

  it("refuses more than maxWaitingSockets with 503", async (t) => {
    const server = await start(t, { maxWaitingSockets: 1 });
    await connect(server.url);
    await assert.rejects(connect(server.url), { status: 503 });
  });

  it("attaches data, and knows its sockets", async (t) => {
    const reports: CloseReport[] = [];
    const closed = deferred();
    const server = await start<{ user: string }>(t, {
      accept: (request) => ({ data: { user: new URL(request.url).searchParams.get("user") ?? "" } }),
      open: (socket) => socket.send(`hello ${socket.data.user} from ${String(socket.remoteAddress)}`),
      close: (_socket, report) => {
        reports.push(report);
        closed.resolve();
      },
    });
    const socket = await connect(`${server.url}/?user=ada`);
    assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hello ada from 127.0.0.1");
    assert.equal(server.sockets.size, 1);
    await socket.close(3000, "bye");
    await closed.promise;
    assert.deepEqual([reports[0]?.outcome, reports[0]?.code, reports[0]?.reason], ["closed-by-peer", 3000, "bye"]);
    assert.equal(server.sockets.size, 0);
  });
});

describe("accept over TCP", () => {
  it("refuses with a Response: the client gets its status, headers, cookies and body", async (t) => {
    const { port } = await start(t, {
      accept: async () => {
        await turns(1);
        const headers = new Headers([
          ["Set-Cookie", "a=1; HttpOnly"],
          ["Set-Cookie", "b=2"],
          ["WWW-Authenticate", "Bearer"],
        ]);
        return new Response("x".repeat(100_000), { status: 401, headers });
      },
    });
    const reply = await exchange(t, port, requestText());
    assert.equal(reply.status, 401);
    assert.equal(reply.headers.get("WWW-Authenticate"), "Bearer");
    assert.deepEqual(reply.headers.getSetCookie(), ["a=1; HttpOnly", "b=2"]);
    assert.equal(reply.body.length, 100_000);
  });

  it("reaches a client that sends on without waiting for the refusal", async (t) => {
    const { port } = await start(t, { accept: () => new Response("no", { status: 403 }) });
    const flood = Buffer.alloc(300_000, frame({ opcode: 2, payload: new Uint8Array(100), key: sampleKey }));
    const reply = await exchange(t, port, Buffer.concat([Buffer.from(requestText()), flood]));
    assert.deepEqual([reply.status, reply.body], [403, "no"]);
  });

  it("is told by its signal when the client leaves", async (t) => {
    const asked = deferred<AbortSignal>();
    const { port } = await start(t, {
      accept: (_request, { signal }) => {
        asked.resolve(signal);
        return new Promise<undefined>(() => undefined);
      },
    });
    const socket = await connectRaw(t, port);
    socket.write(requestText());
    const signal = await asked.promise;
    const aborted = once(signal, "abort");
    socket.destroy();
    await aborted;
  });
});

describe("a server on somebody else's HTTP server", () => {
  it("takes upgrades only; requests stay that server's", async (t) => {
    const http = createHttpServer((_request, response) => response.end("page"));
    const port = await listen(http);
    t.after(() => http.close());
    const server = await start(t, { server: http, message: (socket, message) => socket.send(message) });
    assert.equal(server.port, port);
    assert.equal(server.url, `ws://127.0.0.1:${port}`);
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: "close" } });
    assert.equal(await response.text(), "page");
    const socket = await connect(server.url);
    socket.send("hi");
    assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hi");
    await server.close();
    assert.equal(http.listening, true);
    assert.equal(http.listenerCount("upgrade"), 0);
    const again = await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: "close" } });
    assert.equal(await again.text(), "page");
  });

  it("knows no port before that server listens", async (t) => {
    const http = createHttpServer();
    const server = await start(t, { server: http });
    assert.deepEqual([server.port, server.url], [0, ""]);
    const port = await listen(http);
    t.after(() => http.close());
    assert.equal(server.port, port);
  });
});

describe("a server without a server", () => {
  it("takes the upgrade requests it is given", async (t) => {
    const server = await start(t, { noServer: true, message: (socket, message) => socket.send(message) });
    assert.deepEqual([server.port, server.url], [0, ""]);
    const http = createHttpServer();
    http.on("upgrade", (request, socket, head) => {
      if (request.url === "/socket") server.handleUpgrade(request, socket, head);
      else socket.destroy();
    });
    const port = await listen(http);
    t.after(() => http.close());
    const socket = await connect(`ws://127.0.0.1:${port}/socket`);
    socket.send("hi");
    assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hi");
    await assert.rejects(connect(`ws://127.0.0.1:${port}/other`), { code: "connect-failed" });
    const closed = socket.closed;
    await server.close();
    assert.equal((await closed).code, 1001);
  });

  it("survives a socket that is gone when it is handed over", async (t) => {
    const closed = deferred<CloseReport>();
    const server = await start(t, {
      noServer: true,
      open: () => undefined,
      close: (_s, report) => closed.resolve(report),
    });
    const http = createHttpServer();
    http.on("upgrade", (request, socket, head) => {
      socket.destroy();
      server.handleUpgrade(request, socket, head);
    });
    const port = await listen(http);
    t.after(() => http.close());
    const socket = connectTcp({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.write(requestText());
    assert.equal((await closed.promise).outcome, "dropped");
    assert.equal(server.sockets.size, 0);
  });
});

describe("closing a server on a port", () => {
  it("closes every connection with 1001, and then the port is free", async (t) => {
    const server = await start(t, { message: () => undefined });
    const { port } = server;
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(server.url)));
    const closing = server.close();
    const reports = await Promise.all(clients.map(({ closed }) => closed));
    await closing;
    for (const { outcome, code } of reports) assert.deepEqual([outcome, code], ["closed-by-peer", 1001]);
    const again = await start(t, { port });
    assert.equal(again.port, port);
  });

  it("takes a code and a reason, and refuses those that cannot be sent, staying as it was", async (t) => {
    const server = await start(t, { message: (socket, message) => socket.send(message) });
    const client = await connect(server.url);
    await assert.rejects(server.close(1006), { code: "close-code-not-sendable" });
    client.send("alive");
    assert.equal((await client[Symbol.asyncIterator]().next()).value, "alive");
    await server.close(4000, "new version");
    const { code, reason } = await client.closed;
    assert.deepEqual([code, reason], [4000, "new version"]);
  });

  it("answers handshakes under way with 503, and cuts connections that never asked for anything", async (t) => {
    const asked = deferred();
    const server = await start(t, {
      accept: () => {
        asked.resolve();
        return new Promise<undefined>(() => undefined);
      },
    });
    const idle = await connectRaw(t, server.port);
    idle.on("error", () => undefined);
    const idleClosed = once(idle, "close");
    idle.on("end", () => idle.end()).resume();
    const pending = exchange(t, server.port, requestText());
    await asked.promise;
    await server.close();
    assert.equal((await pending).status, 503);
    await idleClosed;
  });

  it("may be asked twice, and by disposal", async (t) => {
    const server = await start(t);
    await Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()]);
    await server.close();
  });

  it("ends the iteration over it", async (t) => {
    const server = await start(t);
    const iterating = (async () => {
      const sockets: Socket[] = [];
      for await (const socket of server) sockets.push(socket);
      return sockets.length;
    })();
    await connect(server.url);
    await server.close();
    assert.equal(await iterating, 1);
  });
});

describe("floods over TCP", () => {
  it("of both ends at once go through, with everything echoed and nothing left behind", async (t) => {
    const count = 3000;
    const text = "x".repeat(10_000);
    let served = 0;
    const server = await start(t, {
      message: (socket, message) => {
        served++;
        socket.send(message);
      },
    });
    let received = 0;
    const done = deferred();
    const client = await connect(server.url, {
      message: () => {
        received++;
        if (received === count) done.resolve();
      },
    });
    for (let index = 0; index < count; index++) {
      assert.equal(client.send(text).ok, true);
      await client.ready();
    }
    await done.promise;
    assert.equal(served, count);
    const [serverSide] = server.sockets;
    assert.equal(serverSide?.bufferedBytes, 0);
    assert.equal(client.bufferedBytes, 0);
    assert.equal((await client.close()).wasClean, true);
  });

  it("from a peer that never reads stop at a bounded amount, and end when it reads", async (t) => {
    let served = 0;
    const server = await start(t, {
      message: (socket, message) => {
        served++;
        socket.send(message);
      },
    });
    const { peer } = await upgradeRaw(t, server.port);
    peer.stream.pause();
    const payload = Buffer.alloc(100_000, 1);
    const count = 300;
    for (let index = 0; index < count; index++) peer.send({ opcode: 2, payload });
    const [socket] = server.sockets;
    let quietTurns = 0;
    for (let last = -1; quietTurns < 200; last = served) {
      quietTurns = served === last ? quietTurns + 1 : 0;
      await turns(1);
    }
    assert.ok(served < count, "it read on, though nobody read its answers");
    assert.ok((socket?.bufferedBytes ?? 0) < 1_000_000, `${socket?.bufferedBytes ?? 0} octets are buffered`);
    assert.equal(socket?.readyState, "open");
    peer.stream.resume();
    await peer.untilFrames(count);
    assert.equal(served, count);
  });
});

describe("peers that misbehave", () => {
  it("do not take the process down, nor anybody else", async (t) => {
    const reports: CloseReport[] = [];
    const server = await start(t, {
      message: (socket, message) => socket.send(message),
      close: (_socket, report) => void reports.push(report),
    });
    const bystander = await connect(server.url);
    const noises = [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.from("\0\0\0\0\r\n\r\n"),
      Buffer.from(requestText().slice(0, 40)),
      Buffer.concat([Buffer.from(requestText()), Buffer.alloc(5000, 0xff)]),
    ];
    for (const noise of noises) {
      const socket = await connectRaw(t, server.port);
      socket.on("error", () => undefined);
      socket.write(noise);
      await turns(5);
      socket.resetAndDestroy();
    }
    bystander.send("still here");
    assert.equal((await bystander[Symbol.asyncIterator]().next()).value, "still here");
    await bystander.close();
    const rejected = reports.filter(({ outcome }) => outcome === "failed");
    assert.equal(rejected.length, 1);
  });

  it("get a Close frame with the rule's code and then the end of the stream", async (t) => {
    const closed = deferred<CloseReport>();
    const { port } = await start(t, { message: () => undefined, close: (_socket, report) => closed.resolve(report) });
    const { peer } = await upgradeRaw(t, port);
    peer.send({ opcode: 1, payload: "unmasked", key: undefined });
    await peer.untilEnded();
    assert.match(peer.lines.join(), /^close 1002/);
    peer.stream.end();
    const report = await closed.promise;
    assert.equal(report.outcome, "failed");
    assert.equal((report.cause as { code?: string }).code, "mask-missing");
  });

  it("that reset are reported as dropped, with the system's error", async (t) => {
    const closed = deferred<CloseReport>();
    const { port } = await start(t, { message: () => undefined, close: (_socket, report) => closed.resolve(report) });
    const { socket } = await upgradeRaw(t, port);
    socket.resetAndDestroy();
    const report = await closed.promise;
    assert.deepEqual([report.outcome, report.code], ["dropped", 1006]);
    assert.equal((report.cause as NodeJS.ErrnoException).code, "ECONNRESET");
  });
});

describe("§4.2.1 handshakes over TCP that break a rule", () => {
  const without = (name: string): string[] => {
    const headers = upgradeHeaders();
    const at = headers.indexOf(name);
    headers.splice(at, 2);
    return headers;
  };
  const having = (name: string, value: string): string[] => {
    const headers = upgradeHeaders();
    headers[headers.indexOf(name) + 1] = value;
    return headers;
  };
  const cases: readonly (readonly [string, string, number])[] = [
    ["another method", requestText(upgradeHeaders(), "POST / HTTP/1.1"), 405],
    ["no Host", requestText(without("Host")), 400],
    ["a Host that is none", requestText(having("Host", "a b")), 400],
    ["another protocol to upgrade to", requestText(having("Upgrade", "h2c")), 426],
    ["no key", requestText(without("Sec-WebSocket-Key")), 400],
    ["a key that is too short", requestText(having("Sec-WebSocket-Key", "c2hvcnQ=")), 400],
    ["two keys", requestText(upgradeHeaders("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")), 400],
    ["no version", requestText(without("Sec-WebSocket-Version")), 400],
    ["another version", requestText(having("Sec-WebSocket-Version", "8")), 426],
    ["subprotocols that are no tokens", requestText(upgradeHeaders("Sec-WebSocket-Protocol", "a b")), 400],
    ["extensions that are no list", requestText(upgradeHeaders("Sec-WebSocket-Extensions", ";;")), 400],
    ["an absolute target elsewhere", requestText(upgradeHeaders(), "GET http://other.example/ HTTP/1.1"), 400],
    ["HTTP/1.0", requestText(upgradeHeaders(), "GET / HTTP/1.0"), 505],
    ["too many headers", requestText(upgradeHeaders(...Array.from({ length: 400 }, (_, i) => `X-${i >> 1}`))), 431],
    ["headers that are too long", requestText(upgradeHeaders("X-Long", "x".repeat(20_000))), 431],
  ];
  for (const [what, request, status] of cases) {
    it(`answers ${what} with ${status}`, async (t) => {
      const { port } = await start(t, { open: () => assert.fail("it was accepted") });
      const reply = await exchange(t, port, request);
      assert.equal(reply.status, status);
      if (status === 426) assert.equal(reply.headers.get("Upgrade"), "websocket");
      if (what === "another version") assert.equal(reply.headers.get("Sec-WebSocket-Version"), "13");
    });
  }
});
