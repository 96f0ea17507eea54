import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { everyChunking } from "../support/chunking.js";
import { hexOf, octets } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

for (const role of roles) {
  describe(`§5.5.2 pings to a ${role}`, () => {
    // "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response"; §5.5.3: it "must have identical
    // 'Application data'".
    it("MUST be answered with a pong that has the same octets", () => {
      for (const length of [0, 1, 5, 124, 125]) {
        const payload = patternedBytes(length);
        const bytes = new RecordedConnection(role).fromPeer({ opcode: 9, payload });
        for (const { name, chunks } of everyChunking(bytes)) {
          const recorded = new RecordedConnection(role).receive(...chunks);
          assert.deepEqual(recorded.takeSent(), [`pong ${hexOf(payload)}`.trimEnd()], name);
          assert.deepEqual(recorded.events, [`ping ${hexOf(payload)}`], name);
        }
      }
    });

    it("are answered one by one, in their order, within a message as well", () => {
      const recorded = new RecordedConnection(role).receiveFrames(
        { opcode: 9, payload: octets("01") },
        { opcode: 1, fin: false, payload: "a" },
        { opcode: 9, payload: octets("02") },
        { opcode: 0, payload: "b" },
        { opcode: 9, payload: octets("03") },
      );
      assert.deepEqual(recorded.takeSent(), ["pong 01", "pong 02", "pong 03"]);
      assert.deepEqual(recorded.events, ["ping 01", "ping 02", "text ab", "ping 03"]);
    });

    it("are answered before the sink hears of them", () => {
      const waiting: number[] = [];
      const recorded = new RecordedConnection(role, {
        onEvent: (_event, connection) => waiting.push(connection.output.byteLength),
      });
      recorded.receiveFrames({ opcode: 9 });
      assert.deepEqual(waiting, [role === "client" ? 6 : 2]);
    });

    // §1.4: after sending a Close frame "a peer does not send any further data".
    it("are not answered once our Close frame has been sent", () => {
      const recorded = new RecordedConnection(role);
      recorded.connection.close(1000);
      recorded.receiveFrames({ opcode: 9, payload: "a" });
      assert.deepEqual(recorded.takeSent(), ["close 03e8"]);
      assert.deepEqual(recorded.events, ["ping 61"]);
    });

    it("are not answered, nor heard, after the peer's Close frame", () => {
      const recorded = new RecordedConnection(role, { answersClose: false });
      recorded.receiveFrames({ opcode: 8 }, { opcode: 9 });
      assert.deepEqual(recorded.takeSent(), []);
      assert.deepEqual(recorded.events, ["close 1005"]);
    });
  });

  describe(`§5.5.3 pings to a ${role} whose stream takes nothing`, () => {
    // "the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame."
    it("are answered when it does again, the latest only", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      connection.isBlocked = true;
      for (let index = 0; index < 1000; index++) recorded.receiveFrames({ opcode: 9, payload: `ping ${index}` });
      assert.equal(connection.output.byteLength, 0);
      assert.equal(recorded.events.length, 1000);
      connection.isBlocked = true;
      assert.equal(connection.output.byteLength, 0);
      connection.isBlocked = false;
      assert.deepEqual(recorded.takeSent(), [`pong ${hexOf(Buffer.from("ping 999"))}`]);
      connection.isBlocked = false;
      assert.deepEqual(recorded.takeSent(), []);
    });

    it("are answered one by one again afterwards", () => {
      const recorded = new RecordedConnection(role);
      recorded.connection.isBlocked = true;
      recorded.connection.isBlocked = false;
      recorded.receiveFrames({ opcode: 9, payload: "a" }, { opcode: 9, payload: "b" });
      assert.deepEqual(recorded.takeSent(), ["pong 61", "pong 62"]);
    });

    it("are not answered when it closed, failed or ended meanwhile", () => {
      for (const [end, sent] of [
        [(recorded: RecordedConnection) => recorded.connection.close(), ["close"]],
        [
          (recorded: RecordedConnection) => recorded.receive(octets("83")),
          ["close 03ea72657365727665642d6f70636f6465"],
        ],
        [(recorded: RecordedConnection) => recorded.connection.streamEnded(), []],
      ] as const) {
        const recorded = new RecordedConnection(role);
        recorded.connection.isBlocked = true;
        recorded.receiveFrames({ opcode: 9, payload: "a" });
        end(recorded);
        recorded.connection.isBlocked = false;
        assert.deepEqual(recorded.takeSent(), sent);
      }
    });

    it("are still answered after the peer's Close frame, when they came before it", () => {
      const recorded = new RecordedConnection(role, { answersClose: false });
      recorded.connection.isBlocked = true;
      recorded.receiveFrames({ opcode: 9, payload: "a" }, { opcode: 8 });
      recorded.connection.isBlocked = false;
      recorded.connection.answerClose();
      assert.deepEqual(recorded.takeSent(), ["pong 61", "close"]);
    });
  });

  describe(`§5.5.2 and §5.5.3 pings and pongs of a ${role}`, () => {
    it("MUST have 125 octets at most", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      for (const send of [connection.ping.bind(connection), connection.pong.bind(connection)]) {
        assert.equal(send(patternedBytes(125)), true);
        assert.throws(() => send(patternedBytes(126)), {
          name: "UsageError",
          code: "control-payload-too-long",
          observed: 126,
          limit: 125,
        });
      }
      const payload = hexOf(patternedBytes(125));
      assert.deepEqual(recorded.takeSent(), [`ping ${payload}`, `pong ${payload}`]);
    });

    it("may be empty, and need no answer where they are unsolicited pongs", () => {
      const recorded = new RecordedConnection(role);
      recorded.connection.ping();
      recorded.connection.pong();
      recorded.receiveFrames({ opcode: 10 }, { opcode: 10, payload: "unsolicited" });
      assert.deepEqual(recorded.takeSent(), ["ping", "pong"]);
      assert.deepEqual(recorded.events, ["pong ", `pong ${hexOf(Buffer.from("unsolicited"))}`]);
    });

    it("are checked even when they can no longer be sent", () => {
      const { connection } = new RecordedConnection(role);
      connection.streamEnded();
      assert.equal(connection.ping(), false);
      assert.throws(() => connection.ping(patternedBytes(126)), { code: "control-payload-too-long" });
    });
  });
}
