import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection } from "#src/protocol/connection.js";
import type { ConnectionSink } from "#src/protocol/connection-context.js";
import { defaultLimits } from "#src/protocol/limits.js";
import { BufferPool } from "#src/protocol/output.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

const silentSink: ConnectionSink = {
  receivedText: () => {},
  receivedBinary: () => {},
  receivedPing: () => {},
  receivedPong: () => {},
  receivedClose: () => true,
  failed: () => {},
};

describe("a connection", () => {
  const context = { limits: defaultLimits, text: portableTextCodec, pool: new BufferPool() };

  it("§5.3: needs masking keys where it is the client's", () => {
    const required = { name: "UsageError", code: "masking-keys-required" };
    assert.throws(() => new Connection({ ...context, role: "client" }, silentSink), required);
    assert.equal(new Connection({ ...context, role: "server" }, silentSink).state, "open");
  });

  it("§5.1: does not mask where it is the server's, even if keys are there", () => {
    const maskingKeys = { next: () => assert.fail("nobody masks") };
    const server = new Connection({ ...context, role: "server", maskingKeys }, silentSink);
    server.sendText("hi");
    assert.deepEqual(server.output.take().segments.map(hexOf), ["81026869"]);
  });

  it("is open, holds nothing and has nothing to send at first", () => {
    for (const role of roles) {
      const { connection } = new RecordedConnection(role);
      assert.equal(connection.state, "open");
      assert.equal(connection.canSend, true);
      assert.equal(connection.heldBytes, 0);
      assert.equal(connection.output.byteLength, 0);
    }
  });
});

/** Everything that an application can send. */
function sendAll(recorded: RecordedConnection): void {
  const { connection } = recorded;
  connection.sendText("hello");
  connection.sendText("x".repeat(5000));
  connection.sendBinary(octets("0102"));
  connection.sendBinary(patternedBytes(70_000));
  connection.sendFragment("text", "a", false);
  connection.sendFragment("text", utf8("b"), true);
  connection.ping();
  connection.pong(octets("01"));
  recorded.receiveFrames({ opcode: 9, payload: "answer me" });
  connection.close(1000, "bye");
}

describe("§5.1 masking of what is sent", () => {
  // "a client MUST mask all frames that it sends to the server", "Close frames sent from client to server must be
  // masked" (§5.5.1), "If the data is being sent by the client, the frame(s) MUST be masked" (§6.1), "A masked frame
  // MUST have the field frame-masked set to 1" (§5.3).
  it("a client MUST mask all frames that it sends", () => {
    const client = new RecordedConnection("client");
    sendAll(client);
    const frames = client.takeFrames();
    assert.equal(frames.length, 10);
    assert.ok(frames.every(({ isMasked }) => isMasked));
    assert.equal(new Set(frames.map(({ key }) => hexOf(key ?? octets("")))).size, 10, "§5.3: a fresh key for each");
  });

  it("a client MUST mask the Close frame with which it fails", () => {
    const client = new RecordedConnection("client").receive(octets("83"));
    assert.deepEqual(
      client.takeFrames().map(({ opcode, isMasked }) => [opcode, isMasked]),
      [[8, true]],
    );
  });

  it("a server MUST NOT mask any frames that it sends", () => {
    const server = new RecordedConnection("server");
    sendAll(server);
    server.receive(octets("83"));
    const frames = server.takeFrames();
    assert.equal(frames.length, 10);
    assert.ok(frames.every(({ isMasked }) => !isMasked));
  });
});

