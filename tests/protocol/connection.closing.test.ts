import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionState } from "#src/protocol/close-handshake.js";
import { ProtocolError } from "#src/protocol/errors.js";
import { everyChunking } from "../support/chunking.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

const normal = octets("03e8");
const bye = concat(octets("0fa0"), utf8("bye"));
/** An unknown opcode: a violation for either role. */
const unknownOpcode = octets("83");
const failure = new ProtocolError("frame-too-big", 2, 1);

for (const role of roles) {
  /** A connection in each state, with nothing to send. */
  const inState: Readonly<Record<ConnectionState, () => RecordedConnection>> = {
    open: () => new RecordedConnection(role, { answersClose: false }),
    "closing-by-us": () => {
      const recorded = inState.open();
      recorded.connection.close(1001, "leaving");
      return emptied(recorded);
    },
    "closing-by-peer": () => emptied(inState.open().receiveFrames({ opcode: 8, payload: bye })),
    "closed-by-us": () => emptied(inState["closing-by-us"]().receiveFrames({ opcode: 8, payload: bye })),
    "closed-by-peer": () => {
      const recorded = inState["closing-by-peer"]();
      recorded.connection.answerClose();
      return emptied(recorded);
    },
    failed: () => emptied(inState.open().receive(unknownOpcode)),
    dropped: () => {
      const recorded = inState.open();
      recorded.connection.streamEnded();
      return recorded;
    },
  };
  const states = Object.keys(inState) as ConnectionState[];

  describe(`every state × everything that can happen to a ${role}`, () => {
    interface Outcome {
      readonly state?: ConnectionState;
      readonly sent?: readonly string[];
      readonly heard?: readonly string[];
      readonly returned?: boolean;
    }
    interface Happening {
      readonly what: string;
      readonly run: (recorded: RecordedConnection) => unknown;
      /** What comes of it where something does; in the other states nothing changes, and nothing is sent or heard. */
      readonly outcomes: Partial<Record<ConnectionState, Outcome>>;
      readonly otherwise?: Outcome;
    }
    const failureFrame = `close 03f1${hexOf(utf8("frame-too-big"))}`;
    const sends = (frame: string): Partial<Record<ConnectionState, Outcome>> => ({
      open: { sent: [frame], returned: true },
      "closing-by-peer": { sent: [frame], returned: true },
    });
    const happenings: readonly Happening[] = [
      {
        what: "sendText",
        run: ({ connection }) => connection.sendText("a"),
        outcomes: sends("text 61"),
        otherwise: { returned: false },
      },
      {
        what: "sendBinary",
        run: ({ connection }) => connection.sendBinary(octets("01")),
        outcomes: sends("binary 01"),
        otherwise: { returned: false },
      },
      {
        what: "sendFragment",
        run: ({ connection }) => connection.sendFragment("text", "a", false),
        outcomes: sends("text+ 61"),
        otherwise: { returned: false },
      },
      {
        what: "ping",
        run: ({ connection }) => connection.ping(octets("01")),
        outcomes: sends("ping 01"),
        otherwise: { returned: false },
      },
      {
        what: "pong",
        run: ({ connection }) => connection.pong(octets("01")),
        outcomes: sends("pong 01"),
        otherwise: { returned: false },
      },
      {
        what: "close",
        run: ({ connection }) => connection.close(1000),
        outcomes: {
          open: { state: "closing-by-us", sent: ["close 03e8"] },
          "closing-by-peer": { state: "closed-by-peer", sent: ["close 03e8"] },
        },
      },
      {
        what: "answerClose",
        run: ({ connection }) => connection.answerClose(),
        outcomes: { "closing-by-peer": { state: "closed-by-peer", sent: ["close 0fa0"] } },
      },
      {
        what: "fail",
        run: ({ connection }) => connection.fail(failure),
        outcomes: {
          open: { state: "failed", sent: [failureFrame] },
          "closing-by-us": { state: "failed" },
          "closing-by-peer": { state: "failed", sent: [failureFrame] },
        },
      },
      {
        what: "the stream ends",
        run: ({ connection }) => void connection.streamEnded(),
        outcomes: {
          open: { state: "dropped" },
          "closing-by-us": { state: "dropped" },
          "closing-by-peer": { state: "dropped" },
        },
      },
      {
        what: "a text comes",
        run: (recorded) => void recorded.receiveFrames({ opcode: 1, payload: "a" }),
        outcomes: { open: { heard: ["text a"] }, "closing-by-us": { heard: ["text a"] } },
      },
      {
        what: "a ping comes",
        run: (recorded) => void recorded.receiveFrames({ opcode: 9, payload: octets("01") }),
        outcomes: { open: { heard: ["ping 01"], sent: ["pong 01"] }, "closing-by-us": { heard: ["ping 01"] } },
      },
      {
        what: "a pong comes",
        run: (recorded) => void recorded.receiveFrames({ opcode: 10, payload: octets("01") }),
        outcomes: { open: { heard: ["pong 01"] }, "closing-by-us": { heard: ["pong 01"] } },
      },
      {
        what: "a Close frame comes",
        run: (recorded) => void recorded.receiveFrames({ opcode: 8, payload: normal }),
        outcomes: {
          open: { state: "closing-by-peer", heard: ["close 1000"] },
          "closing-by-us": { state: "closed-by-us", heard: ["close 1000"] },
        },
      },
      {
        what: "a violation comes",
        run: (recorded) => void recorded.receive(unknownOpcode),
        outcomes: {
          open: {
            state: "failed",
            heard: ["failed reserved-opcode"],
            sent: [`close 03ea${hexOf(utf8("reserved-opcode"))}`],
          },
          // Our Close frame has been sent: there is nothing more to say.
          "closing-by-us": { state: "failed", heard: ["failed reserved-opcode"] },
        },
      },
      {
        what: "the stream is blocked and takes octets again",
        run: ({ connection }) => {
          connection.isBlocked = true;
          connection.isBlocked = false;
        },
        outcomes: {},
      },
      {
        what: "pause and resume",
        run: ({ connection }) => {
          connection.pause();
          connection.resume();
        },
        outcomes: {},
      },
    ];

    for (const { what, run, outcomes, otherwise } of happenings) {
      for (const state of states) {
        const outcome = outcomes[state] ?? otherwise ?? {};
        it(`${state} — ${what} → ${outcome.state ?? state}`, () => {
          const recorded = inState[state]();
          assert.equal(recorded.connection.state, state);
          const before = recorded.events.length;
          assert.equal(run(recorded), outcome.returned);
          assert.equal(recorded.connection.state, outcome.state ?? state);
          assert.deepEqual(recorded.takeSent(), outcome.sent ?? []);
          assert.deepEqual(recorded.events.slice(before), outcome.heard ?? []);
          assert.equal(recorded.connection.canSend, ["open", "closing-by-peer"].includes(outcome.state ?? state));
        });
      }
    }
  });

  describe(`§5.5.1 a Close frame to a ${role}`, () => {
    // "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close
    // frame in response."
    it("MUST be answered with a Close frame that echoes its status code", () => {
      for (const [payload, sent, heard] of [
        [octets(""), "close", "close 1005"],
        [normal, "close 03e8", "close 1000"],
        [bye, "close 0fa0", "close 4000 bye"],
        [concat(octets("03e9"), new Uint8Array(123).fill(0x61)), "close 03e9", `close 1001 ${"a".repeat(123)}`],
      ] as const) {
        const bytes = new RecordedConnection(role).fromPeer({ opcode: 8, payload });
        for (const { name, chunks } of everyChunking(bytes)) {
          const recorded = new RecordedConnection(role).receive(...chunks);
          assert.deepEqual(recorded.takeSent(), [sent], name);
          assert.deepEqual(recorded.events, [heard], name);
          assert.equal(recorded.connection.state, "closed-by-peer");
        }
      }
    });

    it("is answered once, and nothing after it is read: no second Close frame, no data (Autobahn 7.1.2-7.1.4)", () => {
      for (const answersClose of [true, false]) {
        const recorded = new RecordedConnection(role, { answersClose });
        const after = [{ opcode: 8 }, { opcode: 1, payload: "data" }, { opcode: 9 }, { opcode: 0xb }];
        recorded.receive(
          concat(...[{ opcode: 8, payload: normal }, ...after].map((parts) => recorded.fromPeer(parts))),
        );
        recorded.receiveFrames(...after);
        assert.deepEqual(recorded.events, ["close 1000"]);
        assert.deepEqual(recorded.takeSent(), answersClose ? ["close 03e8"] : []);
        assert.equal(recorded.connection.state, answersClose ? "closed-by-peer" : "closing-by-peer");
      }
    });

    it("MAY be answered later, with a code of ours", () => {
      const recorded = inState["closing-by-peer"]();
      recorded.connection.sendText("the rest");
      recorded.connection.close(4001, "done");
      recorded.connection.answerClose();
      assert.deepEqual(recorded.takeSent(), ["text 7468652072657374", `close 0fa1${hexOf(utf8("done"))}`]);
    });

    it("may be answered by the sink itself", () => {
      const recorded = new RecordedConnection(role, { onEvent: (_event, connection) => connection.close(4002) });
      recorded.receiveFrames({ opcode: 8, payload: normal });
      assert.deepEqual(recorded.takeSent(), ["close 0fa2"]);
      assert.equal(recorded.connection.state, "closed-by-peer");
    });

    it("may come in the middle of a message, which is then lost", () => {
      const recorded = new RecordedConnection(role);
      recorded.receiveFrames({ opcode: 1, fin: false, payload: "a" }, { opcode: 8 }, { opcode: 0, payload: "b" });
      assert.deepEqual(recorded.events, ["close 1005"]);
    });

    // "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer"; §7.4.1: 1005, 1006 and
    // 1015 "MUST NOT be set"; §8.1 for the reason.
    it("MUST fail the connection where its body is not as it must be", () => {
      for (const [payload, code, sent] of [
        [octets("03"), "close-body-one-octet", "03ea"],
        [octets("0000"), "close-code-invalid", "03ea"],
        [octets("03ed"), "close-code-invalid", "03ea"],
        [octets("03ee"), "close-code-invalid", "03ea"],
        [octets("03f7"), "close-code-invalid", "03ea"],
        [octets("07d0"), "close-code-invalid", "03ea"],
        [octets("ffff"), "close-code-invalid", "03ea"],
        [octets("03e8ff"), "close-reason-not-utf8", "03ef"],
      ] as const) {
        const recorded = new RecordedConnection(role).receiveFrames({ opcode: 8, payload });
        assert.deepEqual(recorded.events, [`failed ${code}`]);
        assert.deepEqual(recorded.takeSent(), [`close ${sent}${hexOf(utf8(code))}`]);
        assert.equal(recorded.connection.state, "failed");
      }
    });
  });

  describe(`§7.1.2 starting the closing handshake as a ${role}`, () => {
    // "an endpoint MUST send a Close control frame [...] whose status code is set to /code/ and whose close reason is
    // set to /reason/."
    it("MUST send a Close frame with the code and the reason", () => {
      for (const [code, reason, sent] of [
        [undefined, undefined, "close"],
        [1000, undefined, "close 03e8"],
        [1001, "", "close 03e9"],
        [4999, "κ", "close 1387ceba"],
        [3000, "a".repeat(123), `close 0bb8${"61".repeat(123)}`],
      ] as const) {
        const recorded = new RecordedConnection(role);
        recorded.connection.close(code, reason);
        assert.deepEqual(recorded.takeSent(), [sent]);
        assert.equal(recorded.connection.state, "closing-by-us");
      }
    });

    it("§7.4.1: MUST NOT set 1005, 1006 or 1015, nor any other code that must not travel", () => {
      for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000]) {
        const recorded = new RecordedConnection(role);
        assert.throws(() => recorded.connection.close(code), { code: "close-code-not-sendable", observed: code });
        assert.equal(recorded.connection.state, "open");
        assert.equal(recorded.connection.output.byteLength, 0);
      }
    });

    it("is refused with a reason that is too long, or has no code, whatever the state", () => {
      for (const state of states) {
        const recorded = inState[state]();
        assert.throws(() => recorded.connection.close(1000, "a".repeat(124)), { code: "close-reason-too-long" });
        assert.throws(() => recorded.connection.close(undefined, "why"), { code: "close-reason-without-code" });
        assert.equal(recorded.connection.state, state);
        assert.equal(recorded.connection.output.byteLength, 0);
      }
    });

    // §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."; §6.1: "The endpoint
    // MUST ensure the WebSocket connection is in the OPEN state".
    it("§5.5.1: MUST NOT be followed by anything", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      connection.close(1000);
      assert.equal(connection.canSend, false);
      assert.equal(connection.sendText("late"), false);
      assert.equal(connection.sendBinary(octets("01")), false);
      assert.equal(connection.sendFragment("text", "late", true), false);
      assert.equal(connection.ping(), false);
      assert.equal(connection.pong(), false);
      connection.close(1001);
      connection.answerClose();
      recorded.receiveFrames({ opcode: 9 }, { opcode: 8, payload: normal });
      connection.close(1001);
      connection.fail(failure);
      assert.deepEqual(recorded.takeSent(), ["close 03e8"]);
    });

    it("still delivers what the peer sent before its own Close frame", () => {
      const recorded = inState["closing-by-us"]();
      recorded.receiveFrames(
        { opcode: 1, payload: "late" },
        { opcode: 8, payload: normal },
        { opcode: 1, payload: "x" },
      );
      assert.deepEqual(recorded.events, ["text late", "close 1000"]);
      assert.deepEqual(recorded.takeSent(), []);
      assert.equal(recorded.connection.state, "closed-by-us");
    });
  });

  describe(`§7.1.7 failing as a ${role}`, () => {
    // "An endpoint MUST NOT continue to attempt to process data (including a responding Close frame) from the remote
    // endpoint after being instructed to _Fail the WebSocket Connection_."
    it("sends one Close frame with the status code, and MUST NOT go on reading, not even a Close frame", () => {
      const recorded = new RecordedConnection(role);
      const message = recorded.fromPeer({ opcode: 1, payload: "a" });
      recorded.receive(concat(message, unknownOpcode, message, recorded.fromPeer({ opcode: 8 })));
      recorded.receiveFrames({ opcode: 8, payload: normal }, { opcode: 9 }, { opcode: 0xc });
      assert.deepEqual(recorded.events, ["text a", "failed reserved-opcode"]);
      assert.deepEqual(recorded.takeSent(), [`close 03ea${hexOf(utf8("reserved-opcode"))}`]);
    });

    it("reads no more when the sink made it fail, in the middle of a chunk", () => {
      const recorded = new RecordedConnection(role, { onEvent: (_event, connection) => connection.fail(failure) });
      const message = recorded.fromPeer({ opcode: 1, payload: "a" });
      recorded.receive(concat(message, message));
      assert.deepEqual(recorded.events, ["text a"]);
      assert.equal(recorded.connection.state, "failed");
    });

    it("drops what was held back", () => {
      const recorded = new RecordedConnection(role);
      recorded.connection.pause();
      recorded.receiveFrames({ opcode: 1, payload: "a" });
      recorded.connection.fail(failure);
      recorded.connection.resume();
      assert.deepEqual(recorded.events, []);
      assert.equal(recorded.connection.heldBytes, 0);
    });
  });
}

function emptied(recorded: RecordedConnection): RecordedConnection {
  recorded.takeOctets();
  return recorded;
}
