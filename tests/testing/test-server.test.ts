import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type CloseReport,
  CloseTimeoutError,
  ConnectError,
  HandshakeTimeoutError,
  type Message,
  UpgradeRefusedError,
} from "#src/index.js";
import { createTestServer, FakeClock } from "#src/testing/index.js";

describe("a server for tests", () => {
  it("is joined to its clients by the whole opening handshake", async () => {
    await using server = createTestServer<{ user: string | null }>({
      secure: true,
      accept: (request) => ({
        protocol: request.protocols[0],
        data: { user: request.headers.get("X-User") },
        headers: { "X-Seen": `${request.url} ${request.remoteAddress ?? ""}` },
      }),
      open: (socket) => socket.send(`welcome, ${socket.data.user ?? "nobody"}`),
      message: (socket, message) => socket.send(message),
    });
    assert.equal(server.url, "wss://server.test");
    const socket = await server.connect({
      target: "/chat?room=1",
      protocols: ["v2", "v1"],
      headers: { "X-User": "ada" },
      remoteAddress: "203.0.113.5",
    });
    assert.equal(socket.protocol, "v2");
    socket.send(Uint8Array.of(1, 2, 3));
    const received: Message[] = [];
    for await (const message of socket) if (received.push(message) === 2) break;
    assert.deepEqual(received, ["welcome, ada", Uint8Array.of(1, 2, 3)]);
    const [peer] = server.sockets;
    assert.equal(peer?.remoteAddress, "203.0.113.5");
  });

  it("delivers what was sent with the answer, in whatever pieces it comes", async () => {
    for (const maxPieceBytes of [1, 3, 50, undefined]) {
      const server = createTestServer({
        seed: 5,
        link: maxPieceBytes === undefined ? {} : { maxPieceBytes },
        open: (socket) => socket.send("welcome"),
        message: () => undefined,
      });
      const messages: Message[] = [];
      const socket = await server.connect({ message: (_socket, message) => messages.push(message) });
      await server.clock.settle();
      assert.deepEqual(messages, ["welcome"]);
      await server.close(1001, "done");
      assert.deepEqual([(await socket.closed).outcome, (await socket.closed).reason], ["closed-by-peer", "done"]);
      assert.equal(server.links.size, 0);
      assert.equal(server.clock.pendingTimers, 0);
    }
  });

  it("lets as much time pass as the handshake takes, and messages wait for time to be told", async () => {
    const messages: Message[] = [];
    const server = createTestServer({ link: { latencyMs: 40 }, message: (_socket, message) => messages.push(message) });
    const socket = await server.connect();
    assert.equal(server.clock.now(), 80);
    socket.send("hello");
    await server.clock.advance(39);
    assert.deepEqual(messages, []);
    await server.clock.advance(1);
    assert.deepEqual(messages, ["hello"]);
    const roundTrip = socket.ping();
    await server.clock.advance(80);
    assert.equal(await roundTrip, 80);
    await server.close();
  });

  it("refuses as the application decides, with the body", async () => {
    await using server = createTestServer({
      link: { maxPieceBytes: 10 },
      accept: () => new Response("not today", { status: 403 }),
    });
    await assert.rejects(server.connect(), (error) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.equal(error.status, 403);
      assert.equal(Buffer.from(error.body).toString(), "not today");
      return true;
    });
    await server.clock.advance(10_000);
    assert.equal(server.links.size, 0);
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("publishes, and counts subscribers", async () => {
    const server = createTestServer({ open: (socket) => socket.subscribe("news"), message: () => undefined });
    const messages: Message[] = [];
    const sockets = await Promise.all([1, 2].map(() => server.connect({ message: (_s, text) => messages.push(text) })));
    const [first] = server.sockets;
    assert.equal(server.subscriberCount("news"), 2);
    assert.deepEqual(server.publish("news", "all"), { delivered: 2, refused: 0 });
    assert.deepEqual(server.publish("news", "some", { except: first }), { delivered: 1, refused: 0 });
    await server.clock.settle();
    assert.deepEqual(messages.sort(), ["all", "all", "some"]);
    await server.close();
    assert.equal(server.subscriberCount("news"), 0);
    assert.ok(sockets.every(({ readyState }) => readyState === "closed"));
  });

  it("is iterated over where it has no handlers", async () => {
    const server = createTestServer();
    const client = await server.connect();
    client.send("hi");
    for await (const socket of server) {
      for await (const message of socket) {
        assert.equal(message, "hi");
        break;
      }
      break;
    }
    await server.close();
  });

  it("takes nobody any more when it is closed", async () => {
    const server = createTestServer();
    await server.close();
    await assert.rejects(server.connect(), ConnectError);
    await server.clock.settle();
    assert.equal(server.links.size, 0);
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("drains: handlers finish, what does not go is cut at the deadline, and a second call is the same", async () => {
    const clock = new FakeClock();
    const server = createTestServer({
      clock,
      async message(socket, message) {
        await clock.sleep(message === "long" ? 60_000 : 500);
        socket.send(`done: ${String(message)}`);
      },
    });
    const [short, long, gone] = [await server.connect(), await server.connect(), await server.connect()];
    short.send("short");
    long.send("long");
    await clock.settle();
    server.linkOf(gone).goSilent();
    const startMs = clock.now();
    await assert.rejects(server.drain({ deadlineMs: -1 }), { code: "invalid-limit" });
    const draining = server.drain({ deadlineMs: 5000, reason: "restart" });
    assert.equal(await server.drain({ deadlineMs: 1 }), await draining);
    const { sockets, closed, terminated, lost } = await draining;
    assert.deepEqual({ sockets, closed, terminated, lost }, { sockets: 3, closed: 2, terminated: 1, lost: 0 });
    const messages: Message[] = [];
    for await (const message of short) messages.push(message);
    assert.deepEqual(messages, ["done: short"]);
    for (const socket of [short, long]) {
      const { code, reason } = await socket.closed;
      assert.deepEqual([code, reason], [1012, "restart"]);
    }
    assert.ok(clock.now() - startMs >= 5000);
    await assert.rejects(server.connect(), ConnectError);
    gone.terminate();
  });

  it("is where redirects lead that a client follows, each over a link of its own", async () => {
    const server = createTestServer({
      accept: ({ url }) =>
        url.endsWith("/end") ? undefined : new Response(null, { status: 307, headers: { Location: "/end" } }),
      message: (socket, message) => socket.send(message),
    });
    const socket = await server.connect({ target: "/start", redirects: {} });
    assert.equal(socket.url, "ws://server.test/end");
    assert.ok(server.linkOf(socket).carriedBytes("to-server") > 100);
    socket.send("there");
    await server.clock.settle();
    assert.equal((await socket[Symbol.asyncIterator]().next()).value, "there");
    await server.close();
  });

  it("knows the link of each client", async () => {
    const server = createTestServer({ message: () => undefined });
    const socket = await server.connect();
    assert.ok(server.linkOf(socket).carriedBytes("to-server") > 100);
    const other = createTestServer();
    assert.throws(() => other.linkOf(socket), RangeError);
    await server.close();
  });
});

describe("a bad network for tests", () => {
  it("resets: both ends are told", async () => {
    const reports: CloseReport[] = [];
    const server = createTestServer({ close: (_socket, report) => reports.push(report), message: () => undefined });
    const socket = await server.connect();
    server.linkOf(socket).reset();
    await server.clock.settle();
    reports.push(await socket.closed);
    assert.deepEqual(
      reports.map(({ outcome, code, wasClean }) => [outcome, code, wasClean]),
      [
        ["dropped", 1006, false],
        ["dropped", 1006, false],
      ],
    );
    await server.close();
  });

  it("goes silent: whoever closes gives up after closeTimeoutMs", async () => {
    const server = createTestServer({ closeTimeoutMs: 700, message: () => undefined });
    const socket = await server.connect({ heartbeat: false });
    server.linkOf(socket).goSilent();
    const [peer] = server.sockets;
    await server.close();
    assert.equal(server.clock.now(), 700);
    assert.ok((await peer?.closed)?.cause instanceof CloseTimeoutError);
    // The client has not been told; it has a deadline only once it closes.
    assert.equal(socket.readyState, "open");
    const closing = socket.close();
    await server.clock.advance(10_000);
    assert.equal((await closing).outcome, "dropped");
    assert.equal(server.links.size, 0);
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("is silent from the beginning: the client gives up, and so does the server", async () => {
    const server = createTestServer({ link: { latencyMs: 2000 }, handshakeTimeoutMs: 3000 });
    await assert.rejects(server.connect({ handshakeTimeoutMs: 1000 }), HandshakeTimeoutError);
    assert.equal(server.clock.now(), 1000);
    await server.clock.advance(60_000);
    assert.equal(server.links.size, 0);
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("answers a request that takes too long with 408", async () => {
    const server = createTestServer({
      link: { maxPieceBytes: 1, bytesPerSecond: 100 },
      handshakeTimeoutMs: 500,
    });
    await assert.rejects(server.connect(), (error) => error instanceof UpgradeRefusedError && error.status === 408);
    await server.close();
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("gives up a connection whose signal is aborted, before and during", async () => {
    const clock = new FakeClock();
    const server = createTestServer({ clock, link: { latencyMs: 100 } });
    await assert.rejects(server.connect({ signal: AbortSignal.abort(new Error("never")) }), /never/);
    const controller = new AbortController();
    clock.setTimer(() => controller.abort(new Error("enough")), 50);
    await assert.rejects(server.connect({ signal: controller.signal }), /enough/);
    assert.equal(clock.now(), 50);
    await server.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it("makes a slow peer one, whose backpressure is felt", async () => {
    const server = createTestServer({ message: () => undefined, perMessageDeflate: false });
    const socket = await server.connect({ message: () => undefined });
    server.linkOf(socket).stall("to-server");
    assert.equal(socket.send(new Uint8Array(200_000)).ok, true);
    await server.clock.settle();
    assert.deepEqual(socket.send("more"), { ok: true, status: "buffered" });
    const ready = socket.ready();
    server.linkOf(socket).unstall("to-server");
    await server.clock.settle();
    await ready;
    assert.equal(socket.bufferedBytes, 0);
    await server.close();
  });

  it("happens once more in the same way with the same seed", async () => {
    async function run(seed: number) {
      const log: string[] = [];
      const server = createTestServer({
        seed,
        link: { latencyMs: 10, jitterMs: 50, maxPieceBytes: 40 },
        message: (socket, message) => {
          log.push(`${server.clock.now()} ${String(message)}`);
          socket.send(message);
        },
      });
      const note = (_socket: unknown, message: Message): unknown =>
        log.push(`${server.clock.now()} back ${String(message)}`);
      const one = await server.connect({ message: note });
      const other = await server.connect({ message: note });
      for (let count = 0; count < 10; count++) {
        one.send(`one ${count}`);
        other.send(`other ${count}`);
        await server.clock.advance(5);
      }
      await server.close();
      return log;
    }
    assert.deepEqual(await run(1), await run(1));
    assert.notDeepEqual(await run(1), await run(2));
  });
});
