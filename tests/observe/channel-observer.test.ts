/**
 * Every event, at both ends and over both ways to the kernel.
 */
import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ChannelEvent, ChannelName, ServeOptions } from "#src/index.js";
import { channelNames, connect, observe, prepare, serve } from "#src/index.js";
import { clientObserver, serverObserver } from "#src/observe/index.js";
import type { Observer } from "#src/socket/index.js";
import { deferred } from "../support/endpoints.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { turns } from "../support/task-queue.js";

/** What is published on a channel until the test is over. */
function record<Name extends ChannelName>(t: TestContext, name: Name): ChannelEvent<Name>[] {
  const events: ChannelEvent<Name>[] = [];
  t.after(observe(name, (event) => events.push(event)));
  return events;
}

/** Resolves when at least `count` events are there. */
async function until(events: readonly unknown[], count: number): Promise<void> {
  while (events.length < count) await turns(1);
}

const observers: readonly Observer[] = [serverObserver, clientObserver];
const parts = [
  "opened",
  "refused",
  "received",
  "sent",
  "bytesReceived",
  "bytesSent",
  "roundTrip",
  "backpressure",
  "limit",
  "closed",
] as const;

for (const transport of transports) {
  describe(`what is published over ${transport}`, () => {
    const start = (t: TestContext, options: Partial<ServeOptions> = {}) =>
      startOwnPort(t, { transport, message: () => undefined, ...options });

    it("tells of connections, before their open handler, and of their end", async (t) => {
      const order: string[] = [];
      const opened = record(t, "openline:server:connection");
      const openedByUs = record(t, "openline:client:connection");
      const closed = record(t, "openline:server:close");
      const closedByUs = record(t, "openline:client:close");
      const server = await start(t, { open: () => order.push(`${String(opened.length)} before open`) });
      const socket = await connect(server.url, { transport });
      await socket.ping();
      const [accepted] = server.sockets;
      assert.deepEqual(
        [opened, openedByUs].map((events) => events.map((event) => event.socket)),
        [[accepted], [socket]],
      );
      assert.deepEqual(order, ["1 before open"]);
      const report = await socket.close(4001, "bye");
      await until(closed, 1);
      assert.deepEqual(closedByUs, [{ socket, report }]);
      assert.equal(closed[0]?.socket, accepted);
      const { outcome, code, reason, phase, rule } = closed[0]?.report ?? {};
      assert.deepEqual([outcome, code, reason, phase, rule], ["closed-by-peer", 4001, "bye", "closing", undefined]);
    });

    it("tells of each message at both ends: its type, its length in octets, and whether it is compressed", async (t) => {
      const compressible = "compress me ".repeat(300);
      const published = prepare("published to all ".repeat(200));
      const long = new Uint8Array(3_000_000).fill(7);
      const lines = (name: "openline:server:message-sent" | "openline:client:message-received") => {
        const events = record(t, name);
        return () => events.map((event) => [event.type, event.byteLength, event.isCompressed]);
      };
      const sent = lines("openline:server:message-sent");
      const received = lines("openline:client:message-received");
      const asked = record(t, "openline:client:message-sent");
      const heard = record(t, "openline:server:message-received");
      const server = await start(t, {
        message(socket, message) {
          socket.subscribe("all");
          socket.send("é€😀");
          socket.send(new Uint8Array(5));
          socket.send(compressible);
          socket.send(compressible, { compress: false });
          socket.send(long);
          server.publish("all", "short");
          server.publish("all", published);
          socket.send(message);
        },
      });
      for (const perMessageDeflate of [true, false]) {
        const socket = await connect(server.url, { transport, perMessageDeflate });
        assert.equal(socket.extensions === "", !perMessageDeflate);
        socket.send("go");
        let count = 0;
        for await (const _message of socket) if (++count === 8) break;
        const expected = [
          ["text", 9, false],
          ["binary", 5, false],
          ["text", 3600, perMessageDeflate],
          ["text", 3600, false],
          ["binary", 3_000_000, perMessageDeflate],
          ["text", 5, false],
          ["text", 3400, perMessageDeflate],
          ["text", 2, false],
        ];
        assert.deepEqual(sent().splice(-8), expected);
        assert.deepEqual(received().splice(-8), expected);
        assert.deepEqual(asked.at(-1), { socket, type: "text", byteLength: 2, isCompressed: false });
        assert.deepEqual(heard.at(-1)?.byteLength, 2);
        await socket.close();
      }
    });

    it("tells of the octets of frames, both ways, and of none of the handshake", async (t) => {
      const total = (name: "openline:server:bytes-sent" | "openline:client:bytes-received") => {
        const events = record(t, name);
        return () => events.splice(0).reduce((sum, { byteLength }) => sum + byteLength, 0);
      };
      const [sent, received] = [total("openline:server:bytes-sent"), total("openline:client:bytes-received")];
      const asked = record(t, "openline:client:bytes-sent");
      const heard = record(t, "openline:server:bytes-received");
      const greeting = "x".repeat(200);
      const server = await start(t, {
        perMessageDeflate: { thresholdBytes: 1000 },
        open: (socket) => void socket.send(greeting),
        message: (socket, message) => void socket.send(message),
      });
      const socket = await connect(server.url, { transport });
      const messages = socket[Symbol.asyncIterator]();
      await messages.next();
      // RFC 6455 §5.2: two octets of header, and two more from 126 octets on; a client's has four more for its mask.
      assert.deepEqual([sent(), received()], [204, 204]);
      socket.send("hello");
      await messages.next();
      assert.deepEqual(
        [asked, heard].map((events) => events.map(({ byteLength }) => byteLength)),
        [[11], [11]],
      );
      assert.equal(asked[0]?.socket, socket);
      assert.deepEqual([sent(), received()], [7, 7]);
      await socket.ping();
      const pong = (heard.at(-1)?.byteLength ?? 0) - 4;
      assert.deepEqual([sent(), received()], [pong, pong]);
      const long = "the same again ".repeat(1000);
      socket.send(long);
      await messages.next();
      const compressed = sent();
      assert.ok(compressed > 20 && compressed < 1500, String(compressed));
      assert.equal(received(), compressed);
      await socket.close();
    });

    it("tells of round trips", async (t) => {
      const ours = record(t, "openline:client:round-trip");
      const theirs = record(t, "openline:server:round-trip");
      const server = await start(t);
      const socket = await connect(server.url, { transport });
      const roundTripMs = await socket.ping();
      assert.deepEqual(ours, [{ socket, roundTripMs }]);
      const [accepted] = server.sockets;
      assert.equal(theirs.length, 0);
      await accepted?.ping();
      assert.equal(theirs[0]?.socket, accepted);
      await socket.close();
    });

    it("tells when a peer begins to read slowly, and when there is room again", async (t) => {
      const server = await start(t);
      for (const role of ["server", "client"] as const) {
        const events = record(t, `openline:${role}:backpressure`);
        const socket = await connect(server.url, { transport });
        await socket.ping();
        const sender = role === "client" ? socket : [...server.sockets].at(-1);
        assert.ok(sender);
        for (let count = 0; count < 3; count++) sender.send(new Uint8Array(5_000_000));
        const reading = (async () => {
          for await (const message of socket) if (message.length === 3) break;
        })();
        await sender.ready();
        await until(events, 2);
        assert.deepEqual(
          events.map((event) => [event.socket, event.isOn]),
          [
            [sender, true],
            [sender, false],
          ],
        );
        assert.ok((events[0]?.bufferedBytes ?? 0) > 1_000_000);
        assert.ok((events[1]?.bufferedBytes ?? 0) <= 65_536);
        for (const accepted of server.sockets) accepted.send("end");
        await reading;
        await socket.close();
      }
    });

    it("tells of limits, before the end of the connection where they end it", async (t) => {
      const order: unknown[] = [];
      t.after(observe("openline:server:limit", ({ rule, socket }) => order.push(rule, socket?.readyState)));
      t.after(observe("openline:server:close", ({ report }) => order.push(report.rule, report.phase)));
      const server = await start(t, { limits: { maxMessageBytes: 10 } });
      const socket = await connect(server.url, { transport });
      socket.send("more than ten octets");
      await socket.closed;
      await until(order, 4);
      const rule = { code: "message-too-big", section: "RFC 6455 §10.4", observed: 20, limit: 10 };
      assert.deepEqual(order, [rule, "closed", rule, "open"]);
    });

    it("tells of messages that are refused since too much waits", async (t) => {
      const limits = record(t, "openline:client:limit");
      const server = await start(t, { message: () => new Promise(() => {}) });
      const socket = await connect(server.url, { transport, maxSendBufferBytes: 1000, slowPeer: "refuse" });
      socket.send(new Uint8Array(9_000_000));
      socket.send(new Uint8Array(9_000_000));
      assert.equal(socket.send("refused").status, "refused");
      const last = limits.at(-1);
      assert.deepEqual([last?.socket, last?.rule.code, last?.rule.limit], [socket, "slow-peer", 1000]);
      socket.terminate();
      await socket.closed;
    });

    it("tells of each message that a rate limit drops, and once when it stops reading", async (t) => {
      const limits = record(t, "openline:server:limit");
      const rate = { messagesPerSecond: 0.001, burstMessages: 2 };
      const rule = { code: "message-rate", section: "RFC 6455 §10.4", observed: 3, limit: 2 };
      for (const [policy, told] of [
        ["drop", [rule, rule, rule]],
        ["pause", [rule]],
      ] as const) {
        limits.length = 0;
        const server = await start(t, { rateLimit: { ...rate, policy } });
        const socket = await connect(server.url, { transport });
        for (let count = 0; count < 5; count++) socket.send("again");
        await until(limits, told.length);
        await turns(5);
        assert.deepEqual(
          limits.map((event) => event.rule),
          told,
        );
        assert.equal(limits[0]?.socket?.readyState, "open");
        await socket.close();
      }
    });

    it("tells of handshakes that come to nothing, and why", async (t) => {
      const refused = record(t, "openline:server:handshake-refused");
      const failed = record(t, "openline:client:handshake-refused");
      const limits = record(t, "openline:server:limit");
      const hangs = deferred();
      const server = await start(t, {
        handshakeTimeoutMs: 500,
        async accept(request) {
          const { pathname } = new URL(request.url);
          if (pathname === "/secret") return new Response(null, { status: 401 });
          if (pathname === "/slow") await hangs.promise;
          if (pathname === "/broken") throw new Error("no database");
          return {};
        },
        error: () => undefined,
      });
      for (const path of ["/secret", "/slow", "/broken"])
        await assert.rejects(connect(server.url + path, { transport }));
      hangs.resolve();
      const remoteAddress = "127.0.0.1";
      assert.deepEqual(refused, [
        { code: "accept-refused", status: 401, error: undefined, remoteAddress },
        { code: "accept-timeout", status: 503, error: refused[1]?.error, remoteAddress },
        { code: "accept-failed", status: 500, error: refused[2]?.error, remoteAddress },
      ]);
      assert.deepEqual(
        failed.map(({ code, status }) => [code, status]),
        [
          ["upgrade-refused", 401],
          ["upgrade-refused", 503],
          ["upgrade-refused", 500],
        ],
      );
      assert.deepEqual(
        limits.map(({ rule, socket }) => [rule.code, rule.limit, socket]),
        [["accept-timeout", 500, undefined]],
      );
      const plain = await fetch(server.url.replace("ws:", "http:"));
      assert.equal(plain.status, 426);
    });

    it("tells nothing any more when nobody listens, and again when somebody does, for sockets that are open", async (t) => {
      const server = await start(t, { message: (socket, message) => socket.send(message) });
      const socket = await connect(server.url, { transport });
      const messages = socket[Symbol.asyncIterator]();
      const echo = async (text: string): Promise<void> => {
        socket.send(text);
        assert.equal((await messages.next()).value, text);
      };
      const heard: number[] = [];
      await echo("before");
      const stop = observe("openline:server:message-received", ({ byteLength }) => heard.push(byteLength));
      await echo("four");
      stop();
      await echo("after");
      t.after(observe("openline:server:message-received", ({ byteLength }) => heard.push(byteLength)));
      await echo("seven!!");
      assert.deepEqual(heard, [4, 7]);
      await socket.close();
    });

    it("makes no event while nobody listens", async (t) => {
      for (const observer of observers) for (const part of parts) assert.equal(observer[part], undefined, part);
      const published: string[] = [];
      for (const name of channelNames) {
        const watched = channel(name);
        watched.publish = () => void published.push(name);
        // What is inherited changes with the first subscriber: nothing may stay before it.
        t.after(() => Reflect.deleteProperty(watched, "publish"));
      }
      const server = await start(t, {
        accept: ({ url }) => (url.endsWith("/refused") ? new Response(null, { status: 403 }) : {}),
        message: (socket, message) => socket.send(message),
        maxSendBufferBytes: 1000,
      });
      const socket = await connect(server.url, { transport });
      socket.send("text ".repeat(1000));
      socket.send(new Uint8Array(2000));
      const messages = socket[Symbol.asyncIterator]();
      await messages.next();
      await messages.next();
      await socket.ping();
      const [accepted] = server.sockets;
      accepted?.send(new Uint8Array(9_000_000));
      accepted?.send(new Uint8Array(9_000_000));
      await assert.rejects(connect(`${server.url}/refused`, { transport }));
      await socket.closed;
      await server.close();
      assert.deepEqual(published, []);
    });
  });
}

describe("a handshake that comes to nothing at a client", () => {
  it("is told with the code of what went wrong", async (t) => {
    const failed = record(t, "openline:client:handshake-refused");
    const limits = record(t, "openline:client:limit");
    const server = await serve({ port: 0, host: "127.0.0.1", accept: () => new Promise<undefined>(() => {}) });
    const { url } = server;
    const hasGivenUp = AbortSignal.timeout(1);
    await assert.rejects(connect(url, { signal: hasGivenUp }));
    await assert.rejects(connect(url, { handshakeTimeoutMs: 50 }), { code: "handshake-timeout" });
    await server.close();
    await assert.rejects(connect(url), { code: "connect-failed" });
    await assert.rejects(connect("ftp://nowhere"), { code: "url-invalid" });
    assert.deepEqual(
      failed.map(({ code, status }) => [code, status]),
      [
        ["aborted", undefined],
        ["handshake-timeout", undefined],
        ["connect-failed", undefined],
      ],
    );
    assert.ok(failed[2]?.error);
    assert.deepEqual(
      limits.map(({ rule }) => [rule.code, rule.limit]),
      [["handshake-timeout", 50]],
    );
  });
});
