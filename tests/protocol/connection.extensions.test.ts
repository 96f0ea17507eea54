/**
 * Connections with permessage-deflate: the MUSTs of RFC 7692 that a connection keeps, and the order of what takes time.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DeflateContext, DeflateContextOptions } from "#src/protocol/extensions/index.js";
import { createDeflateContext } from "#src/protocol/extensions/index.js";
import { BufferPool } from "#src/protocol/output.js";
import { SharedMessage } from "#src/protocol/shared-message.js";
import { frameMessage } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated, JudgeInflater, rsv1 } from "../support/deflate.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import type { RecordedOptions } from "../support/recorded-connection.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";
import { jsonSample, noise } from "../support/samples.js";
import { turns } from "../support/task-queue.js";

interface Setup extends RecordedOptions {
  readonly deflate?: DeflateContextOptions;
}

interface Recorded {
  readonly recorded: RecordedConnection;
  readonly compressor: SteeredCompressor;
  readonly context: DeflateContext;
}

function setUp(role: "client" | "server", { deflate, ...options }: Setup = {}): Recorded {
  const compressor = new SteeredCompressor();
  const context = createDeflateContext(compressor, deflate);
  const recorded = new RecordedConnection(role, { chain: deflateChain(context, role), ...options });
  return { recorded, compressor, context };
}

const long = jsonSample(70_000, 1);
const judge = (): JudgeInflater => new JudgeInflater({ windowBits: 15, takesOver: true });

async function messagesOf(frames: ReturnType<RecordedConnection["takeFrames"]>): Promise<string[]> {
  return (await judge().messages(frames)).map((message) => Buffer.from(message).toString());
}

for (const role of roles) {
  describe(`RFC 7692 §6 a ${role}`, () => {
    it('sets "Per-Message Compressed" on what it has compressed, and on the first fragment only (§6.1)', async () => {
      const { recorded } = setUp(role);
      const { connection } = recorded;
      const text = "compress me ".repeat(50);
      connection.sendText(text);
      connection.sendText("short");
      connection.sendText(text, { compress: false });
      connection.sendFragment("text", text, false);
      connection.ping();
      connection.sendFragment("text", "", false);
      connection.sendFragment("text", text, true);
      const frames = recorded.takeFrames();
      assert.deepEqual(
        frames.map(({ opcode, rsv, fin }) => [opcode, rsv, fin]),
        [
          [1, rsv1, true],
          [1, 0, true],
          [1, 0, true],
          [1, rsv1, false],
          [9, 0, true],
          [0, 0, false],
          [0, 0, true],
        ],
      );
      assert.deepEqual(await messagesOf(frames), [text, "short", text, text + text]);
    });

    it("reads compressed and other messages in turn, in one frame and in fragments (§6.2)", () => {
      const { recorded } = setUp(role);
      const payload = deflated("hello in pieces");
      recorded.receiveFrames(
        { opcode: 1, rsv: rsv1, payload: deflated("hello") },
        { opcode: 1, payload: "as it is" },
        { opcode: 2, rsv: rsv1, fin: false, payload: payload.slice(0, 4) },
        { opcode: 9, payload: "?" },
        { opcode: 0, fin: false },
        { opcode: 0, payload: payload.slice(4) },
        { opcode: 1, rsv: rsv1, payload: octets("00") },
        { opcode: 1, rsv: rsv1, fin: false },
        { opcode: 0, payload: octets("00") },
        { opcode: 1, fin: false, payload: "not " },
        { opcode: 0, payload: "compressed" },
      );
      assert.deepEqual(
        recorded.events,
        [
          "text hello",
          "text as it is",
          `ping ${hexOf(utf8("?"))}`,
          `binary ${hexOf(utf8("hello in pieces"))}`,
          "text",
          "text",
          "text not compressed",
        ].map((event) => (event === "text" ? "text " : event)),
      );
    });

    for (const [name, parts] of [
      ["a control frame", { opcode: 9, rsv: rsv1 }],
      ["a Close frame", { opcode: 8, rsv: rsv1 }],
      ["another bit", { opcode: 1, rsv: 2, payload: "x" }],
      ["another bit beside it", { opcode: 1, rsv: 6, payload: deflated("x") }],
    ] as const) {
      it(`fails with 1002 on ${name} with a reserved bit (§6: "MUST _Fail the WebSocket Connection_")`, () => {
        const { recorded } = setUp(role);
        recorded.receiveFrames(parts);
        assert.deepEqual(recorded.events, ["failed reserved-bit-set"]);
        assert.equal(recorded.failures[0]?.closeCode, 1002);
      });
    }

    it('fails with 1002 on "non-first fragments" with the bit (§6), whatever the first one had', () => {
      for (const rsv of [0, rsv1]) {
        const { recorded } = setUp(role);
        recorded.receiveFrames({ opcode: 1, rsv, fin: false }, { opcode: 0, rsv: rsv1 });
        assert.deepEqual(recorded.events, ["failed reserved-bit-set"]);
      }
    });

    it("fails with 1002 on the bit where nothing was agreed on (§6)", () => {
      const recorded = new RecordedConnection(role);
      recorded.receiveFrames({ opcode: 1, rsv: rsv1, payload: deflated("x") });
      assert.deepEqual(recorded.events, ["failed reserved-bit-set"]);
    });

    it("fails with 1007 on octets that cannot be inflated, or that break off (§7.2.2), whole and in pieces", () => {
      for (const [payload, code] of [
        [octets("ff"), "compressed-data-invalid"],
        [deflated(jsonSample(300, 1)).slice(0, -9), "compressed-data-incomplete"],
      ] as const) {
        const whole = setUp(role).recorded;
        whole.receiveFrames({ opcode: 1, rsv: rsv1, payload });
        const pieces = setUp(role).recorded;
        pieces.receiveFrames({ opcode: 2, rsv: rsv1, fin: false, payload }, { opcode: 0 });
        for (const { events, failures, connection } of [whole, pieces]) {
          assert.deepEqual(events, [`failed ${code}`]);
          assert.equal(failures[0]?.closeCode, 1007);
          assert.equal(connection.state, "failed");
          assert.equal(connection.heldBytes, 0);
        }
        assert.deepEqual(whole.takeFrames().at(-1)?.payload.slice(0, 2), octets("03ef"));
      }
    });

    it("fails with 1007 on compressed text that is no UTF-8 (RFC 6455 §8.1)", () => {
      const { recorded } = setUp(role);
      recorded.receiveFrames({ opcode: 1, rsv: rsv1, payload: deflated(octets("fffe")) });
      assert.deepEqual(recorded.events, ["failed invalid-utf8"]);
    });

    it("fails with 1009 on what inflates to more than the limits, which it names", () => {
      for (const [limits, code, limit] of [
        [{ maxMessageBytes: 1000 }, "message-too-big", 1000],
        [{ maxBufferedBytes: 3000 }, "too-much-buffered", 3000],
      ] as const) {
        const { recorded } = setUp(role, { limits });
        recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload: deflated(new Uint8Array(5000)) });
        assert.deepEqual(recorded.events, [`failed ${code}`]);
        assert.equal(recorded.failures[0]?.closeCode, 1009);
        assert.equal(recorded.failures[0]?.limit, limit);
      }
    });

    it("fails with 1009 on pieces that it holds too many octets of", () => {
      const { recorded } = setUp(role, { limits: { maxBufferedBytes: 3000 } });
      recorded.receiveFrames({ opcode: 2, rsv: rsv1, fin: false, payload: noise(2600, 1) });
      assert.deepEqual(recorded.events, ["failed too-much-buffered"]);
      assert.equal(recorded.connection.heldBytes, 0);
    });

    it("counts what it holds of a message in pieces", () => {
      const { recorded } = setUp(role);
      recorded.receiveFrames({ opcode: 2, rsv: rsv1, fin: false, payload: noise(3000, 1) });
      assert.equal(recorded.connection.heldBytes, 6000 + 512);
    });
  });

  describe(`what a ${role} sends while a long message is compressed`, () => {
    it("waits in order, whatever it is, and counts; pings and pongs pass; the Close frame comes last", async () => {
      const { recorded, compressor } = setUp(role, { recordsExtensions: true });
      const { connection } = recorded;
      const { output } = connection;
      assert.equal(connection.sendBinary(long), true);
      assert.equal(output.pendingBytes, long.byteLength);
      connection.sendText("hé");
      const short = utf8("short");
      connection.sendBinary(short);
      short.fill(0);
      connection.sendFragment("text", "frag", false);
      connection.sendFragment("text", "ment", true);
      connection.sendFramed(frameMessage("framed", portableTextCodec));
      if (role === "server") connection.sendShared(frameMessage("shared", portableTextCodec));
      connection.ping(octets("01"));
      connection.pong(octets("02"));
      recorded.receiveFrames({ opcode: 9, payload: octets("03") });
      connection.close(1000);
      assert.equal(connection.canSend, false);
      assert.equal(connection.isOpen, false);
      assert.equal(connection.state, "open");
      assert.equal(connection.sendText("late"), false);
      connection.close(1001);
      // §5.5.2: "MUST send a Pong frame in response": nothing has been closed on the wire.
      recorded.receiveFrames({ opcode: 9, payload: octets("04") });
      assert.deepEqual(recorded.takeSent(), ["ping 01", "pong 02", "pong 03", "pong 04"]);

      await compressor.all();
      assert.deepEqual(recorded.events.at(-1), "output added");
      assert.equal(output.pendingBytes, 0);
      assert.equal(connection.state, "closing-by-us");
      const frames = recorded.takeFrames();
      assert.deepEqual(
        frames.map(({ opcode, rsv }) => [opcode, rsv]),
        [[2, rsv1], [1, 0], [2, 0], [1, rsv1], [0, 0], [1, 0], ...(role === "server" ? [[1, 0]] : []), [8, 0]],
      );
      const shared = role === "server" ? ["shared"] : [];
      const sent = [Buffer.from(long).toString(), "hé", "short", "fragment", "framed", ...shared];
      assert.deepEqual(await messagesOf(frames), sent);
      assert.deepEqual(frames.at(-1)?.payload, octets("03e8"));
    });

    it("waits again behind another long message", async () => {
      const { recorded, compressor } = setUp(role);
      const { connection } = recorded;
      for (const text of ["a", "b", "c"]) {
        connection.sendText(text.repeat(70_000));
        connection.sendText(text);
      }
      assert.equal(compressor.waiting, 1);
      assert.equal(connection.output.pendingBytes, 210_003);
      await compressor.next();
      assert.equal(connection.output.pendingBytes, 140_002);
      assert.equal(recorded.takeFrames().length, 2);
      await compressor.all();
      assert.equal(connection.output.pendingBytes, 0);
      assert.equal(recorded.takeFrames().length, 4);
    });

    it("keeps long octets where they lie, and copies what is lent", async () => {
      const pool = new BufferPool();
      const { recorded, compressor } = setUp(role, { pool });
      const { connection } = recorded;
      const lent = jsonSample(70_000, 2);
      const waiting = noise(20_000, 3);
      const expected = [lent.slice(), waiting.slice()];
      pool.lentMemory = lent.buffer;
      connection.sendBinary(lent);
      pool.lentMemory = waiting.buffer;
      connection.sendBinary(waiting, { compress: false });
      pool.lentMemory = undefined;
      lent.fill(0);
      waiting.fill(0);
      await compressor.all();
      assert.deepEqual(await judge().messages(recorded.takeFrames()), expected);
    });

    it("goes out as it is where there is no memory to compress it", async () => {
      const { recorded, compressor, context } = setUp(role);
      compressor.hasMemory = false;
      recorded.connection.sendBinary(long);
      recorded.connection.sendText("next");
      await compressor.all();
      const frames = recorded.takeFrames();
      assert.deepEqual(
        frames.map(({ rsv }) => rsv),
        [0, 0],
      );
      assert.equal(hexOf(frames[0]!.payload), hexOf(long));
      assert.equal(context.counters.sentMessages, 0);
    });

    it("is dropped when the connection fails, but for the Close frame that says so", async () => {
      const { recorded, compressor } = setUp(role);
      const { connection } = recorded;
      connection.sendBinary(long);
      connection.sendText("x".repeat(80_000));
      connection.close(1000);
      recorded.receiveFrames({ opcode: 3 });
      assert.equal(connection.output.pendingBytes, 0);
      await compressor.all();
      assert.deepEqual(
        recorded.takeFrames().map(({ opcode, payload }) => [opcode, hexOf(payload.slice(0, 2))]),
        [[8, "03ea"]],
      );
    });

    it("is dropped when the stream has ended; nothing is written or remembered any more", async () => {
      const { recorded, compressor, context } = setUp(role);
      const { connection } = recorded;
      connection.sendText("x".repeat(80_000));
      connection.sendText("y");
      const report = connection.streamEnded();
      assert.equal(report.code, 1006);
      await compressor.all();
      assert.deepEqual(recorded.takeSent(), []);
      assert.equal(connection.output.pendingBytes, 0);
      assert.equal(context.memory.lentBytes + context.memory.reservedBytes, 0);
    });

    it("comes before the answer to the peer's Close frame, which keeps the peer's code", async () => {
      const { recorded, compressor } = setUp(role);
      const { connection } = recorded;
      connection.sendBinary(long);
      recorded.receiveFrames({ opcode: 8, payload: octets("0fa0") });
      assert.equal(connection.state, "closing-by-peer");
      connection.answerClose();
      connection.close(1000);
      assert.deepEqual(recorded.takeSent(), []);
      await compressor.all();
      assert.deepEqual(
        recorded.takeFrames().map(({ opcode, payload }) => [opcode, payload.byteLength === 2 ? hexOf(payload) : ""]),
        [
          [2, ""],
          [8, "0fa0"],
        ],
      );
      assert.equal(connection.state, "closed-by-peer");
    });

    it("comes before our Close frame, when the peer's crosses it", async () => {
      const { recorded, compressor } = setUp(role);
      const { connection } = recorded;
      connection.sendBinary(long);
      connection.close(4001);
      recorded.receiveFrames({ opcode: 8, payload: octets("0fa0") });
      // A ping that came behind it would be no frame of this connection's any more.
      await compressor.all();
      const frames = recorded.takeFrames();
      assert.deepEqual(
        frames.map(({ opcode }) => opcode),
        [2, 8],
      );
      assert.equal(hexOf(frames[1]!.payload), "0fa1");
      assert.equal(connection.state, "closed-by-peer");
    });

    it("still answers the latest of the pings that a blocked stream owed, with a Close frame of ours waiting", async () => {
      const { recorded, compressor } = setUp(role);
      const { connection } = recorded;
      connection.sendBinary(long);
      connection.close(1000);
      connection.isBlocked = true;
      recorded.receiveFrames({ opcode: 9, payload: octets("01") }, { opcode: 9, payload: octets("02") });
      connection.isBlocked = false;
      assert.deepEqual(recorded.takeSent(), ["pong 02"]);
      connection.isBlocked = true;
      recorded.receiveFrames({ opcode: 9, payload: octets("03") });
      await compressor.all();
      connection.isBlocked = false;
      // §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame", nor anything else.
      assert.deepEqual(
        recorded.takeSent().map((line) => line.split(" ")[0]),
        ["binary", "close"],
      );
    });
  });

  describe(`what a ${role} receives while a long message is inflated`, () => {
    const message = concat(jsonSample(2000, 1), noise(70_000, 1));
    const payload = deflated(message);
    assert.ok(payload.byteLength > 64 * 1024);

    it("waits, in one frame or in pieces, and comes in order", async () => {
      for (const fragments of [1, 3]) {
        const { recorded, compressor } = setUp(role, { recordsExtensions: true });
        const size = Math.ceil(payload.byteLength / fragments);
        const parts = Array.from({ length: fragments }, (_, index) => ({
          opcode: index === 0 ? 2 : 0,
          rsv: index === 0 ? rsv1 : 0,
          fin: index === fragments - 1,
          payload: payload.slice(index * size, (index + 1) * size),
        }));
        const octetsOfAll = concat(
          ...parts.map((part) => recorded.fromPeer(part)),
          recorded.fromPeer({ opcode: 9, payload: octets("01") }),
          recorded.fromPeer({ opcode: 1, rsv: rsv1, payload: deflated("behind it") }),
        );
        recorded.receive(octetsOfAll);
        recorded.receiveFrames({ opcode: 1, payload: "last" });
        assert.equal(recorded.connection.isTransforming, true);
        assert.ok(recorded.events.every((event) => event === "transforming"));
        await compressor.all();
        assert.equal(recorded.connection.isTransforming, false);
        assert.deepEqual(
          recorded.events.filter((event) => !event.startsWith("transform")),
          [`binary ${hexOf(message)}`, "ping 01", "text behind it", "text last"],
        );
        assert.equal(recorded.connection.heldBytes, 0);
      }
    });

    it("waits for whoever has paused, too, and is not read before both go on", async () => {
      for (const resumesFirst of [true, false]) {
        const { recorded, compressor } = setUp(role);
        recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload }, { opcode: 1, payload: "next" });
        recorded.connection.pause();
        if (resumesFirst) {
          recorded.connection.resume();
          assert.deepEqual(recorded.events, []);
          await compressor.all();
        } else {
          await compressor.all();
          assert.equal(recorded.events.length, 1);
          recorded.connection.resume();
        }
        assert.deepEqual(recorded.events.slice(1), ["text next"]);
      }
    });

    it("is not read where the message fails", async () => {
      const { recorded, compressor } = setUp(role);
      const broken = payload.slice();
      broken.fill(0xff, 100);
      recorded.receiveFrames({ opcode: 2, rsv: rsv1, payload: broken }, { opcode: 1, payload: "next" });
      await compressor.all();
      assert.deepEqual(recorded.events, ["failed compressed-data-invalid"]);
    });

    it("is never heard of when the stream ends meanwhile", async () => {
      for (const fin of [true, false]) {
        const { recorded, compressor, context } = setUp(role);
        recorded.receiveFrames({ opcode: 2, rsv: rsv1, fin, payload }, { opcode: 9 });
        recorded.connection.streamEnded();
        await compressor.all();
        await turns(2);
        assert.deepEqual(recorded.events, []);
        assert.equal(recorded.connection.isTransforming, false);
        assert.equal(context.memory.reservedBytes, 0);
        assert.equal(context.inflationMemory.takenBytes, 0);
      }
    });
  });
}

describe("a message that many connections send, at one without extensions", () => {
  it("is sent as it is, and refused as any other", () => {
    const place = {
      lay: (_version: number, type: "text" | "binary", reserved: number, data: string | Uint8Array) =>
        frameMessage(data, portableTextCodec, type, reserved),
    };
    for (const role of roles) {
      const recorded = new RecordedConnection(role);
      const message = new SharedMessage("many", {}, place, portableTextCodec);
      assert.equal(recorded.connection.sendMany(message), true);
      recorded.connection.sendFragment("text", "a", false);
      assert.throws(() => recorded.connection.sendMany(message), { code: "fragment-pending" });
      recorded.connection.close(1000);
      assert.equal(recorded.connection.sendMany(message), false);
      assert.equal(recorded.takeSent()[0], `text ${hexOf(utf8("many"))}`);
    }
  });
});
