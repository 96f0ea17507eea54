/**
 * Sockets with permessage-deflate (RFC 7692), while long messages are compressed and inflated on another thread, which
 * here works only when it is told to.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CloseReport, Message } from "#src/index.js";
import type { DeflateContext } from "#src/protocol/index.js";
import { createDeflateContext, ProtocolError } from "#src/protocol/index.js";
import { prepareMessage } from "#src/socket/prepared-message.js";
import type { MemoryPairOptions } from "#src/transport/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated, JudgeInflater, rsv1 } from "../support/deflate.js";
import type { EndpointSetup, PeerMeeting, Role } from "../support/endpoints.js";
import { deferred, meetRawPeer } from "../support/endpoints.js";
import { concat, hexOf } from "../support/octets.js";
import { jsonSample, noise } from "../support/samples.js";

const roles: readonly Role[] = ["server", "client"];

interface CompressingMeeting extends PeerMeeting {
  readonly compressor: SteeredCompressor;
  readonly context: DeflateContext;
  /** What the handlers were told, in order. */
  readonly told: string[];
  /** The messages that the peer has received. */
  readonly atPeer: () => Promise<string[]>;
  /** Does all jobs, and what follows from them. */
  readonly settle: () => Promise<void>;
}

function meet(
  role: Role,
  { isIterated = false, ...setup }: EndpointSetup & { readonly isIterated?: boolean } = {},
  memory: Partial<MemoryPairOptions> = { capacityBytes: 1_000_000 },
): CompressingMeeting {
  const compressor = new SteeredCompressor();
  const context = createDeflateContext(compressor);
  const told: string[] = [];
  const meeting = meetRawPeer(
    role,
    {
      chain: deflateChain(context, role),
      ...(isIterated ? {} : { message: (_socket, message) => void told.push(`message ${message.length}`) }),
      drain: () => void told.push("drain"),
      close: (_socket, report: CloseReport) => void told.push(`close ${report.outcome}`),
      error: (error) => void told.push(`error ${String(error)}`),
      ...setup,
    },
    memory,
  );
  const judge = (): JudgeInflater => new JudgeInflater({ windowBits: 15, takesOver: true });
  return {
    ...meeting,
    compressor,
    context,
    told,
    atPeer: async () =>
      (await judge().messages(meeting.peer.frames)).map((message) => Buffer.from(message).toString("latin1")),
    settle: async () => {
      do {
        await compressor.all();
        await meeting.idle();
      } while (compressor.waiting > 0);
    },
  };
}

/** Compresses to little. */
const long = jsonSample(100_000, 1);
/** Inflates on another thread: it is long, compressed or not. */
const incoming = concat(jsonSample(5000, 2), noise(80_000, 1));
const compressedIncoming = { opcode: 2, rsv: rsv1, payload: deflated(incoming) };