for (const role of roles) {
  describe(`§6.1 sending data as a ${role}`, () => {
    // "The opcode (frame-opcode) of the first frame containing the data MUST be set to the appropriate value", "The FIN
    // bit (frame-fin) of the last frame containing the data MUST be set to 1", §5.2: RSV1-3 "MUST be 0".
    it("MUST put it in frames with opcode, FIN and no reserved bit, to be transmitted in order", () => {
      const recorded = new RecordedConnection(role);
      sendAll(recorded);
      assert.deepEqual(
        recorded.takeFrames().map(({ opcode, fin, rsv, payload }) => [opcode, fin, rsv, payload.length]),
        [
          [1, true, 0, 5],
          [1, true, 0, 5000],
          [2, true, 0, 2],
          [2, true, 0, 70_000],
          [1, false, 0, 1],
          [0, true, 0, 1],
          [9, true, 0, 0],
          [10, true, 0, 1],
          [10, true, 0, 9],
          [8, true, 0, 5],
        ],
      );
    });

    it("tells that it sent", () => {
      const { connection } = new RecordedConnection(role);
      assert.equal(connection.sendText(""), true);
      assert.equal(connection.sendBinary(octets("")), true);
      assert.equal(connection.sendFragment("binary", octets(""), true), true);
      assert.equal(connection.ping(), true);
      assert.equal(connection.pong(), true);
    });

    it("§5.6: text MUST be valid UTF-8, lone surrogates become U+FFFD", () => {
      const recorded = new RecordedConnection(role);
      recorded.connection.sendText("a\ud800b");
      recorded.connection.sendFragment("text", "\udc00", true);
      assert.deepEqual(recorded.takeSent(), ["text 61efbfbd62", "text efbfbd"]);
    });
  });

  describe(`§5.4 fragments sent by a ${role}`, () => {
    it("are a first frame with the type, continuations, and a last one with FIN", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      connection.sendFragment("binary", octets("01"), false);
      connection.sendFragment("binary", octets(""), false);
      connection.sendFragment("binary", octets("02"), true);
      connection.sendFragment("text", "a", false);
      connection.sendFragment("text", "€", true);
      connection.sendFragment("text", "whole", true);
      assert.deepEqual(recorded.takeSent(), [
        "binary+ 01",
        "continuation+",
        "continuation 02",
        "text+ 61",
        "continuation e282ac",
        "text 77686f6c65",
      ]);
    });

    // "The fragments of one message MUST NOT be interleaved between the fragments of another message"; "the type for all
    // fragments in a message MUST be either text, binary, or one of the reserved opcodes".
    it("MUST NOT be interleaved with another message", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      connection.sendFragment("text", "a", false);
      const pending = { name: "UsageError", code: "fragment-pending" };
      assert.throws(() => connection.sendText("b"), pending);
      assert.throws(() => connection.sendBinary(octets("01")), pending);
      assert.throws(() => connection.sendFragment("binary", octets("01"), true), pending);
      connection.sendFragment("text", "c", true);
      assert.deepEqual(recorded.takeSent(), ["text+ 61", "continuation 63"]);
      connection.sendBinary(octets("01"));
      assert.deepEqual(recorded.takeSent(), ["binary 01"]);
    });

    it("may have control frames between them", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      connection.sendFragment("text", "a", false);
      connection.ping(octets("01"));
      connection.pong(octets("02"));
      recorded.receiveFrames({ opcode: 9, payload: "p" });
      connection.sendFragment("text", "b", true);
      assert.deepEqual(recorded.takeSent(), ["text+ 61", "ping 01", "pong 02", "pong 70", "continuation 62"]);
    });

    it("§5.6: of a text MUST be valid UTF-8, each by itself", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      const notUtf8 = { name: "UsageError", code: "text-not-utf8" };
      assert.throws(() => connection.sendFragment("text", octets("ff"), true), notUtf8);
      connection.sendFragment("text", utf8("€"), false);
      assert.throws(() => connection.sendFragment("text", octets("e282"), false), notUtf8);
      // Refused fragments leave the message as it was.
      connection.sendFragment("text", octets("41"), true);
      connection.sendFragment("binary", octets("ff"), true);
      assert.deepEqual(recorded.takeSent(), ["text+ e282ac", "continuation 41", "binary ff"]);
    });

    it("§6.1: are aborted when the connection is no longer open", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      connection.sendFragment("text", "a", false);
      connection.close(1000);
      assert.equal(connection.sendFragment("text", "b", true), false);
      assert.deepEqual(recorded.takeSent(), ["text+ 61", "close 03e8"]);
    });

    it("§5.5.1: may be finished after the peer's Close frame, before ours", () => {
      const recorded = new RecordedConnection(role, { answersClose: false });
      const { connection } = recorded;
      connection.sendFragment("text", "a", false);
      recorded.receiveFrames({ opcode: 8, payload: octets("03e8") });
      assert.equal(connection.sendFragment("text", "b", true), true);
      connection.answerClose();
      assert.deepEqual(recorded.takeSent(), ["text+ 61", "continuation 62", "close 03e8"]);
    });
  });
}

describe("a message that did not come whole", () => {
  it("is told of when it begins, once, and is under way until its last octet", () => {
    const begun: number[] = [];
    let received = 0;
    const sink: ConnectionSink = {
      ...silentSink,
      messageBegun: () => void begun.push(received),
      receivedBinary: () => {
        received++;
      },
    };
    const context = { limits: defaultLimits, text: portableTextCodec, pool: new BufferPool() };
    const maskingKeys = { next: () => 0 };
    const connection = new Connection({ ...context, role: "client", maskingKeys }, sink);
    connection.receive(octets("8201ff"));
    assert.deepEqual([begun, connection.isMidMessage], [[], false]);
    connection.receive(octets("0201ff"));
    assert.deepEqual([begun, connection.isMidMessage], [[1], true]);
    connection.receive(octets("0001ff 8900 800201"));
    assert.deepEqual([begun, connection.isMidMessage], [[1], true]);
    connection.receive(octets("02"));
    assert.deepEqual([begun, connection.isMidMessage, received], [[1], false, 2]);
    connection.receive(octets("820401"));
    assert.deepEqual([begun, connection.isMidMessage], [[1, 2], true]);
  });
});
