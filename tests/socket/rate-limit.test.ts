import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "#src/protocol/index.js";
import type { RateLimitOptions } from "#src/socket/index.js";
import { resolveRateLimit } from "#src/socket/rate-limit.js";
import { type EndpointSetup, meetRawPeer } from "../support/endpoints.js";

/** No other deadlines, so that the clock may be moved. */
const noDeadlines = { heartbeat: false, messageTimeoutMs: false, sendTimeoutMs: false } as const;

function limited(rateLimit: RateLimitOptions): EndpointSetup & { readonly received: unknown[] } {
  const received: unknown[] = [];
  return { ...noDeadlines, rateLimit, received, message: (_socket, message) => void received.push(message) };
}

describe("the options of rate limits", () => {
  it("limit nothing by default", () => {
    assert.equal(resolveRateLimit(undefined), undefined);
    assert.equal(resolveRateLimit({}), undefined);
    assert.equal(resolveRateLimit({ policy: "close" }), undefined);
  });

  it("let come at once what may come in a second, and one at least", () => {
    assert.deepEqual(resolveRateLimit({ messagesPerSecond: 2.5, bytesPerSecond: 1000, burstBytes: 5000 }), {
      messages: { perSecond: 2.5, burst: 2 },
      octets: { perSecond: 1000, burst: 5000 },
      controlFrames: undefined,
      policy: "pause",
    });
    assert.deepEqual(resolveRateLimit({ controlFramesPerSecond: 0.1 })?.controlFrames, { perSecond: 0.1, burst: 1 });
  });

  it("refuse what is none", () => {
    for (const name of ["messagesPerSecond", "bytesPerSecond", "controlFramesPerSecond"] as const) {
      for (const value of [0, -1, Number.NaN, Infinity, "5", null]) {
        assert.throws(() => resolveRateLimit({ [name]: value }), {
          code: "invalid-limit",
          message: new RegExp(name),
        });
      }
    }
    for (const burstMessages of [0, 1.5, "5"]) {
      const options = { messagesPerSecond: 5, burstMessages } as unknown as RateLimitOptions;
      assert.throws(() => resolveRateLimit(options), { code: "invalid-limit", message: /burstMessages/ });
    }
    assert.throws(() => resolveRateLimit({ burstBytes: 5 }), { code: "invalid-argument", message: /bytesPerSecond/ });
    for (const given of [{ policy: "ignore" }, true, null]) {
      assert.throws(() => resolveRateLimit(given as unknown as RateLimitOptions), { code: "invalid-argument" });
    }
  });
});

