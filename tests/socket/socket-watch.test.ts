import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "#src/protocol/index.js";
import { HeartbeatTimeoutError, IdleTimeoutError, SendTimeoutError } from "#src/socket/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import {
  createEndpoint,
  deferred,
  type EndpointSetup,
  meetEachOther,
  meetRawPeer,
  type PeerMeeting,
} from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";

const heartbeat = { intervalMs: 8000, timeoutMs: 4000, jitter: 0 };
const stepMs = 500;
/** Nothing else that could be due. */
const others = { messageTimeoutMs: false, sendTimeoutMs: false, idleTimeoutMs: false } as const;

/** Lets time pass in small pieces, with everything that follows from each. */
async function pass({ platform, idle }: Pick<PeerMeeting, "platform" | "idle">, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    platform.clock.advance(stepMs);
    await idle();
  }
}

describe("§5.5.2 heartbeats", () => {
  const setup: EndpointSetup = { heartbeat, ...others };

  for (const role of ["server", "client"] as const) {
    it(`of a ${role} are pings after intervalMs of silence, one at a time`, async () => {
      const meeting = meetRawPeer(role, setup);
      await pass(meeting, 8000);
      assert.deepEqual(meeting.peer.lines, []);
      await pass(meeting, 1000);
      assert.deepEqual(meeting.peer.lines, ["ping"]);
      await pass(meeting, 3000);
      assert.deepEqual(meeting.peer.lines, ["ping"]);
      meeting.peer.send({ opcode: 10 });
      await meeting.idle();
      await pass(meeting, 8000);
      assert.deepEqual(meeting.peer.lines, ["ping"]);
      await pass(meeting, 1000);
      assert.deepEqual(meeting.peer.lines, ["ping", "ping"]);
    });

    it(`of a ${role} terminate a peer of which nothing came within timeoutMs after the ping`, async () => {
      const meeting = meetRawPeer(role, setup);
      await pass(meeting, 12_500);
      assert.equal(meeting.stream.isDestroyed, false);
      await pass(meeting, 1500);
      assert.equal(meeting.stream.isDestroyed, true);
      const report = await meeting.socket.closed;
      assert.deepEqual([report.outcome, report.code, report.initiator], ["dropped", 1006, "us"]);
      assert.ok(report.cause instanceof HeartbeatTimeoutError);
      assert.equal(report.cause.limit, 4000);
      assert.ok(report.cause.observed >= 12_000);
      assert.equal(meeting.platform.clock.pendingTimers, 0);
    });
  }

  it("take any octet for a sign of life, be it of a frame that does not end", async () => {
    const meeting = meetRawPeer("server", setup);
    const octets = meeting.peer.encode({ opcode: 2, payload: "01234567" });
    for (const octet of octets) {
      await pass(meeting, 7000);
      meeting.peer.sendOctets(Uint8Array.of(octet));
      await meeting.idle();
    }
    assert.deepEqual(meeting.peer.lines, []);
    await pass(meeting, 9000);
    meeting.peer.sendOctets(octets.subarray(0, 1));
    await pass(meeting, 7000);
    assert.deepEqual([meeting.peer.lines, meeting.socket.readyState], [["ping"], "open"]);
  });

  it("of many sockets take one timer together", () => {
    const platform = createFakePlatform();
    const [stream] = createMemoryPair({ defer: () => {} });
    for (let count = 0; count < 1000; count++) createEndpoint("server", stream, platform, setup).open();
    assert.equal(platform.clock.pendingTimers, 1);
  });

  it("can be done without", async () => {
    const meeting = meetRawPeer("server", { heartbeat: false, ...others });
    assert.equal(meeting.platform.clock.pendingTimers, 0);
    await pass(meeting, 100_000);
    assert.deepEqual([meeting.peer.lines, meeting.socket.readyState], [[], "open"]);
  });

  it("come earlier by a part of jitter, each at another moment", async () => {
    const setups = { heartbeat: { ...heartbeat, jitter: 0.5 }, ...others };
    const meeting = meetRawPeer("server", setups);
    const gaps = new Set<number>();
    for (let beat = 1; beat <= 20; beat++) {
      let gapMs = 0;
      for (; meeting.peer.frames.length < beat; gapMs += stepMs) await pass(meeting, stepMs);
      gaps.add(gapMs);
      meeting.peer.send({ opcode: 10 });
      await meeting.idle();
      assert.ok(gapMs >= 4000 && gapMs <= 9000, `${gapMs} ms`);
    }
    assert.ok(gaps.size >= 5);
  });

  it("are answered by the other end, so that two that are silent stay together", async () => {
    const { server, client, platform, idle } = meetEachOther({ server: setup, client: setup });
    await pass({ platform, idle }, 200_000);
    assert.deepEqual([server.readyState, client.readyState], ["open", "open"]);
  });

  it("answer the pings of the application that were sent before (§5.5.3)", async () => {
    const meeting = meetRawPeer("server", setup);
    const roundTrip = meeting.socket.ping();
    await pass(meeting, 9000);
    const [first, second] = meeting.peer.frames;
    assert.deepEqual(second?.payload, first?.payload);
    meeting.peer.send({ opcode: 10, payload: second?.payload ?? "" });
    assert.equal(await roundTrip, 9000);
  });

  it("end with the connection's closing handshake, which has a deadline of its own", async () => {
    const meeting = meetRawPeer("server", { ...setup, closeTimeoutMs: 60_000 });
    void meeting.socket.close();
    await pass(meeting, 50_000);
    assert.deepEqual(meeting.peer.lines, ["close 1000"]);
    assert.equal(meeting.stream.isDestroyed, false);
  });
});

