/**
 * The checks at the door over real ports, by every way in.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import type { ServeOptions, UpgradeRefusal } from "#src/index.js";
import { connect, UpgradeRefusedError } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { connectRaw, requestText } from "../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { TextClient } from "../support/text-client.js";
import { upgradeHeaders } from "../support/upgrades.js";
import { answerAt, headersFor, startWayIn, statusAt, waysIn } from "../support/ways-in.js";

const quiet = { message: () => undefined };

function many(count: number): string[] {
  return Array.from({ length: 2 * count }, (_, index) => (index % 2 === 0 ? `X${index}` : ""));
}

for (const way of waysIn) {
  describe(`cross-site WebSocket hijacking (${way})`, () => {
    it("CVE-2018-14732: a page of another origin gets nothing of a development server", async (t) => {
      const { port, server } = await startWayIn(t, way, { open: (socket) => socket.send("the source code") });
      for (const origin of ["http://evil.example", "https://evil.example", `http://localhost:${port + 1}`, "null"]) {
        const answer = await answerAt(t, port, headersFor(`localhost:${port}`, "Origin", origin));
        assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n.*\r\n\r\norigin-not-allowed: /su, origin);
      }
      assert.equal(server.sockets.size, 0);
      assert.equal(await statusAt(t, port, headersFor(`localhost:${port}`, "Origin", `http://localhost:${port}`)), 101);
      assert.equal(await statusAt(t, port, headersFor(`127.0.0.1:${port}`, "Origin", `http://127.0.0.1:${port}`)), 101);
    });

    it("CVE-2025-30360: a page whose origin is an IP address is of another origin, too", async (t) => {
      const { port } = await startWayIn(t, way, quiet);
      for (const origin of [
        "http://192.0.2.1",
        "http://127.0.0.1",
        "http://[::1]:1",
        `http://127.0.0.1:${port}`,
        `http://[::1]:${port}`,
      ]) {
        assert.equal(await statusAt(t, port, headersFor(`localhost:${port}`, "Origin", origin)), 403, origin);
      }
    });

    it("is let happen by those who say so: with a list, a function or *", async (t) => {
      const foreign = (port: number): string[] => headersFor(`localhost:${port}`, "Origin", "https://app.example");
      for (const origins of ["*", ["https://app.example"], (origin: string) => origin.endsWith(".example")] as const) {
        const { port } = await startWayIn(t, way, { ...quiet, origins });
        assert.equal(await statusAt(t, port, foreign(port)), 101);
      }
    });
  });

  describe(`DNS rebinding (${way})`, () => {
    it("gets a page no further than to 421, on a server that listens on a loopback address", async (t) => {
      const refusals: UpgradeRefusal[] = [];
      const { port, server } = await startWayIn(t, way, {
        ...quiet,
        refused: (refusal) => void refusals.push(refusal),
      });
      const rebound = headersFor(`evil.example:${port}`, "Origin", `http://evil.example:${port}`);
      assert.match(
        await answerAt(t, port, rebound),
        /^HTTP\/1\.1 421 Misdirected Request\r\n.*\r\n\r\nhost-not-allowed: /su,
      );
      assert.equal(server.sockets.size, 0);
      assert.deepEqual(
        refusals.map(({ code }) => code),
        ["host-not-allowed"],
      );
      assert.equal(await statusAt(t, port, headersFor("box.internal")), 101);
    });

    it("is let in where hosts lists the name", async (t) => {
      const { port } = await startWayIn(t, way, { ...quiet, hosts: ["app.example"] });
      assert.equal(await statusAt(t, port, headersFor("app.example:1", "Origin", "http://app.example:1")), 101);
      assert.equal(await statusAt(t, port, headersFor(`localhost:${port}`)), 421);
    });
  });

  describe(`a trusted proxy (${way})`, () => {
    it("tells who the client is, and by which scheme and name it came", async (t) => {
      const seen: unknown[] = [];
      const { port } = await startWayIn(t, way, {
        trustedProxies: ["127.0.0.0/8"],
        accept: ({ url, remoteAddress }) => {
          seen.push(url, remoteAddress);
          return undefined;
        },
        open: (socket) => void seen.push(socket.remoteAddress),
        ...quiet,
      });
      const forwarded = ["Forwarded", 'for="[2001:db8::1]:4711";proto=https;host=app.example'];
      assert.equal(await statusAt(t, port, headersFor("inside", "Origin", "https://app.example", ...forwarded)), 101);
      assert.deepEqual(seen, ["https://app.example/", "2001:db8::1", "2001:db8::1"]);
    });

    it("is nobody who is not listed", async (t) => {
      const { port, server } = await startWayIn(t, way, { ...quiet, trustedProxies: ["192.0.2.1"] });
      assert.equal(await statusAt(t, port, headersFor("localhost", "X-Forwarded-For", "1.1.1.1")), 101);
      assert.deepEqual(
        [...server.sockets].map(({ remoteAddress }) => remoteAddress),
        ["127.0.0.1"],
      );
    });
  });

  describe(`caps (${way})`, () => {
    it("hold for all connections and for those of an address, until one of them ends", async (t) => {
      for (const [options, status] of [
        [{ maxConnections: 2 }, 503],
        [{ maxConnectionsPerAddress: 2 }, 429],
      ] as const) {
        const closed = deferred();
        const { port } = await startWayIn(t, way, { ...quiet, ...options, close: () => closed.resolve() });
        const first = await connect(`ws://127.0.0.1:${port}`);
        await connect(`ws://127.0.0.1:${port}`);
        await assert.rejects(connect(`ws://127.0.0.1:${port}`), (error) => {
          assert.ok(error instanceof UpgradeRefusedError);
          assert.equal(error.headers.get("Retry-After"), "5");
          return error.status === status;
        });
        await first.close();
        await closed.promise;
        await connect(`ws://127.0.0.1:${port}`);
      }
    });

    it("hold for pending upgrades", async (t) => {
      const asked = deferred();
      const { port } = await startWayIn(t, way, {
        maxPendingUpgrades: 1,
        accept: () => {
          asked.resolve();
          return new Promise<undefined>(() => undefined);
        },
      });
      const waiting = await TextClient.connect(t, port);
      waiting.write(requestText());
      await asked.promise;
      assert.match(await answerAt(t, port, upgradeHeaders()), /^HTTP\/1\.1 503 .*too-many-pending-upgrades/su);
    });
  });

  describe(`limits of the head (${way})`, () => {
    it("hold for its lines and its octets", async (t) => {
      const { port, server } = await startWayIn(t, way, {
        ...quiet,
        limits: { maxHeaderCount: 6, maxHeaderBytes: 1000 },
      });
      for (const [extra, status] of [
        [["X-A", "b"], 101],
        [["X-A", "b", "X-B", "c"], 431],
        [many(300), 431],
        // More than Node's servers keep: what they leave out may be what makes it an upgrade.
        [many(2500), 431],
        [["X-A", "b".repeat(700)], 101],
        [["X-A", "b".repeat(1100)], 431],
        [["X-A", "b".repeat(20_000)], 431],
      ] as const) {
        assert.equal(await statusAt(t, port, upgradeHeaders(...extra)), status, extra.join().slice(0, 20));
      }
      assert.equal(server.sockets.size, 2);
    });
  });

  describe(`accept (${way})`, () => {
    it("is told by its signal that the peer has left, by its end or by a reset", async (t) => {
      for (const leave of ["end", "resetAndDestroy"] as const) {
        const asked = deferred();
        const aborted = deferred<unknown>();
        const { port, server } = await startWayIn(t, way, {
          maxPendingUpgrades: 1,
          accept: (_request, { signal }) => {
            signal.addEventListener("abort", () => aborted.resolve(signal.reason));
            asked.resolve();
            return new Promise<undefined>(() => undefined);
          },
        });
        const socket = await connectRaw(t, port);
        socket.on("error", () => undefined);
        socket.write(requestText());
        await asked.promise;
        socket[leave]();
        assert.match(String(await aborted.promise), /left/u);
        assert.equal(server.sockets.size, 0);
      }
    });

    it("may refuse with any status, headers, cookies and a large body", async (t) => {
      const body = "0123456789abcdef".repeat(256 * 1024);
      const headers = new Headers({ "WWW-Authenticate": 'Bearer realm="x", error="invalid_token"' });
      headers.append("Set-Cookie", "a=1; Path=/; HttpOnly");
      headers.append("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT");
      const accept = (): Response => new Response(body, { status: 401, headers });
      const { port } = await startWayIn(t, way, { closeTimeoutMs: 10_000, accept });
      const answer = await answerAt(t, port, upgradeHeaders());
      const end = answer.indexOf("\r\n\r\n");
      const head = answer.slice(0, end).toLowerCase();
      assert.match(head, /^http\/1\.1 401 /u);
      assert.ok(head.includes('\r\nwww-authenticate: bearer realm="x", error="invalid_token"'));
      assert.ok(head.includes("\r\nset-cookie: a=1; path=/; httponly\r\n"));
      assert.ok(head.includes("\r\nset-cookie: b=2; expires=wed, 21 oct 2026 07:28:00 gmt"));
      assert.ok(head.includes(`\r\ncontent-length: ${body.length}`));
      assert.equal(answer.slice(end + 4), body);
    });
  });
}

/** Time passes: as long as a server with half of the time gives somebody who says nothing. */
async function halfPasses(port: number, t: Parameters<typeof connectRaw>[0]): Promise<void> {
  const silent = await TextClient.connect(t, port);
  await silent.untilEnd();
  silent.socket.destroy();
}

