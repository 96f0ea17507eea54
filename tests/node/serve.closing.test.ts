/**
 * Closing a port with all kinds of peers on it; on either way in.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { connect, serve } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { requestText } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";
import { TextClient } from "../support/text-client.js";

const get = (target: string): string => requestText(["Host", "localhost"], `GET ${target} HTTP/1.1`);

/** Connections, listeners and timers of this process; both ends of a connection count. */
function active(): string[] {
  const ours = ["TCPSocketWrap", "TCPServerWrap", "Timeout"];
  return process.getActiveResourcesInfo().filter((name) => ours.includes(name));
}

/** When nothing is left of earlier tests, or of clients that are closing. */
async function untilNothingIsLeft(): Promise<void> {
  while (active().length > 0) await turns(1);
}

/** Watches a promise. */
function watch(promise: Promise<unknown>): () => boolean {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  return () => isSettled;
}

for (const transport of transports) {
  describe(`closing a port over ${transport}`, () => {
    it("cuts those who have not said what they want, and frees the port", async (t) => {
      const server = await startOwnPort(t, { transport });
      const { port } = server;
      const clients: TextClient[] = [];
      for (const said of ["", "G", requestText().slice(0, 70)]) {
        const client = await TextClient.connect(t, port);
        client.write(said);
        clients.push(client);
      }
      await turns(20);
      await server.close();
      for (const client of clients) assert.equal(await client.untilEnd(), "");
      const again = await serve({ port, host: "127.0.0.1", transport });
      await again.close();
    });

    it("ends connections that are idle between two ordinary requests", async (t) => {
      const server = await startOwnPort(t, { transport, request: (_request, response) => response.end("<page>") });
      const client = await TextClient.connect(t, server.port);
      client.write(get("/"));
      await client.until(/<page>/u);
      await turns(5);
      await server.close();
      assert.equal(await client.untilEnd(), "");
    });

    it("waits for ordinary requests under way, which have closeTimeoutMs", async (t) => {
      const asked = deferred<ServerResponse>();
      const server = await startOwnPort(t, { transport, request: (_request, response) => asked.resolve(response) });
      const client = await TextClient.connect(t, server.port);
      client.write(get("/"));
      const response = await asked.promise;
      const closing = server.close();
      const isClosed = watch(closing);
      await turns(30);
      assert.equal(isClosed(), false);
      response.end("<page>");
      await client.until(/<page>/u);
      client.socket.end();
      await closing;
    });

    it("cuts ordinary requests that take longer", async (t) => {
      const asked = deferred();
      const server = await startOwnPort(t, { transport, closeTimeoutMs: 50, request: () => asked.resolve() });
      const client = await TextClient.connect(t, server.port);
      client.write(get("/"));
      await asked.promise;
      await server.close();
      assert.equal(await client.untilEnd(), "");
    });

    it("answers handshakes under way with 503", async (t) => {
      const asked = deferred();
      const server = await startOwnPort(t, {
        transport,
        accept: () => {
          asked.resolve();
          return new Promise<undefined>(() => undefined);
        },
      });
      const client = await TextClient.connect(t, server.port);
      client.write(requestText());
      await asked.promise;
      const closing = server.close();
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 503 Service Unavailable\r\n/u);
      client.socket.destroy();
      await closing;
    });

    for (const [how, options, said] of [
      ["by accept", { accept: () => new Response(null, { status: 403 }) }, requestText()],
      ["for their request", {}, requestText().replace("13", "12")],
      ["for being slow", { handshakeTimeoutMs: 10 }, ""],
    ] as const) {
      it(`waits for the end of those refused ${how}, and cuts them at closeTimeoutMs`, async (t) => {
        await untilNothingIsLeft();
        const server = await startOwnPort(t, { transport, ...options, closeTimeoutMs: 300 });
        const leaving = await TextClient.connect(t, server.port);
        const staying = await TextClient.connect(t, server.port);
        for (const client of [leaving, staying]) {
          client.write(said);
          assert.match(await client.untilEnd(), /^HTTP\/1\.1 4\d\d /u);
        }
        const left = once(leaving.socket, "close");
        leaving.socket.end();
        await left;
        await server.close();
        // What was closed is so in a turn or two.
        await turns(3);
        // The peer's end of the one that never ended.
        assert.deepEqual(active(), ["TCPSocketWrap"]);
      });
    }

    // Hangs where something is left.
    it("leaves nothing behind: no connection, no listener and no timer", async (t) => {
      await untilNothingIsLeft();
      const server = await serve({
        ...{ port: 0, host: "127.0.0.1", transport },
        request: (_request, response) => response.end("<page>"),
        accept: ({ url }) => (url.endsWith("/no") ? new Response("no", { status: 403 }) : {}),
        message: (socket, message) => void socket.send(message),
      });
      const socket = await connect(server.url);
      await assert.rejects(connect(`${server.url}/no`), { status: 403 });
      const visitor = await TextClient.connect(t, server.port);
      const ordinary = await TextClient.connect(t, server.port);
      ordinary.write(get("/"));
      await ordinary.until(/<page>/u);
      await server.close();
      assert.equal((await socket.closed).code, 1001);
      visitor.socket.destroy();
      ordinary.socket.destroy();
      await untilNothingIsLeft();
    });

    it("forgets everybody: of 2,000 that came and went nothing is left", async (t) => {
      await untilNothingIsLeft();
      const server = await startOwnPort(t, {
        transport,
        request: (_request, response) => response.end("<page>"),
        open: () => undefined,
      });
      const abreast = 100;
      for (let round = 0; round < 20; round++) {
        await Promise.all(
          Array.from({ length: abreast }, async (_, index) => {
            const client = await TextClient.connect(t, server.port);
            client.write(["", "GET", requestText(), get("/")][index % 4] ?? "");
            if (index % 4 === 2) await client.until(/101 Switching/u);
            if (index % 4 === 3) await client.until(/<page>/u);
            if (index % 3 === 0) client.socket.resetAndDestroy();
            else client.socket.destroy();
          }),
        );
      }
      // The listener is, and with ordinary requests Node's own timers for idle connections may be.
      while (active().includes("TCPSocketWrap")) await turns(1);
      assert.equal(server.sockets.size, 0);
    });
  });
}