for (const role of roles) {
  describe(`sending on a ${role}'s socket while a long message is compressed`, () => {
    it("keeps the order of everything, counts what waits, and lets pings pass", async () => {
      const { socket, peer, compressor, atPeer, settle, idle } = meet(role, { highWaterMarkBytes: 1_000_000 });
      assert.equal(socket.send(long).status, "sent");
      const short = Uint8Array.from(Buffer.from("short"));
      assert.equal(socket.send(short).status, "sent");
      // Whoever sends less than 16 KiB may change it as soon as `send` has returned.
      short.fill(0);
      socket.send("text");
      socket.send(prepareMessage("prepared", nodeText));
      socket.send("x".repeat(70_000));
      socket.send("last", { compress: false });
      assert.equal(socket.bufferedBytes, 100_000 + 5 + 4 + 10 + 70_000 + 4);
      const roundTrip = socket.ping();
      await idle();
      assert.match(peer.lines.join(), /^ping \w+$/u);
      peer.send({ opcode: 10, payload: peer.frames[0]!.payload });
      peer.send({ opcode: 9, payload: "?" });
      await roundTrip;
      await idle();
      assert.equal(peer.lines.at(-1), "pong 3f");
      assert.equal(compressor.waiting, 1);
      await settle();
      assert.deepEqual(await atPeer(), [
        Buffer.from(long).toString("latin1"),
        "short",
        "text",
        "prepared",
        "x".repeat(70_000),
        "last",
      ]);
      assert.equal(socket.bufferedBytes, 0);
    });

    it('answers "buffered" above the high-water mark; `ready` and `drain` come when it is done', async () => {
      const { socket, told, settle, idle } = meet(role, { highWaterMarkBytes: 50_000 });
      assert.equal(socket.send(long).status, "buffered");
      let isReady = false;
      const ready = socket.ready().then(() => {
        isReady = true;
      });
      await idle();
      assert.deepEqual([isReady, told], [false, []]);
      await settle();
      await ready;
      assert.deepEqual(told, ["drain"]);
      assert.equal(socket.send("more").status, "sent");
    });

    it("comes to `ready` and `drain` also where what it becomes is long", async () => {
      const { socket, told, settle } = meet(role, {}, { capacityBytes: 10_000_000 });
      const incompressible = noise(300_000, 4);
      assert.equal(socket.send(incompressible).status, "buffered");
      const ready = socket.ready();
      await settle();
      await ready;
      assert.deepEqual(told, ["drain"]);
    });

    it("reads on when it is done, where a server had stopped to read", async () => {
      const { socket, peer, told, stream, settle, idle } = meet(role);
      socket.send(long);
      peer.sendText("are you there?");
      await idle();
      assert.equal(stream.isPaused, role === "server");
      await settle();
      assert.equal(stream.isPaused, false);
      assert.ok(told.includes("message 14"));
    });

    it("closes a slow peer at maxSendBufferBytes, and refuses with `slowPeer: refuse`", async () => {
      const refusing = meet(role, { maxSendBufferBytes: 100_000, slowPeer: "refuse" });
      refusing.socket.send(long);
      assert.deepEqual(refusing.socket.send("more"), { ok: false, status: "refused", reason: "buffer-full" });
      await refusing.settle();
      assert.equal(refusing.socket.send("more").status, "sent");

      const closing = meet(role, { maxSendBufferBytes: 100_000 });
      closing.socket.send(long);
      assert.equal(closing.socket.send("more").ok, false);
      await closing.settle();
      assert.equal((await closing.socket.closed).cause?.name, "SlowPeerError");
      assert.deepEqual(closing.told, ["close dropped"]);
    });

    it("sends the Close frame last, and then nothing: the close is clean", async () => {
      const { socket, peer, told, settle, idle } = meet(role);
      socket.send(long);
      socket.send("behind");
      const closed = socket.close(4000, "done");
      assert.equal(socket.readyState, "closing");
      assert.deepEqual(socket.send("late"), { ok: false, status: "refused", reason: "closing" });
      await idle();
      assert.equal(peer.frames.length, 0);
      await settle();
      assert.deepEqual(
        peer.lines.map((line) => line.split(" ")[0]),
        ["binary", "text", "close"],
      );
      peer.sendClose(4000);
      peer.stream.end();
      assert.equal((await closed).wasClean, true);
      assert.deepEqual(
        told.filter((line) => line !== "drain"),
        ["close closed-by-us"],
      );
    });

    it("answers the peer's Close frame behind what was sent before", async () => {
      const { socket, peer, settle, idle } = meet(role);
      socket.send(long);
      // A server that is stuck reads nothing, so that the Close frame comes when it reads on.
      peer.sendClose(4001);
      await idle();
      await settle();
      assert.deepEqual(
        peer.lines.map((line) => line.split(" ")[0]),
        ["binary", "close"],
      );
      peer.stream.end();
      assert.equal((await socket.closed).code, 4001);
    });

    it("is over at once when it is terminated, or the peer cuts the stream; the rest is never sent", async () => {
      for (const end of ["terminate", "reset"] as const) {
        const { socket, peer, told, compressor, context, settle, idle } = meet(role);
        socket.send(long);
        socket.send("behind");
        const ready = assert.rejects(socket.ready(), { name: "ConnectionClosedError" });
        if (end === "terminate") socket.terminate();
        else peer.stream.destroy();
        await idle();
        await ready;
        const report = await socket.closed;
        assert.equal(report.outcome, "dropped");
        assert.equal(compressor.waiting, 1, "the job is still under way");
        assert.equal(socket.bufferedBytes, 0);
        await settle();
        assert.deepEqual(told, ["close dropped"]);
        assert.deepEqual(peer.lines, []);
        assert.equal(context.memory.lentBytes + context.memory.reservedBytes, 0);
      }
    });

    it("is cut by the close timer where the other thread never comes back", async () => {
      const { socket, platform, told, settle, idle } = meet(role, { closeTimeoutMs: 100 });
      socket.send(long);
      const closed = socket.close();
      await idle();
      platform.clock.advance(100);
      await idle();
      assert.equal((await closed).cause?.name, "CloseTimeoutError");
      await settle();
      assert.deepEqual(told, ["close dropped"]);
    });
  });

  describe(`receiving on a ${role}'s socket while a long message is inflated`, () => {
    it("keeps the order, and reads no more meanwhile", async () => {
      const { peer, stream, told, settle, idle } = meet(role);
      peer.send(compressedIncoming, { opcode: 1, payload: "b" }, compressedIncoming, { opcode: 1, payload: "cc" });
      await idle();
      assert.deepEqual([stream.isPaused, told], [true, []]);
      await settle();
      assert.deepEqual(told, ["message 85000", "message 1", "message 85000", "message 2"]);
      assert.equal(stream.isPaused, false);
    });

    it("waits for an async handler as well", async () => {
      const gate = deferred();
      const begun: number[] = [];
      const { peer, stream, settle } = meet(role, {
        maxInboxBytes: 1,
        message: (_socket, message) => {
          begun.push(message.length);
          return gate.promise;
        },
      });
      peer.send({ opcode: 1, payload: "a" }, compressedIncoming, { opcode: 1, payload: "bb" });
      await settle();
      assert.deepEqual([begun, stream.isPaused], [[1], true]);
      gate.resolve();
      await settle();
      assert.deepEqual([begun, stream.isPaused], [[1, 85_000, 2], false]);
    });

    it("gives a message of its own to an iterator", async () => {
      const messages: Message[] = [];
      const { socket, peer, settle } = meet(role, { isIterated: true });
      peer.send(compressedIncoming);
      const first = socket[Symbol.asyncIterator]().next();
      await settle();
      const { value } = await first;
      messages.push(value as Message);
      assert.equal(hexOf(messages[0] as Uint8Array), hexOf(incoming));
    });

    it("delivers it before a Close frame behind it is answered, and before the report", async () => {
      const { socket, peer, told, settle, idle } = meet(role);
      peer.send(compressedIncoming);
      peer.sendClose(1000);
      await idle();
      peer.stream.end();
      await idle();
      assert.deepEqual([told, socket.readyState], [[], "open"]);
      await settle();
      assert.deepEqual(told, ["message 85000", "close closed-by-peer"]);
      assert.deepEqual(peer.lines, ["close 1000"]);
    });

    it("delivers it before the end of the stream, or its reset, is told; the report comes once", async () => {
      for (const end of ["end", "destroy"] as const) {
        const { socket, peer, told, settle, idle } = meet(role);
        peer.send(compressedIncoming, { opcode: 1, payload: "b" }, compressedIncoming);
        await idle();
        peer.stream[end]();
        await idle();
        assert.deepEqual(told, []);
        await settle();
        assert.equal((await socket.closed).outcome, "dropped");
        assert.deepEqual(told, ["message 85000", "message 1", "message 85000", "close dropped"]);
      }
    });

    it("delivers nothing after `terminate`, and reports at once", async () => {
      const { socket, peer, told, compressor, context, settle, idle } = meet(role);
      peer.send(compressedIncoming, { opcode: 1, payload: "b" });
      await idle();
      socket.terminate();
      await idle();
      assert.deepEqual([told, compressor.waiting], [["close dropped"], 1]);
      await settle();
      assert.deepEqual(told, ["close dropped"]);
      assert.equal(context.memory.reservedBytes + context.inflationMemory.takenBytes, 0);
    });

    it("delivers nothing after `terminate` when the stream is gone already", async () => {
      const { socket, peer, told, settle, idle } = meet(role);
      peer.send(compressedIncoming);
      await idle();
      peer.stream.destroy();
      await idle();
      socket.terminate();
      await settle();
      assert.deepEqual(told, ["close dropped"]);
    });

    it("still delivers after `close` has been called, until the peer's Close frame", async () => {
      const { socket, peer, told, settle, idle } = meet(role);
      peer.send(compressedIncoming);
      await idle();
      const closed = socket.close();
      await settle();
      assert.deepEqual(told, ["message 85000"]);
      peer.sendClose(1000);
      peer.stream.end();
      await closed;
      assert.deepEqual(told, ["message 85000", "close closed-by-us"]);
    });

    it("fails with 1007 on what cannot be inflated, which the report tells, and delivers nothing behind it", async () => {
      const { socket, peer, told, settle } = meet(role);
      const payload = compressedIncoming.payload.slice();
      payload.fill(0xff);
      peer.send({ ...compressedIncoming, payload }, { opcode: 1, payload: "b" });
      await settle();
      assert.match(peer.lines.join(), /^close 1007/u);
      peer.stream.end();
      const report = await socket.closed;
      assert.deepEqual([report.outcome, report.code], ["failed", 1007]);
      assert.equal((report.cause as { code?: string }).code, "compressed-data-invalid");
      assert.deepEqual(told, ["close failed"]);
    });

    it("reads on for the end when it fails for other reasons while a message is inflated", async () => {
      const { socket, peer, compressor, told, idle, settle } = meet(role);
      peer.send({ opcode: 2, rsv: rsv1, fin: false, payload: deflated(incoming) });
      await idle();
      assert.equal(compressor.waiting, 1);
      socket.fail(new ProtocolError("too-much-buffered", 2, 1));
      await settle();
      peer.stream.end();
      await idle();
      assert.deepEqual(told, ["close failed"]);
      assert.equal(socket.readyState, "closed");
    });

    it("fails while it sends: the Close frame does not wait for what is being compressed", async () => {
      const { socket, peer, compressor, told, idle, settle } = meet(role, { highWaterMarkBytes: 1_000_000 });
      socket.send(long);
      peer.send({ opcode: 3 });
      await idle();
      assert.equal(compressor.waiting, 1);
      assert.match(peer.lines.join(), /^close 1002/u);
      await settle();
      peer.stream.end();
      await socket.closed;
      assert.deepEqual([peer.lines.length, told], [1, ["close failed"]]);
    });

    it("hands a lent message to the handler, whole", async () => {
      const seen: string[] = [];
      const { peer, settle } = meet(role, {
        messageMemory: "lent",
        message: (_socket, message) => void seen.push(hexOf(message as Uint8Array)),
      });
      const short = jsonSample(3000, 5);
      peer.send({ opcode: 2, rsv: rsv1, payload: deflated(short) }, compressedIncoming);
      await settle();
      assert.deepEqual(seen, [hexOf(short), hexOf(incoming)]);
    });
  });
}

describe("sockets with permessage-deflate", () => {
  it("leave no rejection unhandled, however they end and whatever is under way", async (t) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    t.after(() => process.removeListener("unhandledRejection", note));
    for (const role of roles) {
      for (const hasMemory of [true, false]) {
        for (const end of ["close", "terminate", "reset", "violation", "throw"] as const) {
          const { socket, peer, compressor, settle, idle } = meet(role, { closeTimeoutMs: 10 });
          compressor.hasMemory = hasMemory;
          socket.send(long);
          socket.send("y".repeat(70_000));
          peer.send(compressedIncoming);
          await idle();
          if (end === "close") void socket.close();
          else if (end === "terminate") socket.terminate();
          else if (end === "reset") peer.stream.destroy();
          else if (end === "violation") peer.send({ opcode: 3 });
          await settle();
          socket.terminate();
          await settle();
          await socket.closed;
        }
      }
    }
    assert.deepEqual(unhandled, []);
  });
});
