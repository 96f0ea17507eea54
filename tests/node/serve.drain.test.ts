/**
 * Draining real ports.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { CloseReport, DrainReport, Socket } from "#src/index.js";
import { connect, serve, UpgradeRefusedError } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { LineProcess } from "../support/line-process.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { requestText } from "../support/raw-http.js";
import { TextClient } from "../support/text-client.js";

const drainingProcess = new URL("../support/draining-process.js", import.meta.url);

async function connectMany(url: string, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(50, count - sockets.length) }, () => connect(url));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

async function allOf(socket: Socket): Promise<{ readonly messages: unknown[]; readonly report: CloseReport }> {
  const messages: unknown[] = [];
  for await (const message of socket) messages.push(message);
  return { messages, report: await socket.closed };
}

for (const transport of transports) {
  describe(`draining over ${transport}`, () => {
    it("tells everybody, loses nothing, and lets the process end by itself", async (t) => {
      const count = 500;
      const options = { transport, draining: { spreadMs: 200, reason: "see you" } };
      const server = LineProcess.start(t, drainingProcess, JSON.stringify(options));
      const url = String((await server.next("url"))["url"]);
      const sockets = await connectMany(url, count);
      // Each of them has been welcomed by the server when it has answered.
      await Promise.all(sockets.map((socket) => socket.ping()));
      server.endInput();
      for (const { messages, report } of await Promise.all(sockets.map(allOf))) {
        assert.deepEqual(messages, ["last news"]);
        const { outcome, code, reason, wasClean } = report;
        assert.deepEqual([outcome, code, reason, wasClean], ["closed-by-peer", 1012, "see you", true]);
      }
      const { report } = (await server.next("report")) as { readonly report: DrainReport };
      assert.deepEqual({ ...report, tookMs: 0 }, { ...ended, sockets: count, closed: count });
      assert.deepEqual(await server.exited, [0, null]);
    });

    it("lets the process end by itself where peers do not answer", async (t) => {
      const options = { transport, draining: { deadlineMs: 500 } };
      const server = LineProcess.start(t, drainingProcess, JSON.stringify(options));
      const { port } = new URL(String((await server.next("url"))["url"]));
      const silent = await TextClient.connect(t, Number(port));
      silent.write(requestText());
      await silent.until(/\r\n\r\n/u);
      const mute = await TextClient.connect(t, Number(port));
      server.endInput();
      await Promise.all([silent.untilEnd(), mute.untilEnd()]);
      const { report } = (await server.next("report")) as { readonly report: DrainReport };
      assert.deepEqual({ ...report, tookMs: 0 }, { ...ended, sockets: 1, terminated: 1 });
      assert.deepEqual(await server.exited, [0, null]);
    });

    it("takes no connections meanwhile", async (t) => {
      const isDone = deferred();
      const server = await startOwnPort(t, { transport, message: () => isDone.promise });
      const { url } = server;
      const socket = await connect(url);
      socket.send("work");
      await socket.ping();
      const drained = server.drain();
      await assert.rejects(connect(url), { code: "connect-failed" });
      assert.equal(socket.readyState, "open");
      isDone.resolve();
      assert.equal((await socket.closed).code, 1012);
      assert.equal((await drained).closed, 1);
    });

    it("answers an upgrade on a connection that was open already with 503 and Retry-After", async (t) => {
      const asked = deferred<ServerResponse>();
      const isDone = deferred();
      const server = await startOwnPort(t, {
        transport,
        request: (_request, response) => asked.resolve(response),
        message: () => isDone.promise,
      });
      const socket = await connect(server.url);
      socket.send("work");
      await socket.ping();
      const client = await TextClient.connect(t, server.port);
      client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const response = await asked.promise;
      const drained = server.drain();
      response.end("<page>");
      await client.until(/<page>/u);
      client.write(requestText());
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 503 .*\r\nRetry-After: 5\r\n/su);
      client.socket.end();
      isDone.resolve();
      assert.equal((await drained).closed, 1);
    });

    it("lets go of connections whose ordinary requests were answered meanwhile", async (t) => {
      const asked = deferred<ServerResponse>();
      const isDone = deferred();
      const server = await startOwnPort(t, {
        transport,
        request: (_request, response) => asked.resolve(response),
        message: () => isDone.promise,
        closeTimeoutMs: 60_000,
      });
      const socket = await connect(server.url);
      socket.send("work");
      await socket.ping();
      const client = await TextClient.connect(t, server.port);
      client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const response = await asked.promise;
      // Less than Node keeps connections alive for.
      const deadlineMs = 4000;
      const drained = server.drain({ deadlineMs });
      response.end("<page>");
      await client.until(/<page>/u);
      isDone.resolve();
      const { closed, tookMs } = await drained;
      assert.equal(closed, 1);
      assert.ok(tookMs < deadlineMs, "it took the deadline to let go of it");
      assert.equal(await client.untilEnd(), "");
    });

    it("gives ordinary requests under way until the deadline", async (t) => {
      const asked = deferred<ServerResponse>();
      const server = await startOwnPort(t, { transport, request: (_request, response) => asked.resolve(response) });
      const client = await TextClient.connect(t, server.port);
      client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await asked.promise;
      const report = await server.drain({ deadlineMs: 200 });
      assert.equal(await client.untilEnd(), "");
      assert.deepEqual({ ...report, tookMs: 0 }, ended);
    });

    it("is the same for whoever drains again, and for close and dispose", async (t) => {
      const server = await startOwnPort(t, { transport, message: () => undefined });
      const socket = await connect(server.url);
      const [first, second] = await Promise.all([
        server.drain(),
        server.drain({ code: 1001 }),
        server[Symbol.asyncDispose](),
      ]);
      assert.equal(first, second);
      assert.equal((await socket.closed).wasClean, true);
      assert.equal(await server.drain(), first);
      await server.close();
    });
  });
}

const ended: DrainReport = { sockets: 0, closed: 0, terminated: 0, lost: 0, refused: 0, tookMs: 0 };

describe("draining on an HTTP server that is not ours", () => {
  it("answers upgrades with 503 and Retry-After while it drains, and leaves the server alone", async (t) => {
    const http = createServer((_request, response) => response.end("<page>")).listen(0, "127.0.0.1");
    t.after(() => http.close());
    await once(http, "listening");
    const url = `ws://127.0.0.1:${String((http.address() as AddressInfo).port)}`;
    const isDone = deferred();
    const server = await serve({ server: http, message: () => isDone.promise });
    const socket = await connect(url);
    socket.send("work");
    await socket.ping();
    const drained = server.drain();
    await assert.rejects(connect(url), (error: unknown) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.deepEqual([error.status, error.headers.get("Retry-After")], [503, "5"]);
      return true;
    });
    isDone.resolve();
    assert.equal((await drained).closed, 1);
    assert.equal((await socket.closed).code, 1012);
    assert.equal(await (await fetch(url.replace("ws:", "http:"))).text(), "<page>");
  });

  it("throws for what makes no sense, and goes on", async () => {
    const server = await serve({ noServer: true });
    await assert.rejects(server.drain({ deadlineMs: Number.NaN }), { code: "invalid-limit" });
    assert.deepEqual({ ...(await server.drain()), tookMs: 0 }, ended);
  });
});