describe("a peer that we do not read from", () => {
  it("is not judged by its silence, hears that we are there, and is judged again when we read on", async () => {
    const gate = deferred();
    const setup = { heartbeat, ...others, maxInboxBytes: 1, message: () => gate.promise };
    const meeting = meetRawPeer("server", setup);
    meeting.peer.sendText("one", "two", "three");
    await meeting.idle();
    assert.equal(meeting.stream.isPaused, true);
    await pass(meeting, 33_000);
    assert.equal(meeting.socket.readyState, "open");
    assert.deepEqual(meeting.peer.lines, ["pong", "pong", "pong", "pong"]);
    gate.resolve();
    await meeting.idle();
    assert.equal(meeting.stream.isPaused, false);
    await pass(meeting, 7500);
    assert.equal(meeting.peer.lines.length, 4);
    await pass(meeting, 1500);
    assert.equal(meeting.peer.lines.at(-1), "ping");
    await pass(meeting, 5000);
    assert.ok((await meeting.socket.closed).cause instanceof HeartbeatTimeoutError);
  });

  it("does not pay for that with a message that it is in the midst of", async () => {
    const setup = {
      ...others,
      heartbeat: false as const,
      messageTimeoutMs: 4000,
      rateLimit: { controlFramesPerSecond: 0.05 },
    };
    const meeting = meetRawPeer("server", setup);
    meeting.peer.send({ opcode: 1, fin: false, payload: "begun" });
    await pass(meeting, 2000);
    meeting.peer.send({ opcode: 9 }, { opcode: 9 });
    await meeting.idle();
    assert.equal(meeting.stream.isPaused, true);
    await pass(meeting, 20_000);
    assert.equal(meeting.stream.isPaused, false);
    await pass(meeting, 1500);
    assert.equal(meeting.socket.readyState, "open");
    await pass(meeting, 3000);
    assert.equal(meeting.peer.lines.at(-1), "close 1008 message-timeout");
  });
});

describe("a peer that does not read", () => {
  const narrow = { capacityBytes: 1000 };

  for (const role of ["server", "client"] as const) {
    it(`is terminated when it has taken nothing from a ${role} for sendTimeoutMs`, async () => {
      const meeting = meetRawPeer(role, { heartbeat, ...others, sendTimeoutMs: 16_000 }, narrow);
      meeting.peer.stream.pause();
      meeting.socket.send(new Uint8Array(5000));
      await pass(meeting, 15_500);
      assert.equal(meeting.socket.readyState, "open");
      await pass(meeting, 2000);
      const report = await meeting.socket.closed;
      assert.equal(report.initiator, "us");
      assert.ok(report.cause instanceof SendTimeoutError);
      assert.equal(report.cause.limit, 16_000);
      assert.ok(report.cause.observed >= 5000);
      assert.equal(meeting.platform.clock.pendingTimers, 0);
    });
  }

  it("has a deadline, too, when it has ended its side meanwhile", async () => {
    const setup = { heartbeat, ...others, sendTimeoutMs: 16_000, highWaterMarkBytes: 10 };
    const meeting = meetRawPeer("server", setup, narrow);
    meeting.peer.stream.pause();
    meeting.socket.send(new Uint8Array(5000));
    await meeting.idle();
    meeting.peer.stream.end();
    await pass(meeting, 19_000);
    assert.ok((await meeting.socket.closed).cause instanceof SendTimeoutError);
  });

  it("lives as long as it takes something, however little", async () => {
    const setup = { heartbeat, ...others, sendTimeoutMs: 4000 };
    const meeting = meetRawPeer("server", setup, { capacityBytes: 1000, nextChunkBytes: () => 10 });
    const { stream } = meeting.peer;
    stream.pause();
    meeting.socket.send(new Uint8Array(5000));
    for (let round = 0; round < 20; round++) {
      await pass(meeting, 3000);
      stream.resume();
      meeting.platform.clock.advance(0);
      await new Promise((resolve) => setImmediate(resolve));
      stream.pause();
      await meeting.idle();
    }
    assert.equal(meeting.socket.readyState, "open");
    await pass(meeting, 6000);
    assert.ok((await meeting.socket.closed).cause instanceof SendTimeoutError);
  });

  it("is not judged by its silence, since our ping may stand behind what it does not take", async () => {
    const meeting = meetRawPeer("server", { heartbeat, ...others, highWaterMarkBytes: 100_000 }, narrow);
    meeting.peer.stream.pause();
    meeting.socket.send(new Uint8Array(5000));
    await meeting.idle();
    const before = meeting.socket.bufferedBytes;
    await pass(meeting, 50_000);
    assert.equal(meeting.socket.readyState, "open");
    assert.equal(meeting.socket.bufferedBytes, before);
    meeting.peer.stream.resume();
    await meeting.idle();
    await pass(meeting, 8000);
    assert.equal(meeting.peer.lines.at(-1), "ping");
    assert.equal(meeting.peer.lines.filter((line) => line === "ping").length, 1);
  });

  it("has as long as ever to answer a ping that had to wait for it", async () => {
    const meeting = meetRawPeer("server", { heartbeat, ...others, highWaterMarkBytes: 100_000 }, narrow);
    await pass(meeting, 9000);
    assert.deepEqual(meeting.peer.lines, ["ping"]);
    meeting.peer.stream.pause();
    meeting.socket.send(new Uint8Array(5000));
    await pass(meeting, 6000);
    meeting.peer.stream.resume();
    await meeting.idle();
    await pass(meeting, 3500);
    assert.equal(meeting.socket.readyState, "open");
    await pass(meeting, 2000);
    assert.ok((await meeting.socket.closed).cause instanceof HeartbeatTimeoutError);
  });
});

