/**
 * Peers that say nothing, half of something, or leave in the middle of it; on either way in.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { requestText } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { TextClient } from "../support/text-client.js";

const get = requestText(["Host", "localhost"], "GET /page HTTP/1.1");

for (const transport of transports) {
  describe(`a peer on a port over ${transport}`, () => {
    for (const [what, said] of [
      ["says nothing", ""],
      ["says half of a request line", "GET /ch"],
      ["says half of an upgrade", requestText().slice(0, 60)],
      ["leaves out the last octet", requestText().slice(0, -1)],
      ["says half of a post", requestText(["Host", "a", "Content-Length", "10"], "POST / HTTP/1.1").slice(0, 30)],
    ] as const) {
      it(`that ${what} is answered with 408 at handshakeTimeoutMs (RFC 9110 §15.5.9)`, async (t) => {
        for (const handshakeTimeoutMs of [50, 0]) {
          const { port } = await startOwnPort(t, {
            transport,
            handshakeTimeoutMs,
            request: () => assert.fail("it asked for nothing"),
            open: () => assert.fail("it was let in"),
          });
          const client = await TextClient.connect(t, port);
          client.write(said);
          const answer = await client.untilEnd();
          client.socket.destroy();
          assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/u);
          assert.match(answer, /\r\nConnection: close\r\n/u);
        }
      });

      it(`that ${what} and ends is let go, with 400 where there was anything`, async (t) => {
        const { port } = await startOwnPort(t, { transport, open: () => assert.fail("it was let in") });
        for (const settled of [false, true]) {
          const client = await TextClient.connect(t, port);
          client.write(said);
          // Read before the end, or with it.
          if (settled) await turns(20);
          client.socket.end();
          const answer = await client.untilEnd();
          if (said === "") assert.equal(answer, "");
          else assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/u);
        }
      });

      it(`that ${what} and resets is forgotten, and the server goes on`, async (t) => {
        const errors: unknown[] = [];
        const server = await startOwnPort(t, {
          transport,
          message: (socket, message) => void socket.send(message),
          error: (error) => void errors.push(error),
        });
        for (let count = 0; count < 20; count++) {
          const client = await TextClient.connect(t, server.port);
          client.write(said);
          if (count % 2 === 0) await turns(5);
          client.socket.resetAndDestroy();
        }
        const socket = await connect(server.url);
        socket.send("still here");
        assert.equal((await socket[Symbol.asyncIterator]().next()).value, "still here");
        await socket.close();
        await server.close();
        assert.deepEqual(errors, []);
      });
    }

    it("that waits long enough for accept is answered with 503", async (t) => {
      const { port } = await startOwnPort(t, {
        transport,
        handshakeTimeoutMs: 50,
        accept: () => new Promise<undefined>(() => undefined),
      });
      const client = await TextClient.connect(t, port);
      client.write(requestText());
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 503 Service Unavailable\r\n/u);
      client.socket.destroy();
    });

    it("that was let in has said enough: no deadline of the handshake ends it", async (t) => {
      const { url, port } = await startOwnPort(t, {
        transport,
        handshakeTimeoutMs: 200,
        message: (socket, message) => void socket.send(message),
      });
      const socket = await connect(url);
      const silent = await TextClient.connect(t, port);
      // When the silent one is cut, the deadline of the first has passed, too.
      assert.match(await silent.untilEnd(), /^HTTP\/1\.1 408/u);
      silent.socket.destroy();
      const later = await TextClient.connect(t, port);
      assert.match(await later.untilEnd(), /^HTTP\/1\.1 408/u);
      later.socket.destroy();
      socket.send("still here");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "still here");
      await socket.close();
    });

    it("that takes its time with a body has the application's time, not the handshake's", async (t) => {
      const { port } = await startOwnPort(t, {
        transport,
        handshakeTimeoutMs: 20,
        request: (request, response) => request.on("end", () => response.end("<all of it>")).resume(),
      });
      const client = await TextClient.connect(t, port);
      client.write(`${requestText(["Host", "a", "Content-Length", "4"], "POST / HTTP/1.1")}ab`);
      const silent = await TextClient.connect(t, port);
      assert.match(await silent.untilEnd(), /^HTTP\/1\.1 408/u);
      silent.socket.destroy();
      client.write("cd");
      await client.until(/<all of it>/u);
    });

    it("may be given more time than Node gives a request", async (t) => {
      const { port } = await startOwnPort(t, {
        transport,
        handshakeTimeoutMs: 2 ** 31 - 1,
        request: (_request, response) => response.end("<page>"),
      });
      const client = await TextClient.connect(t, port);
      client.write(get);
      await client.until(/<page>/u);
    });
  });

  describe(`peers on a TLS port over ${transport}`, () => {
    it("that say nothing, or no TLS, are cut; even where there is no time at all", async (t) => {
      for (const handshakeTimeoutMs of [50, 0]) {
        const { port } = await startOwnPort(t, {
          transport,
          handshakeTimeoutMs,
          tls: { key: testOnlyKey, cert: testOnlyCertificate },
          open: () => assert.fail("it was let in"),
        });
        for (const said of ["", "\x16\x03\x01\x02\x00", get]) {
          const client = await TextClient.connect(t, port);
          client.write(said);
          await client.untilEnd();
          client.socket.destroy();
        }
      }
    });
  });
}

describe("a handshake that is over", () => {
  it("has no time of its own for the answer to a refusal: closeTimeoutMs is for that", async (t) => {
    for (const transport of transports) {
      const asked = deferred();
      const { port } = await startOwnPort(t, {
        transport,
        closeTimeoutMs: 50,
        accept: () => {
          asked.resolve();
          return new Response("no", { status: 403 });
        },
      });
      const client = await TextClient.connect(t, port);
      client.write(requestText());
      await asked.promise;
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 403 \r\n.*\r\n\r\nno$/su);
      // It never ends its own side, and is cut.
      while (client.errorCode === undefined && !client.socket.destroyed) {
        client.write("x");
        await turns(1);
      }
      assert.ok(["EPIPE", "ECONNRESET"].includes(String(client.errorCode)));
    }
  });
});
