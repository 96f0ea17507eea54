import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { ClientSocket } from "#src/index.js";
import { connect, serve } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { answerOf, openHttp2Client } from "../support/http2-client.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const ways = [
  { name: "in clear text", tls: undefined },
  { name: "over TLS", tls: { key: testOnlyKey, cert: testOnlyCertificate } },
] as const;

for (const { name, tls } of ways) {
  const options = { port: 0, http2: true, ...(tls !== undefined && { tls }), message: () => undefined } as const;
  const client = { http2: true, tls: { ca: testOnlyCertificate } } as const;

  describe(`the end of a server that speaks HTTP/2, ${name}`, () => {
    it("drains sockets of one session, which is told GOAWAY (RFC 9113 §6.8)", async (t) => {
      const server = await serve(options);
      const other = await openHttp2Client(t, server.url, server);
      const gone = once(other.session, "goaway");
      const sockets = await Promise.all([connect(server.url, client), connect(server.url, client)]);
      const reports = Promise.all(sockets.map((socket) => socket.closed));
      await server.drain({ spreadMs: 0 });
      const [code] = (await gone) as [number];
      assert.equal(code, 0);
      for (const report of await reports) {
        assert.equal(report.wasClean, true);
        assert.equal(report.code, 1012);
      }
      assert.equal(server.sockets.size, 0);
    });

    it("drains many sessions, each with many sockets and some with a handler at work, and loses nothing", async () => {
      const isDone = deferred();
      const server = await serve({
        ...options,
        message: async (socket) => {
          await isDone.promise;
          socket.send("done");
        },
      });
      const [sessions, each] = [10, 10];
      const sockets: ClientSocket[] = [];
      for (let count = 0; count < sessions; count++) {
        // Who looks names up by a function of their own shares a session with nobody else.
        const apart = { ...client, lookup: () => Promise.resolve([{ address: "127.0.0.1", family: 4 as const }]) };
        sockets.push(...(await Promise.all(Array.from({ length: each }, () => connect(server.url, apart)))));
      }
      for (const [index, socket] of sockets.entries()) {
        if (index % each === 0) socket.send("work");
        await socket.ping();
      }
      assert.equal(server.sockets.size, sessions * each);
      const draining = server.drain({ spreadMs: 50 });
      await Promise.all(sockets.filter((_, index) => index % each !== 0).map((socket) => socket.closed));
      isDone.resolve();
      for (const socket of sockets.filter((_, index) => index % each === 0)) {
        assert.equal((await socket[Symbol.asyncIterator]().next()).value, "done");
      }
      for (const { code, wasClean } of await Promise.all(sockets.map((socket) => socket.closed))) {
        assert.deepEqual([code, wasClean], [1012, true]);
      }
      const { closed, terminated, lost } = await draining;
      assert.deepEqual([closed, terminated, lost], [sessions * each, 0, 0]);
    });

    it("closes sockets with 1001, and takes no more", async (t) => {
      const server = await serve(options);
      t.after(() => server.close());
      const socket = await connect(server.url, client);
      const closing = server.close();
      const report = await socket.closed;
      assert.equal(report.code, 1001);
      assert.equal(report.wasClean, true);
      await closing;
      await assert.rejects(connect(server.url, client));
    });

    it("refuses a request whose accept never settles, and lets the session be", async (t) => {
      let asked = 0;
      const server = await serve({
        ...options,
        handshakeTimeoutMs: 100,
        accept: () => (++asked === 1 ? new Promise<undefined>(() => undefined) : undefined),
        message: (socket, message) => void socket.send(message),
      });
      const { ask, open } = await openHttp2Client(t, server.url, server);
      const answer = await answerOf(ask());
      assert.equal(answer[":status"], 503);
      const peer = await open();
      peer.sendText("still here");
      await peer.untilFrames(1);
    });

    it("makes no tunnel of an accept that refuses with 2xx (RFC 9110 §9.3.6)", async (t) => {
      const errors: unknown[] = [];
      const server = await serve({
        ...options,
        accept: () => new Response("fine", { status: 200 }),
        error: (error: unknown) => void errors.push(error),
      });
      const { ask } = await openHttp2Client(t, server.url, server);
      const answer = await answerOf(ask());
      assert.equal(answer[":status"], 500);
      assert.equal(server.sockets.size, 0);
    });

    it("finds a silent peer by its heartbeat, and ends that one's stream alone", async (t) => {
      const server = await serve({ ...options, heartbeat: { intervalMs: 50, timeoutMs: 50, jitter: 0 } });
      const { open, session } = await openHttp2Client(t, server.url, server);
      const silent = await open();
      // It takes the ping, and does not answer.
      await silent.untilFrames(1);
      const socket = await connect(server.url, client);
      while (server.sockets.size > 1) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(socket.readyState, "open");
      assert.equal(session.destroyed, false);
      await socket.close();
    });
  });
}
