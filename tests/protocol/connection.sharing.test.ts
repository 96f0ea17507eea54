import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferPool } from "#src/protocol/output.js";
import { FrameArena, frameMessage } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { hexOf, octets, utf8 } from "../support/octets.js";
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