describe("a message that does not end", () => {
  const setup: EndpointSetup = { heartbeat: false, ...others, messageTimeoutMs: 8000 };

  it("fails its connection with 1008 after messageTimeoutMs, however its octets trickle", async () => {
    const meeting = meetRawPeer("server", setup);
    meeting.peer.send({ opcode: 2, fin: false, payload: "a" });
    for (let round = 0; round < 7; round++) {
      await pass(meeting, 1000);
      meeting.peer.send({ opcode: 0, fin: false, payload: "b" });
    }
    await pass(meeting, 1000);
    assert.equal(meeting.socket.readyState, "open");
    await pass(meeting, 2000);
    assert.deepEqual(meeting.peer.lines, ["close 1008 message-timeout"]);
    meeting.peer.stream.end();
    const { outcome, code, cause } = await meeting.socket.closed;
    assert.deepEqual([outcome, code], ["failed", 1008]);
    assert.ok(cause instanceof ProtocolError);
    assert.deepEqual([cause.code, cause.limit], ["message-timeout", 8000]);
    assert.ok((cause.observed ?? 0) >= 8000);
  });

  it("is one in a single frame, too", async () => {
    const meeting = meetRawPeer("client", setup);
    meeting.peer.sendOctets(meeting.peer.encode({ opcode: 2, payload: "0123456789" }).subarray(0, 5));
    await pass(meeting, 10_000);
    assert.deepEqual(meeting.peer.lines, ["close 1008 message-timeout"]);
  });

  it("is not one of many that come in pieces, one after the other", async () => {
    const received: unknown[] = [];
    const meeting = meetRawPeer("server", { ...setup, message: (_socket, message) => void received.push(message) });
    for (let round = 0; round < 20; round++) {
      meeting.peer.send({ opcode: 1, fin: false, payload: "a" });
      await pass(meeting, 1500);
      meeting.peer.send({ opcode: 0, payload: "b" });
    }
    await meeting.idle();
    assert.equal(received.length, 20);
    assert.equal(meeting.socket.readyState, "open");
  });

  it("may take any time where messageTimeoutMs is false", async () => {
    const meeting = meetRawPeer("server", { heartbeat: false, ...others });
    meeting.peer.send({ opcode: 2, fin: false, payload: "a" });
    await pass(meeting, 200_000);
    assert.equal(meeting.socket.readyState, "open");
  });
});

describe("a socket that has nothing to say", () => {
  it("is closed with 1001 after idleTimeoutMs; pings and pongs are no messages", async () => {
    const meeting = meetRawPeer("server", { heartbeat: false, ...others, idleTimeoutMs: 8000 });
    for (let round = 0; round < 9; round++) {
      await pass(meeting, 1000);
      meeting.peer.send({ opcode: 9 }, { opcode: 10 });
    }
    await pass(meeting, 1000);
    assert.equal(meeting.peer.lines.at(-1), "close 1001");
    meeting.peer.sendClose(1001);
    meeting.peer.stream.end();
    const { wasClean, cause } = await meeting.socket.closed;
    assert.equal(wasClean, true);
    assert.ok(cause instanceof IdleTimeoutError);
    assert.equal(cause.limit, 8000);
    assert.ok(cause.observed >= 8000);
  });

  it("lives on with each message, received or sent", async () => {
    const meeting = meetRawPeer("server", { heartbeat: false, ...others, idleTimeoutMs: 8000, message: () => {} });
    for (let round = 0; round < 6; round++) {
      await pass(meeting, 7000);
      if (round % 2 === 0) meeting.peer.sendText("here");
      else meeting.socket.send("here");
      await meeting.idle();
    }
    assert.equal(meeting.socket.readyState, "open");
  });
});