// Long beside the step of 100 ms that deadlines go by, and beside what a busy machine makes others wait.
const handshakeTimeoutMs = 1000;

for (const transport of transports) {
  describe(`the time of a handshake on a port over ${transport}`, () => {
    /** Which of those who wait for accept were given up, in this order. */
    const givingUp = (): {
      readonly order: string[];
      readonly done: Promise<void>;
      readonly options: Partial<ServeOptions>;
    } => {
      const order: string[] = [];
      const done = deferred();
      const accept: ServeOptions["accept"] = ({ url }, { signal }) => {
        signal.addEventListener("abort", () => {
          if (order.push(new URL(url).pathname) === 2) done.resolve();
        });
        return new Promise<undefined>(() => undefined);
      };
      return { order, done: done.promise, options: { transport, handshakeTimeoutMs, closeTimeoutMs: 100, accept } };
    };

    for (const [what, line] of [
      ["plain", "GET /slow HTTP/1.1"],
      ["handed to the HTTP server", "GET http://server.example:9000/slow HTTP/1.1"],
    ] as const) {
      it(`goes from the connection to accept's decision, for a head that is ${what}`, async (t) => {
        const { order, done, options } = givingUp();
        const { port } = await startOwnPort(t, options);
        const half = await startOwnPort(t, {
          transport,
          closeTimeoutMs: 100,
          handshakeTimeoutMs: handshakeTimeoutMs / 2,
        });
        const slow = await TextClient.connect(t, port);
        slow.write(line.slice(0, 3));
        await halfPasses(half.port, t);
        const quick = await TextClient.connect(t, port);
        quick.write(requestText(upgradeHeaders(), "GET /quick HTTP/1.1"));
        slow.write(requestText(upgradeHeaders(), line).slice(3));
        await done;
        // The slow one came first. With a time of its own for accept it would be given up last.
        assert.deepEqual(order, ["/slow", "/quick"]);
        assert.match(await slow.untilEnd(), /^HTTP\/1\.1 503 .*accept-timeout/su);
      });
    }

    it("includes the handshake of TLS", async (t) => {
      const { order, done, options } = givingUp();
      const tls = { key: testOnlyKey, cert: testOnlyCertificate };
      const { port } = await startOwnPort(t, { ...options, tls });
      const half = await startOwnPort(t, {
        transport,
        closeTimeoutMs: 100,
        handshakeTimeoutMs: handshakeTimeoutMs / 2,
      });
      const upgradeTls = async (socket: Awaited<ReturnType<typeof connectRaw>>, path: string): Promise<void> => {
        socket.on("error", () => undefined);
        const secure = connectTls({ socket, host: "localhost", ca: testOnlyCertificate });
        secure.on("error", () => undefined);
        t.after(() => secure.destroy());
        await once(secure, "secureConnect");
        secure.write(requestText(upgradeHeaders(), `GET ${path} HTTP/1.1`));
      };
      const slow = await connectRaw(t, port);
      await halfPasses(half.port, t);
      const quick = await connectRaw(t, port);
      await upgradeTls(quick, "/quick");
      await upgradeTls(slow, "/slow");
      await done;
      assert.deepEqual(order, ["/slow", "/quick"]);
    });

    it("is the request's own where ordinary requests came before it", async (t) => {
      const asked = deferred();
      const gate = deferred<undefined>();
      const { port } = await startOwnPort(t, {
        transport,
        handshakeTimeoutMs,
        request: (_request, response) => response.end("<page>"),
        accept: () => {
          asked.resolve();
          return gate.promise;
        },
        ...quiet,
      });
      const half = await startOwnPort(t, {
        transport,
        closeTimeoutMs: 100,
        handshakeTimeoutMs: handshakeTimeoutMs / 2,
      });
      const client = await TextClient.connect(t, port);
      client.write(requestText(["Host", "a"], "GET /page HTTP/1.1"));
      await client.until(/<page>/u);
      for (let count = 0; count < 3; count++) await halfPasses(half.port, t);
      client.write(requestText());
      await asked.promise;
      gate.resolve(undefined);
      await client.until(/101 Switching Protocols/u);
    });

    it("leaves nobody cut who was let in", async (t) => {
      const tls = { key: testOnlyKey, cert: testOnlyCertificate };
      for (const options of [{}, { tls }]) {
        const { port } = await startOwnPort(t, {
          transport,
          handshakeTimeoutMs,
          ...options,
          message: (socket, message) => void socket.send(message),
        });
        const half = await startOwnPort(t, {
          transport,
          closeTimeoutMs: 100,
          handshakeTimeoutMs: handshakeTimeoutMs / 2,
        });
        const url = "tls" in options ? `wss://localhost:${port}` : `ws://localhost:${port}`;
        const socket = await connect(url, { tls: { ca: testOnlyCertificate } });
        for (let count = 0; count < 2; count++) await halfPasses(half.port, t);
        socket.send("still here");
        assert.equal((await socket[Symbol.asyncIterator]().next()).value, "still here");
        await socket.close();
      }
    });
  });

  describe(`a page on a TLS port over ${transport}`, () => {
    it("has to be one with TLS", async (t) => {
      const { port } = await startOwnPort(t, {
        transport,
        ...quiet,
        tls: { key: testOnlyKey, cert: testOnlyCertificate },
      });
      const open = (scheme: string) =>
        connect(`wss://localhost:${port}`, {
          tls: { ca: testOnlyCertificate },
          headers: { Origin: `${scheme}://localhost:${port}` },
        });
      await (await open("https")).close();
      await assert.rejects(open("http"), { status: 403 });
    });
  });
}
