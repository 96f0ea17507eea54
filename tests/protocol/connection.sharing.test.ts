import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection } from "#src/protocol/connection.js";
import type { ConnectionSink } from "#src/protocol/connection-context.js";
import type { Extension } from "#src/protocol/extensions/index.js";
import { ExtensionChain } from "#src/protocol/extensions/index.js";
import { defaultLimits } from "#src/protocol/limits.js";
import { Opcode } from "#src/protocol/opcode.js";
import { BufferPool, Output } from "#src/protocol/output.js";
import { FrameArena, frameMessage } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { readFrames } from "../support/frames.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

function arena(): FrameArena {
  return new FrameArena(portableTextCodec, (byteLength) => new Uint8Array(byteLength));
}

const hello = frameMessage("hello", portableTextCodec);

describe("§5.1 a frame that was made for many", () => {
  it("leaves a server as it is, from where it lies", () => {
    const server = new RecordedConnection("server", { pool: new BufferPool(() => assert.fail("nothing is copied")) });
    const frames = arena();
    const first = frames.layDown("one");
    const second = frames.layDown(octets("0203"));
    assert.equal(server.connection.sendShared(first), true);
    assert.equal(server.connection.sendShared(second), true);
    const { segments } = server.connection.output.take();
    assert.deepEqual(segments.map(hexOf), ["81036f6e6582020203"]);
    assert.equal(segments[0]?.buffer, first.shared.bytes.buffer);
  });

  it("is refused by a client, which must mask (§5.3), whatever its state", () => {
    const client = new RecordedConnection("client");
    const refused = { name: "UsageError", code: "masking-required", section: "RFC 6455 §5.1" };
    assert.throws(() => client.connection.sendShared(arena().layDown("one")), refused);
    assert.equal(client.connection.output.byteLength, 0);
    assert.equal(client.connection.sendText("still there"), true);
    client.connection.close(1000);
    assert.throws(() => client.connection.sendShared(hello), refused);
  });

  it("waits at a server for the end of a fragmented message (§5.4), and is not sent after a Close frame (§5.5.1)", () => {
    const server = new RecordedConnection("server");
    server.connection.sendFragment("text", "a", false);
    assert.throws(() => server.connection.sendShared(hello), { code: "fragment-pending" });
    server.connection.sendFragment("text", "b", true);
    server.connection.close(1000);
    assert.equal(server.connection.sendShared(hello), false);
    assert.deepEqual(server.takeSent(), ["text+ 61", "continuation 62", "close 03e8"]);
  });
});

for (const role of roles) {
  describe(`§5.3 a message that was framed before, at a ${role}`, () => {
    it("is sent any number of times, a client's under a new key each time", () => {
      const { connection } = new RecordedConnection(role);
      const sender = new RecordedConnection(role);
      const binary = frameMessage(octets("010203"), portableTextCodec);
      for (const message of [hello, hello, binary]) assert.equal(sender.connection.sendFramed(message), true);
      const frames = sender.takeFrames();
      assert.deepEqual(
        frames.map(({ opcode, payload, fin }) => [opcode, fin, hexOf(payload)]),
        [
          [1, true, hexOf(utf8("hello"))],
          [1, true, hexOf(utf8("hello"))],
          [2, true, "010203"],
        ],
      );
      assert.ok(frames.every(({ isMasked }) => isMasked === (role === "client")));
      if (role === "client") {
        assert.notEqual(hexOf(frames[0]?.key as Uint8Array), hexOf(frames[1]?.key as Uint8Array));
      }
      assert.equal(hexOf(hello.shared.view(hello.payloadStart, hello.end)), hexOf(utf8("hello")));
      assert.equal(connection.output.byteLength, 0);
    });

    it("may be long", () => {
      const sender = new RecordedConnection(role);
      const payload = patternedBytes(100_000);
      sender.connection.sendFramed(frameMessage(payload, portableTextCodec));
      assert.equal(Buffer.compare(sender.takeFrames()[0]?.payload as Uint8Array, payload), 0);
    });

    it("waits for the end of a fragmented message (§5.4)", () => {
      const sender = new RecordedConnection(role);
      sender.connection.sendFragment("text", "a", false);
      assert.throws(() => sender.connection.sendFramed(hello), { code: "fragment-pending" });
      sender.connection.sendFragment("text", "b", true);
      assert.equal(sender.connection.sendFramed(hello), true);
      assert.deepEqual(sender.takeSent(), ["text+ 61", "continuation 62", "text 68656c6c6f"]);
    });

    it("is not sent after a Close frame (§5.5.1)", () => {
      const sender = new RecordedConnection(role);
      sender.connection.close(1000);
      assert.equal(sender.connection.sendFramed(hello), false);
      assert.deepEqual(sender.takeSent(), ["close 03e8"]);
    });
  });
}

describe("a frame that was made for many, while an extension takes its time", () => {
  function setUp(more: Partial<ConnectionSink> = {}) {
    const settles: (() => void)[] = [];
    const slow: Extension = {
      name: "x-slow",
      claimedBits: 0x20,
      sendMessage: (_opcode, message) => new Promise((resolve) => settles.push(() => resolve(message))),
      sendFragment: () => assert.fail(),
      wants: () => false,
      receiveMessage: () => assert.fail(),
      receivePieces: () => assert.fail(),
      close: () => undefined,
    };
    const context = { role: "server", limits: defaultLimits, text: portableTextCodec, pool: new BufferPool() } as const;
    const sink = {
      receivedText: () => assert.fail(),
      receivedBinary: () => assert.fail(),
      receivedPing: () => assert.fail(),
      receivedPong: () => assert.fail(),
      receivedClose: () => assert.fail(),
      failed: () => assert.fail(),
      ...more,
    };
    const output = new Output(context.pool);
    const connection = new Connection(context, sink, output, new ExtensionChain([slow]));
    const settle = async (): Promise<void> => {
      for (const done of settles) done();
      await new Promise(setImmediate);
    };
    return { connection, output, settle };
  }

  it("waits its turn, also where nobody is told that it has left", async () => {
    const { connection, output, settle } = setUp();
    connection.sendText("first");
    assert.equal(connection.sendShared(arena().layDown("second")), true);
    assert.equal(connection.sendFramed(hello), true);
    assert.equal(output.byteLength, 0);
    await settle();
    const sent = readFrames(concat(...output.take().segments));
    assert.deepEqual(
      sent.map(({ payload }) => Buffer.from(payload).toString()),
      ["first", "second", "hello"],
    );
  });

  it("is told of with the message before it, where somebody listens", async () => {
    const told: unknown[] = [];
    const { connection, settle } = setUp({
      messageWritten: (...what) => void told.push(what),
      outputAdded: () => void told.push("added"),
    });
    connection.sendText("first");
    connection.sendFramed(hello);
    await settle();
    assert.deepEqual(told, [[Opcode.text, 5, false], "added"]);
  });
});

describe("a server's frame that was made for many", () => {
  it("is refused after a Close frame, and in the midst of a fragmented message (§5.4)", () => {
    const { connection } = new RecordedConnection("server");
    connection.sendFragment("text", "begun", false);
    assert.throws(() => connection.sendShared(hello), { code: "fragment-pending" });
    connection.sendFragment("text", "done", true);
    connection.close(1000);
    assert.equal(connection.sendShared(hello), false);
  });
});
