/**
 * What a careless handler, a silent peer or an impatient one must not bring about.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ServeOptions, Server } from "#src/index.js";
import { connect, serve, UpgradeRefusedError } from "#src/index.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

async function start<Data = undefined>(t: TestContext, options: ServeOptions<Data>): Promise<Server<Data>> {
  const server = await serve<Data>({ port: 0, host: "127.0.0.1", ...options });
  t.after(() => {
    for (const socket of server.sockets) socket.terminate();
    return server.close();
  });
  return server;
}

describe("a server and its handlers", () => {
  for (const [what, result] of [
    ["whose then throws", () => ({ then: () => assert.fail("then") })],
    [
      "whose then cannot even be read",
      () =>
        Object.defineProperty({}, "then", {
          get: () => assert.fail("get"),
        }),
    ],
  ] as const) {
    it(`closes with 1011 when one returns something ${what}`, async (t) => {
      const errors: unknown[] = [];
      const { url } = await start(t, { message: result, error: (error) => void errors.push(error) });
      const socket = await connect(url);
      socket.send("hello");
      assert.equal((await socket.closed).code, 1011);
      assert.equal(errors.length, 1);
    });
  }

  it("may send the largest message and more in one turn", async (t) => {
    const largest = new Uint8Array(16 * 1024 * 1024);
    const { url } = await start(t, {
      open: (socket) => {
        assert.equal(socket.send(largest).ok, true);
        assert.equal(socket.send(largest).ok, true);
        assert.equal(socket.send("done").ok, true);
      },
    });
    const socket = await connect(url);
    const lengths: number[] = [];
    for await (const message of socket) {
      lengths.push(message.length);
      if (message === "done") break;
    }
    assert.deepEqual(lengths, [largest.length, largest.length, 4]);
    await socket.close();
  });

  it("needs nobody to look at a ping's promise", async (t) => {
    const { url } = await start(t, { open: (socket) => void socket.ping() });
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    t.after(() => process.removeListener("unhandledRejection", note));
    const socket = await connect(url);
    void socket.ping();
    socket.terminate();
    await socket.closed;
    void socket.ping();
    void socket.ready();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  });
});

describe("closing while more comes than anybody takes", () => {
  it("sees the peer's Close frame behind it", async (t) => {
    const { url } = await start(t, {
      open: (socket) => {
        for (let count = 0; count < 100; count++) socket.send(new Uint8Array(10_000));
      },
    });
    const socket = await connect(url);
    await socket[Symbol.asyncIterator]().next();
    const report = await socket.close();
    assert.deepEqual([report.outcome, report.wasClean], ["closed-by-us", true]);
  });

  it("does so from within a handler that awaits it", async (t) => {
    const { url } = await start(t, { message: (socket) => socket.close(1000) });
    const socket = await connect(url);
    for (let count = 0; count < 200; count++) socket.send(new Uint8Array(10_000));
    const report = await socket.closed;
    assert.deepEqual([report.outcome, report.code], ["closed-by-peer", 1000]);
  });
});

describe("peers that never finish their handshake", () => {
  it("do not keep a TLS server from closing", async (t) => {
    const tls = { key: testOnlyKey, cert: testOnlyCertificate };
    const server = await start(t, { tls });
    const silent = connectTcp(server.port, "127.0.0.1");
    silent.on("error", () => undefined);
    t.after(() => silent.destroy());
    await once(silent, "connect");
    const gone = once(silent, "close");
    await server.close();
    await gone;
  });

  it("are cut at handshakeTimeoutMs, in plain text and in TLS", async (t) => {
    for (const tls of [undefined, { key: testOnlyKey, cert: testOnlyCertificate }]) {
      const server = await start(t, { handshakeTimeoutMs: 50, ...(tls === undefined ? {} : { tls }) });
      const slow = connectTcp(server.port, "127.0.0.1");
      slow.on("error", () => undefined);
      slow.resume();
      if (tls === undefined) slow.write("GET / HTTP/1.1\r\nHost: localhost\r\n");
      await once(slow, "close");
    }
  });
});

describe("sockets that wait to be taken", () => {
  it("are limited also while accept thinks about many", async (t) => {
    const { url } = await start(t, {
      maxWaitingSockets: 2,
      accept: () => new Promise<undefined>((resolve) => void setImmediate(resolve, undefined)),
    });
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => connect(url)));
    const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    assert.equal(refused.length, 4);
    for (const reason of refused) assert.ok(reason instanceof UpgradeRefusedError && reason.status === 503);
    for (const result of results) if (result.status === "fulfilled") result.value.terminate();
  });

  it("make room when they leave untaken", async (t) => {
    const server = await start(t, { maxWaitingSockets: 1 });
    for (let count = 0; count < 3; count++) {
      const socket = await connect(server.url);
      await socket.close();
    }
    const last = await connect(server.url);
    for await (const socket of server) {
      assert.equal(socket.readyState, "open");
      break;
    }
    await last.close();
  });
});
