import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionClosedError, SlowPeerError } from "#src/socket/index.js";
import type { Role } from "../support/endpoints.js";
import { meetRawPeer } from "../support/endpoints.js";
import { patternedBytes } from "../support/patterns.js";
import { turns } from "../support/task-queue.js";

const roles: readonly Role[] = ["server", "client"];

// A stream that takes next to nothing before its writer has to wait.
const narrow = { capacityBytes: 1 };

for (const role of roles) {
  describe(`what a ${role}'s send answers`, () => {
    it('is "sent" while there is room', async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      assert.deepEqual(socket.send("hello"), { ok: true, status: "sent" });
      assert.deepEqual(socket.send(Uint8Array.of(1, 2, 3)), { ok: true, status: "sent" });
      assert.deepEqual(socket.send(Uint8Array.of(1, 2, 3, 4).buffer), { ok: true, status: "sent" });
      await idle();
      assert.deepEqual(peer.lines, ["text hello", "binary 3", "binary 4"]);
      assert.equal(socket.bufferedBytes, 0);
    });

    it('is "buffered" above the high-water mark, and it leaves all the same', async () => {
      const { socket, peer, idle } = meetRawPeer(role, { highWaterMarkBytes: 100 }, narrow);
      assert.equal(socket.send("x".repeat(80)).status, "sent");
      assert.deepEqual(socket.send("y".repeat(80)), { ok: true, status: "buffered" });
      assert.ok(socket.bufferedBytes > 160);
      await idle();
      assert.equal(peer.frames.length, 2);
      assert.equal(socket.bufferedBytes, 0);
    });

    it('is "refused" while closing, and when closed', async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      void socket.close();
      for (const late of ["late", Uint8Array.of(1)]) {
        assert.deepEqual(socket.send(late), { ok: false, status: "refused", reason: "closing" });
      }
      await idle();
      peer.sendClose(1000);
      peer.stream.end();
      await socket.closed;
      assert.deepEqual(socket.send("later"), { ok: false, status: "refused", reason: "closed" });
      assert.deepEqual(peer.lines, ["close 1000"]);
    });

    it('is "refused" after a failure', async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      peer.send({ opcode: 3 });
      await idle();
      assert.equal(socket.send("late").status, "refused");
    });

    it("is an error for what is neither text nor octets, and nothing is sent", async () => {
      const { socket, peer, idle } = meetRawPeer(role);
      for (const wrong of [5, null, undefined, {}, ["a"], 10n]) {
        assert.throws(() => socket.send(wrong as string), { name: "UsageError", code: "invalid-argument" });
      }
      await idle();
      assert.deepEqual(peer.lines, []);
      assert.equal(socket.readyState, "open");
    });
  });

  describe(`a peer that does not read, and a ${role}`, () => {
    it('is cut by default, with a report that says so, and the send that found out is "refused"', async () => {
      const { socket, peer, idle } = meetRawPeer(role, { maxSendBufferBytes: 1000 }, narrow);
      peer.stream.pause();
      let accepted = 0;
      let result = socket.send("x".repeat(400));
      while (result.ok) {
        accepted++;
        await turns(2);
        result = socket.send("x".repeat(400));
      }
      assert.ok(accepted >= 3);
      assert.deepEqual(result, { ok: false, status: "refused", reason: "buffer-full" });
      assert.equal(socket.send("more").ok, false);
      const report = await socket.closed;
      assert.deepEqual([report.outcome, report.initiator], ["dropped", "us"]);
      assert.ok(report.cause instanceof SlowPeerError);
      assert.equal(report.cause.limit, 1000);
      assert.ok(report.cause.observed >= 1000);
      await idle();
      assert.equal(socket.bufferedBytes, 0);
    });

    it('lives where slowPeer is "refuse", and gets everything that was not refused once it reads', async () => {
      const setup = { maxSendBufferBytes: 1000, slowPeer: "refuse" } as const;
      const { socket, peer, idle } = meetRawPeer(role, setup, narrow);
      peer.stream.pause();
      let accepted = 0;
      for (let index = 0; index < 20; index++) {
        if (socket.send("x".repeat(400)).ok) accepted++;
        await turns(2);
      }
      assert.ok(accepted < 20);
      assert.deepEqual(socket.send("x"), { ok: false, status: "refused", reason: "buffer-full" });
      assert.equal(socket.readyState, "open");
      peer.stream.resume();
      await idle();
      assert.equal(peer.frames.length, accepted);
      assert.equal(socket.bufferedBytes, 0);
      assert.equal(socket.send("again").ok, true);
    });
  });

  describe(`waiting for room at a ${role}`, () => {
    it("ends at once where there is some", async () => {
      const { socket } = meetRawPeer(role);
      await socket.ready();
    });

    it("ends when no more than the high-water mark waits, in the turn in which it drains", async () => {
      const { socket, peer, idle } = meetRawPeer(role, { highWaterMarkBytes: 100 }, narrow);
      peer.stream.pause();
      socket.send("x".repeat(300));
      await idle();
      let isReady = false;
      const ready = socket.ready().then(() => {
        isReady = true;
      });
      await idle();
      assert.equal(isReady, false);
      peer.stream.resume();
      await ready;
      assert.ok(socket.bufferedBytes <= 100);
    });

    it("ends with an error when the connection ends first, or has ended", async () => {
      const { socket, peer, idle } = meetRawPeer(role, { highWaterMarkBytes: 100 }, narrow);
      peer.stream.pause();
      socket.send("x".repeat(300));
      const waiting = [socket.ready(), socket.ready()];
      await idle();
      peer.stream.destroy();
      for (const promise of waiting) await assert.rejects(promise, ConnectionClosedError);
      await assert.rejects(socket.ready(), (error: unknown) => {
        return error instanceof ConnectionClosedError && error.report.outcome === "dropped";
      });
    });

    it("is in vain once the connection was cut", async () => {
      let drains = 0;
      const { socket } = meetRawPeer(role, { highWaterMarkBytes: 100, drain: () => ++drains });
      assert.equal(socket.send("x".repeat(300)).status, "buffered");
      const before = socket.ready();
      socket.terminate();
      await assert.rejects(before, ConnectionClosedError);
      await assert.rejects(socket.ready(), ConnectionClosedError);
      assert.equal(drains, 0);
    });

    it("rejects at once where it begins between the cut and the end", async () => {
      const { socket } = meetRawPeer(role);
      socket.terminate();
      const ready = socket.ready();
      await assert.rejects(ready, ConnectionClosedError);
    });

    it("is never told from within send, however much leaves in the middle of the turn", async () => {
      let isSending = false;
      let drains = 0;
      const { socket, peer, stream, idle } = meetRawPeer(
        role,
        {
          highWaterMarkBytes: 100,
          drain: (self) => {
            assert.equal(isSending, false);
            drains++;
            if (drains === 1) self.send("from the drain handler");
          },
        },
        { capacityBytes: 1_000_000 },
      );
      isSending = true;
      assert.equal(socket.send("x".repeat(200)).status, "buffered");
      // More than what is written at once.
      assert.equal(socket.send("y".repeat(100_000)).status, "sent");
      assert.ok(stream.writes.length === 1 && socket.bufferedBytes === 0);
      void socket.ping().catch(() => undefined);
      isSending = false;
      assert.equal(drains, 0);
      await idle();
      assert.equal(drains, 1);
      assert.deepEqual(
        peer.frames.map(({ opcode, payload }) => [opcode, payload.byteLength]),
        [
          [1, 200],
          [1, 100_000],
          [9, 4],
          [1, 22],
        ],
      );
    });

    it("calls the drain handler once after each time that send had answered buffered", async () => {
      let drains = 0;
      const setup = { highWaterMarkBytes: 100, drain: () => ++drains };
      const { socket, peer, idle } = meetRawPeer(role, setup, narrow);
      socket.send("small");
      await idle();
      assert.equal(drains, 0);
      for (let round = 1; round <= 3; round++) {
        peer.stream.pause();
        socket.send("x".repeat(300));
        socket.send("x".repeat(300));
        await idle();
        assert.equal(drains, round - 1);
        peer.stream.resume();
        await idle();
        assert.equal(drains, round);
      }
    });

    it("lets the drain handler send, also so much that it drains again", async () => {
      let drains = 0;
      const { socket, peer, idle } = meetRawPeer(
        role,
        {
          highWaterMarkBytes: 100,
          drain: (self) => {
            drains++;
            if (drains < 5) self.send("z".repeat(300));
          },
        },
        narrow,
      );
      socket.send("x".repeat(300));
      await idle();
      assert.equal(drains, 5);
      assert.equal(peer.frames.length, 5);
    });
  });

  describe(`one write per turn at a ${role}`, () => {
    it("takes everything that a handler sends, and the promise continuations of its turn", async () => {
      const { peer, stream, idle } = meetRawPeer(role, {
        async message(socket) {
          socket.send("1");
          socket.send("2");
          await Promise.resolve();
          socket.send("3");
          await Promise.resolve();
          await Promise.resolve();
          socket.send("4");
          void Promise.resolve().then(() => socket.send("5"));
        },
      });
      peer.sendText("go");
      await idle();
      assert.deepEqual(peer.lines, ["text 1", "text 2", "text 3", "text 4", "text 5"]);
      assert.equal(stream.writes.length, 1);
    });

    it("takes the answers to all messages of one chunk", async () => {
      const { peer, stream, idle } = meetRawPeer(role, { message: (socket, message) => socket.send(message) });
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`);
      peer.sendText(...texts);
      await idle();
      assert.deepEqual(
        peer.lines,
        texts.map((text) => `text ${text}`),
      );
      assert.equal(stream.writes.length, 1);
    });

    it("takes what is sent outside of any handler, too", async () => {
      const { socket, peer, stream, idle } = meetRawPeer(role);
      await idle();
      socket.send("a");
      socket.send("b");
      await Promise.resolve();
      socket.send("c");
      void socket.ping();
      assert.equal(stream.writes.length, 0);
      await idle();
      assert.equal(stream.writes.length, 1);
      assert.equal(peer.frames.length, 4);
      void socket.closed;
    });

    it("leaves before the next turn, so before any timer or input", async () => {
      const { socket, stream } = meetRawPeer(role);
      await turns(1);
      socket.send("alone");
      await turns(1);
      assert.equal(stream.writes.length, 1);
    });

    it("takes answers to pings and Close frames along", async () => {
      const { peer, stream, idle } = meetRawPeer(role, { message: (socket) => socket.send("answer") });
      peer.sendOctets(
        Buffer.concat([
          peer.encode({ opcode: 9, payload: "p" }),
          peer.encode({ opcode: 1, payload: "q" }),
          peer.encode({ opcode: 8 }),
        ]),
      );
      await idle();
      assert.deepEqual(peer.lines, ["pong 70", "text answer", "close"]);
      assert.equal(stream.writes.length, 1);
    });

    it("does not let a burst pile up until the end of the turn", async () => {
      const { socket, stream, idle } = meetRawPeer(role, {}, { capacityBytes: 1024 * 1024 * 1024 });
      for (let index = 0; index < 100; index++) socket.send("x".repeat(10_000));
      assert.ok(stream.writes.length >= 10);
      assert.ok(Math.max(...stream.writes) < 100_000);
      await idle();
    });
  });

  describe(`what a ${role} sends is what arrives`, () => {
    for (const retainsWrites of [false, true]) {
      it(`when buffers are ${retainsWrites ? "left to the stream" : "used again"}, at every size, with a slow peer`, async () => {
        const { socket, peer, idle } = meetRawPeer(role, {}, { capacityBytes: 20_000, retainsWrites });
        const sizes = [0, 1, 125, 126, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 100_000];
        for (const [seed, size] of sizes.entries()) {
          socket.send(patternedBytes(size, seed));
          socket.send("é€😀".repeat(size / 8));
          if (seed % 2 === 0) await turns(1);
        }
        await idle();
        assert.equal(peer.frames.length, sizes.length * 2);
        for (const [seed, size] of sizes.entries()) {
          const [binary, text] = peer.frames.slice(seed * 2);
          assert.equal(Buffer.compare(binary?.payload ?? Buffer.of(1), patternedBytes(size, seed)), 0);
          assert.equal(Buffer.from(text?.payload ?? []).toString(), "é€😀".repeat(size / 8));
        }
      });
    }
  });
}

describe("§5.1 masking", () => {
  it("is done by clients, and never in the memory of whoever sends", async () => {
    const { socket, peer, idle } = meetRawPeer("client");
    const data = patternedBytes(40_000);
    socket.send(data);
    await idle();
    assert.equal(Buffer.compare(data, patternedBytes(40_000)), 0);
    assert.equal(peer.frames[0]?.isMasked, true);
  });

  it("is not done by servers", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    socket.send("open");
    await idle();
    assert.equal(peer.frames[0]?.isMasked, false);
  });
});
