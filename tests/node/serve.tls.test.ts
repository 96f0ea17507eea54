/**
 * wss: by both ways to the kernel, on either side.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket as TcpSocket } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import type { CloseReport, ServeOptions, Server } from "#src/index.js";
import { connect } from "#src/index.js";
import { NodeByteStream } from "#src/transport/node/index.js";
import { deferred } from "../support/endpoints.js";
import { headBytes } from "../support/http-reply.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { patternedBytes } from "../support/patterns.js";
import { connectRaw, requestText } from "../support/raw-http.js";
import { RawPeer } from "../support/raw-peer.js";
import { turns } from "../support/task-queue.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { TextClient } from "../support/text-client.js";

const certified = { key: testOnlyKey, cert: testOnlyCertificate };
const trusting = { ca: testOnlyCertificate };

async function startTls(t: TestContext, options: Partial<ServeOptions>): Promise<Server & { readonly name: string }> {
  const server = await startOwnPort(t, { tls: certified, ...options });
  return Object.assign(server, { name: `wss://localhost:${server.port}` });
}

interface TlsPeer {
  readonly peer: RawPeer;
  readonly secure: TLSSocket;
  /** The TCP connection below. */
  readonly raw: TcpSocket;
}

/** Upgrades over TLS, and goes on as a peer that speaks frames by hand. */
async function upgradeTls(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TlsPeer> {
  const raw = await connectRaw(t, port);
  const secure = connectTls({ socket: raw, host: "localhost", ...trusting, ...options });
  t.after(() => secure.destroy());
  secure.on("error", () => undefined);
  await once(secure, "secureConnect");
  secure.write(requestText());
  let bytes = Buffer.alloc(0);
  while (headBytes(bytes) === undefined) {
    const [chunk] = (await once(secure, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  assert.match(bytes.toString("latin1"), /^HTTP\/1\.1 101 /u);
  secure.pause();
  const rest = bytes.subarray(headBytes(bytes));
  return { peer: new RawPeer(new NodeByteStream(secure, rest), "client"), secure, raw };
}

/** Sends messages, a Close frame and the end in one go, since nothing may be written while a write is under way. */
function sendAndEnd(peer: RawPeer, texts: readonly string[], reason: string): void {
  const frames = texts.map((payload) => peer.encode({ opcode: 1, payload }));
  const close = peer.encode({ opcode: 8, payload: Buffer.from(`\x03\xe8${reason}`, "latin1") });
  peer.sendOctets(Buffer.concat([...frames, close]));
  peer.stream.end();
}

for (const ours of transports) {
  for (const theirs of transports) {
    describe(`wss: with the server over ${ours} and the client over ${theirs}`, () => {
      it("carries messages of every size, both ways at once, in order", async (t) => {
        const sizes = [0, 1, 125, 126, 16_383, 16_384, 16_385, 65_536, 1_000_000, 8_000_000];
        const { name } = await startTls(t, {
          transport: ours,
          open: (socket) => {
            for (const size of sizes) socket.send(patternedBytes(size, size + 1));
          },
          message: (socket, message) => void socket.send(message),
        });
        const socket = await connect(name, { tls: trusting, transport: theirs });
        for (const size of sizes) socket.send(patternedBytes(size, size + 2));
        const messages = socket[Symbol.asyncIterator]();
        for (const shift of [1, 2]) {
          for (const size of sizes) {
            const next = await messages.next();
            assert.ok(next.done !== true && next.value instanceof Uint8Array);
            assert.equal(Buffer.compare(next.value, patternedBytes(size, size + shift)), 0, `${size} octets`);
          }
        }
        assert.deepEqual([(await socket.close()).outcome, socket.readyState], ["closed-by-us", "closed"]);
      });

      it("carries many small messages of one turn", async (t) => {
        const { name } = await startTls(t, {
          transport: ours,
          message: (socket, message) => void socket.send(message),
        });
        const socket = await connect(name, { tls: trusting, transport: theirs });
        const count = 20_000;
        for (let index = 0; index < count; index++) {
          if (socket.send(String(index)).status === "buffered") await socket.ready();
        }
        const messages = socket[Symbol.asyncIterator]();
        for (let index = 0; index < count; index++) assert.equal((await messages.next()).value, String(index));
        await socket.close();
      });

      it("stops who writes to a slow reader, and loses nothing", async (t) => {
        const chunk = new Uint8Array(100_000).fill(1);
        const count = 300;
        let sent = 0;
        const { name } = await startTls(t, {
          transport: ours,
          async open(socket) {
            while (sent < count) {
              sent++;
              if (socket.send(chunk).status === "buffered") await socket.ready();
            }
            await socket.close();
          },
        });
        const reading = deferred();
        let received = 0;
        const socket = await connect(name, {
          ...{ tls: trusting, transport: theirs },
          message: (_socket, message) => {
            received += message.length;
            return reading.promise;
          },
        });
        let quietTurns = 0;
        for (let last = -1; quietTurns < 100; last = sent) {
          quietTurns = sent === last ? quietTurns + 1 : 0;
          await turns(1);
        }
        assert.ok(sent < count, "it wrote on, though nobody read");
        reading.resolve();
        const report = await socket.closed;
        assert.deepEqual([report.outcome, report.code, received], ["closed-by-peer", 1000, count * chunk.byteLength]);
      });

      it("knows the client by its certificate", async (t) => {
        const { name } = await startTls(t, {
          transport: ours,
          tls: { ...certified, ...trusting, requestCert: true, rejectUnauthorized: true },
          message: (socket, message) => void socket.send(message),
        });
        const socket = await connect(name, { tls: { ...trusting, ...certified }, transport: theirs });
        socket.send("known");
        assert.equal((await socket[Symbol.asyncIterator]().next()).value, "known");
        await socket.close();
        // Under TLS 1.3 the client's handshake is over before it is refused.
        await assert.rejects(connect(name, { tls: trusting, transport: theirs }), { code: "connect-failed" });
      });
    });
  }

  describe(`a TLS port over ${ours}`, () => {
    /** A server that reports how its one connection has ended. */
    async function startReporting(t: TestContext, options: Partial<ServeOptions> = {}) {
      const closed = deferred<CloseReport>();
      const server = await startTls(t, {
        transport: ours,
        message: (socket, message) => void socket.send(message),
        close: (_socket, report) => closed.resolve(report),
        ...options,
      });
      return { server, closed: closed.promise };
    }

    /** That a server is there for others. */
    async function assertServes({ name }: { readonly name: string }): Promise<void> {
      const socket = await connect(name, { tls: trusting });
      socket.send("still here");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "still here");
      await socket.close();
    }

    it("reports a record that is garbage as dropped, with TLS's error", async (t) => {
      const { server, closed } = await startReporting(t);
      const { raw } = await upgradeTls(t, server.port);
      // A record of application data that nobody with the key has written.
      raw.write(Buffer.concat([Buffer.from([0x17, 0x03, 0x03, 0x00, 0x40]), Buffer.alloc(64, 0x55)]));
      const report = await closed;
      assert.deepEqual([report.outcome, report.code, report.wasClean], ["dropped", 1006, false]);
      assert.match(String((report.cause as NodeJS.ErrnoException).code), /^ERR_SSL_/u);
      await assertServes(server);
    });

    it("reports a reset as dropped, with the system's error", async (t) => {
      const { server, closed } = await startReporting(t);
      const { raw } = await upgradeTls(t, server.port);
      raw.resetAndDestroy();
      const report = await closed;
      assert.deepEqual([report.outcome, report.code], ["dropped", 1006]);
      assert.equal((report.cause as NodeJS.ErrnoException).code, "ECONNRESET");
      await assertServes(server);
    });

    it("takes an end of TCP without one of TLS for a drop", async (t) => {
      const { server, closed } = await startReporting(t);
      const { raw } = await upgradeTls(t, server.port);
      raw.end();
      const report = await closed;
      assert.deepEqual([report.outcome, report.code], ["dropped", 1006]);
      await assertServes(server);
    });

    it("answers a Close frame that the end of TLS comes right behind, at once or after a handler", async (t) => {
      for (const isSlow of [false, true]) {
        const gate = deferred();
        const { server, closed } = await startReporting(t, {
          message: async (socket, message) => {
            if (isSlow) await gate.promise;
            socket.send(message);
          },
        });
        const { peer } = await upgradeTls(t, server.port);
        sendAndEnd(peer, ["last"], "bye");
        // The end has been read when the handler goes on.
        await turns(50);
        gate.resolve();
        await peer.untilEnded();
        assert.deepEqual(peer.lines, ["text last", "close 1000"]);
        const report = await closed;
        assert.deepEqual([report.outcome, report.code, report.wasClean], ["closed-by-peer", 1000, true]);
      }
    });

    it("gives out all that came before an end while a handler kept it from reading, and answers the Close frame", async (t) => {
      const gate = deferred();
      const received: string[] = [];
      const { server, closed } = await startReporting(t, {
        maxInboxBytes: 1000,
        message: async (_socket, message) => {
          received.push(String(message).slice(0, 3));
          await gate.promise;
        },
      });
      const { peer } = await upgradeTls(t, server.port);
      const texts = Array.from({ length: 50 }, (_, index) => `${String(index).padStart(3, "0")}${"x".repeat(10_000)}`);
      sendAndEnd(peer, texts, "");
      await turns(50);
      assert.deepEqual(received, ["000"]);
      gate.resolve();
      const report = await closed;
      assert.deepEqual(
        received,
        texts.map((text) => text.slice(0, 3)),
      );
      assert.deepEqual([report.outcome, report.code], ["closed-by-peer", 1000]);
      // The peer has ended its side long ago, and is answered all the same.
      await peer.untilEnded();
      assert.deepEqual(peer.lines, ["close 1000"]);
    });

    it("forgets whoever leaves in the middle of the handshake of TLS", async (t) => {
      const errors: unknown[] = [];
      const server = await startTls(t, {
        transport: ours,
        message: (socket, message) => void socket.send(message),
        error: (error) => void errors.push(error),
      });
      for (let round = 0; round < 10; round++) {
        const raw = await connectRaw(t, server.port);
        raw.on("error", () => undefined);
        const secure = connectTls({ socket: raw, host: "localhost", ...trusting });
        secure.on("error", () => undefined);
        // Its ClientHello is on its way; at some rounds the answer is, too.
        await turns(round % 5);
        if (round % 2 === 0) raw.resetAndDestroy();
        else raw.destroy();
      }
      const garbage = await TextClient.connect(t, server.port);
      garbage.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await garbage.untilEnd();
      garbage.socket.destroy();
      await assertServes(server);
      await server.close();
      assert.deepEqual(errors, []);
    });

    it("ends where the client asks for another handshake under TLS 1.2", async (t) => {
      const { server, closed } = await startReporting(t);
      const { secure, peer } = await upgradeTls(t, server.port, { maxVersion: "TLSv1.2" });
      assert.equal(secure.getProtocol(), "TLSv1.2");
      const again = (): void => void secure.renegotiate({ rejectUnauthorized: false }, () => undefined);
      again();
      await peer.until(() => peer.hasEnded || peer.isClosed);
      const report = await closed;
      assert.deepEqual([report.outcome, report.code], ["dropped", 1006]);
      await assertServes(server);
    });

    it("works under TLS 1.2 as under 1.3, with an ordinary request before the upgrade", async (t) => {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        const { server, closed } = await startReporting(t, { request: (_request, response) => response.end("<page>") });
        const raw = await connectRaw(t, server.port);
        const secure = connectTls({
          socket: raw,
          host: "localhost",
          ...trusting,
          minVersion: version,
          maxVersion: version,
        });
        t.after(() => secure.destroy());
        await once(secure, "secureConnect");
        let text = "";
        const arrived = async (what: string): Promise<void> => {
          while (!text.includes(what)) {
            const [chunk] = (await once(secure, "data")) as [Buffer];
            text += chunk.toString("latin1");
          }
        };
        secure.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await arrived("<page>");
        secure.write(Buffer.concat([Buffer.from(requestText()), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]));
        await arrived("\x81\x02hi");
        // FIN in both layers.
        secure.end();
        assert.equal((await closed).outcome, "dropped");
      }
    });

    it("is closed with connections of every kind on it", async (t) => {
      const server = await startTls(t, { transport: ours, open: () => undefined });
      const silent = await TextClient.connect(t, server.port);
      const socket = await connect(server.name, { tls: trusting });
      await server.close();
      assert.equal((await socket.closed).code, 1001);
      assert.equal(await silent.untilEnd(), "");
    });
  });
}