describe('a peer that sends too fast, with "pause"', () => {
  it("is not read from until it may send again; nothing is lost, and what is held is in order", async () => {
    const setup = limited({ messagesPerSecond: 10, burstMessages: 3, policy: "pause" });
    const { peer, platform, stream, idle } = meetRawPeer("server", setup);
    const texts = Array.from({ length: 10 }, (_, index) => String(index));
    peer.sendText(...texts);
    await idle();
    // As many as may come at once, and the one that was too much.
    assert.deepEqual(setup.received, ["0", "1", "2", "3"]);
    assert.equal(stream.isPaused, true);
    platform.clock.advance(99);
    assert.equal(setup.received.length, 4);
    platform.clock.advance(1);
    assert.equal(setup.received.length, 5);
    platform.clock.advance(10_000);
    await idle();
    assert.deepEqual(setup.received, texts);
    assert.equal(stream.isPaused, false);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("is stopped by octets, too, also those of a message that does not end", async () => {
    const setup = limited({ bytesPerSecond: 1000 });
    const { peer, platform, stream, idle } = meetRawPeer("server", setup, { nextChunkBytes: () => 500 });
    peer.send({ opcode: 2, fin: false, payload: new Uint8Array(3000) });
    await idle();
    assert.equal(stream.isPaused, true);
    assert.equal(peer.unsentBytes, 0);
    platform.clock.advance(499);
    assert.equal(stream.isPaused, true);
    platform.clock.advance(1);
    assert.equal(stream.isPaused, false);
  });

  it("is stopped by pings, of which each that was read is answered", async () => {
    const setup = limited({ controlFramesPerSecond: 10, burstControlFrames: 2 });
    const { peer, platform, idle } = meetRawPeer("server", setup);
    const pings = Array.from({ length: 6 }, (_, index) => peer.encode({ opcode: 9, payload: String(index) }));
    peer.sendOctets(Buffer.concat(pings));
    await idle();
    assert.equal(peer.frames.length, 3);
    platform.clock.advance(5000);
    await idle();
    assert.deepEqual(
      peer.frames.map(({ payload }) => Buffer.from(payload).toString()),
      ["0", "1", "2", "3", "4", "5"],
    );
  });

  it("can still close, and be closed: this side reads on for its Close frame", async () => {
    const setup = limited({ messagesPerSecond: 1 });
    const { socket, peer, stream, idle } = meetRawPeer("server", setup);
    peer.sendText("1", "2", "3", "4");
    await idle();
    assert.equal(stream.isPaused, true);
    const closed = socket.close(1000);
    peer.sendClose(1000);
    await idle();
    peer.stream.end();
    assert.equal((await closed).wasClean, true);
    assert.deepEqual(setup.received, ["1", "2", "3", "4"]);
  });

  it("leaves no timer behind when it goes", async () => {
    const { socket, peer, platform, idle } = meetRawPeer("server", limited({ messagesPerSecond: 1 }));
    peer.sendText("1", "2", "3");
    await idle();
    socket.terminate();
    await socket.closed;
    assert.equal(platform.clock.pendingTimers, 0);
  });
});

describe('a peer that sends too fast, with "close"', () => {
  for (const [code, rateLimit, send] of [
    ["message-rate", { messagesPerSecond: 3 }, { opcode: 1, payload: "x" }],
    ["control-frame-rate", { controlFramesPerSecond: 3 }, { opcode: 10 }],
    ["octet-rate", { bytesPerSecond: 30 }, { opcode: 2, payload: "12345678" }],
  ] as const) {
    it(`is closed with 1008, and the report says ${code}`, async () => {
      const setup = limited({ ...rateLimit, policy: "close" });
      const { socket, peer, platform, idle } = meetRawPeer("server", setup);
      for (let round = 0; round < 3; round++) {
        peer.send(send, send);
        await idle();
        platform.clock.advance(1000);
      }
      assert.equal(socket.readyState, "open");
      peer.send(send, send, send, send, send);
      await idle();
      assert.equal(peer.lines.at(-1), `close 1008 ${code}`);
      peer.stream.end();
      const { outcome, code: closeCode, cause } = await socket.closed;
      assert.deepEqual([outcome, closeCode], ["failed", 1008]);
      assert.ok(cause instanceof ProtocolError);
      assert.equal(cause.code, code);
      assert.ok((cause.observed ?? 0) > (cause.limit ?? Infinity));
    });
  }

  it("is told of in whole messages, also where a part of one had come back", async () => {
    const setup = limited({ messagesPerSecond: 3, policy: "close" });
    const { socket, peer, platform, idle } = meetRawPeer("server", setup);
    peer.sendText("1", "2", "3");
    await idle();
    platform.clock.advance(100);
    peer.sendText("4");
    await idle();
    peer.stream.end();
    const { rule } = await socket.closed;
    assert.deepEqual([rule?.observed, rule?.limit], [4, 3]);
  });

  it("may answer our pings, however many they are", async () => {
    const setup = limited({ controlFramesPerSecond: 1, policy: "close" });
    const { socket, peer, idle } = meetRawPeer("server", setup);
    const roundTrips = Array.from({ length: 5 }, () => socket.ping());
    await idle();
    peer.send(...peer.frames.map(({ payload }) => ({ opcode: 10, payload })));
    await Promise.all(roundTrips);
    assert.equal(socket.readyState, "open");
    // What answers none is counted as before.
    peer.send({ opcode: 10, payload: "1" }, { opcode: 10, payload: "2" });
    await idle();
    assert.equal(peer.lines.at(-1), "close 1008 control-frame-rate");
  });

  it("may answer each ping of the heartbeat once", async () => {
    const heartbeat = { intervalMs: 800, timeoutMs: 800, jitter: 0 };
    const setup = { ...limited({ controlFramesPerSecond: 0.001, policy: "close" }), heartbeat };
    const { socket, peer, platform, idle } = meetRawPeer("server", setup);
    for (let answered = 0; answered < 5; ) {
      platform.clock.advance(100);
      await idle();
      if (peer.frames.length === answered) continue;
      answered++;
      peer.send({ opcode: 10 });
      await idle();
    }
    assert.equal(socket.readyState, "open");
    peer.send({ opcode: 10 }, { opcode: 10 });
    await idle();
    assert.equal(peer.lines.at(-1), "close 1008 control-frame-rate");
  });

  it("has no message delivered beyond the limit", async () => {
    const setup = limited({ messagesPerSecond: 3, policy: "close" });
    const { peer, idle } = meetRawPeer("server", setup);
    peer.sendText("1", "2", "3", "4", "5");
    await idle();
    assert.deepEqual(setup.received, ["1", "2", "3"]);
  });
});

describe("a peer whose messages come in a heap since our process was stopped", () => {
  const stopped = (policy: "close" | "drop"): ReturnType<typeof limited> => ({
    ...limited({ messagesPerSecond: 10, policy }),
    heartbeat: { intervalMs: 80_000, timeoutMs: 80_000, jitter: 0 },
  });

  for (const [policy, isRead] of [
    ["close", "before"],
    ["close", "after"],
    ["drop", "before"],
    ["drop", "after"],
  ] as const) {
    it(`may have sent them one by one, with "${policy}", read ${isRead} timers that are late`, async () => {
      const setup = stopped(policy);
      const { socket, peer, platform, idle } = meetRawPeer("server", setup);
      await idle();
      platform.clock.sleep(5000);
      if (isRead === "after") platform.clock.advance(0);
      peer.sendText(...Array.from({ length: 50 }, (_, index) => String(index)));
      await idle();
      assert.deepEqual([setup.received.length, socket.readyState, socket.droppedMessages], [50, "open", 0]);
      if (isRead === "before") platform.clock.advance(0);
      // More than may come in that time is too much, once and for all.
      peer.sendText(...Array.from({ length: 20 }, () => "more"));
      await idle();
      assert.ok(setup.received.length < 65);
      assert.ok(policy === "close" ? socket.readyState === "closing" : socket.droppedMessages > 0);
    });
  }
});

describe('a peer that sends too fast, with "drop"', () => {
  it("loses what is too much, and that is counted", async () => {
    const setup = limited({ messagesPerSecond: 2, policy: "drop" });
    const { socket, peer, platform, idle } = meetRawPeer("server", setup);
    peer.sendText("1", "2", "3", "4");
    peer.send({ opcode: 2, payload: "binary" });
    await idle();
    assert.deepEqual([setup.received, socket.droppedMessages], [["1", "2"], 3]);
    platform.clock.advance(500);
    peer.sendText("5", "6");
    await idle();
    assert.deepEqual([setup.received, socket.droppedMessages], [["1", "2", "5"], 4]);
    assert.equal(socket.readyState, "open");
  });

  it("loses messages while it owes octets", async () => {
    const setup = limited({ bytesPerSecond: 100, policy: "drop" });
    const { socket, peer, platform, stream, idle } = meetRawPeer("server", setup);
    peer.sendText("x".repeat(194));
    await idle();
    peer.sendText("lost");
    await idle();
    assert.deepEqual([setup.received.length, socket.droppedMessages, stream.isPaused], [1, 1, false]);
    platform.clock.advance(2000);
    peer.sendText("there");
    await idle();
    assert.equal(setup.received.at(-1), "there");
  });

  it("loses no ping", async () => {
    const setup = limited({ controlFramesPerSecond: 1, policy: "drop" });
    const { peer, platform, stream, idle } = meetRawPeer("server", setup);
    peer.send({ opcode: 9 }, { opcode: 9 });
    await idle();
    assert.equal(stream.isPaused, true);
    assert.equal(peer.frames.length, 2);
    platform.clock.advance(1000);
    assert.equal(stream.isPaused, false);
  });

  it("has dropped nothing where nothing is limited", () => {
    assert.equal(meetRawPeer("server").socket.droppedMessages, 0);
  });
});
