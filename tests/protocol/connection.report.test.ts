import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CloseReport } from "#src/protocol/close-handshake.js";
import { ProtocolError } from "#src/protocol/errors.js";
import { concat, octets, utf8 } from "../support/octets.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

const bye = concat(octets("0fa0"), utf8("bye"));
/** An unknown opcode: a violation for either role. */
const unknownOpcode = octets("83");
const failure = new ProtocolError("frame-too-big", 2, 1);

for (const role of roles) {
  const closingByPeer = (): RecordedConnection =>
    new RecordedConnection(role, { answersClose: false }).receiveFrames({ opcode: 8, payload: bye });

  describe(`§7.1.4-§7.1.6 how the connection of a ${role} ended`, () => {
    const reset = new Error("ECONNRESET");
    const why = new Error("a handler threw");
    const violation = "the opcode is reserved: got 3 (RFC 6455 §5.2)";
    const ends: readonly {
      readonly what: string;
      readonly run: (recorded: RecordedConnection) => CloseReport;
      readonly report: Omit<CloseReport, "cause" | "rule"> & {
        readonly cause?: Error | string;
        readonly rule?: CloseReport["rule"];
      };
    }[] = [
      {
        what: "the peer closed it with a code and a reason",
        run: (recorded) => recorded.receiveFrames({ opcode: 8, payload: bye }).connection.streamEnded(),
        report: {
          outcome: "closed-by-peer",
          code: 4000,
          reason: "bye",
          wasClean: true,
          initiator: "peer",
          phase: "closing",
        },
      },
      {
        what: "the peer closed it with no code: 1005",
        run: (recorded) => recorded.receiveFrames({ opcode: 8 }).connection.streamEnded(),
        report: {
          outcome: "closed-by-peer",
          code: 1005,
          reason: "",
          wasClean: true,
          initiator: "peer",
          phase: "closing",
        },
      },
      {
        what: "we closed it: the code and the reason are the peer's",
        run: (recorded) => {
          recorded.connection.close(1001, "leaving");
          return recorded.receiveFrames({ opcode: 8, payload: bye }).connection.streamEnded();
        },
        report: {
          outcome: "closed-by-us",
          code: 4000,
          reason: "bye",
          wasClean: true,
          initiator: "us",
          phase: "closing",
        },
      },
      {
        what: "we closed it for a cause",
        run: (recorded) => {
          recorded.connection.close(1011, "", why);
          return recorded.receiveFrames({ opcode: 8, payload: octets("03f3") }).connection.streamEnded();
        },
        report: {
          outcome: "closed-by-us",
          code: 1011,
          reason: "",
          wasClean: true,
          initiator: "us",
          phase: "closing",
          cause: why,
        },
      },
      {
        what: "both closed it at once",
        run: (recorded) => {
          recorded.connection.close(1000);
          return recorded.receiveFrames({ opcode: 8, payload: octets("03e9") }).connection.streamEnded();
        },
        report: { outcome: "closed-by-us", code: 1001, reason: "", wasClean: true, initiator: "us", phase: "closing" },
      },
      {
        what: "the stream was cut after both Close frames had passed",
        run: (recorded) => recorded.receiveFrames({ opcode: 8, payload: bye }).connection.streamEnded(reset),
        report: {
          outcome: "closed-by-peer",
          code: 4000,
          reason: "bye",
          wasClean: true,
          initiator: "peer",
          phase: "closing",
        },
      },
      {
        what: "the peer broke a rule",
        run: (recorded) => recorded.receive(unknownOpcode).connection.streamEnded(),
        report: {
          outcome: "failed",
          code: 1002,
          reason: violation,
          wasClean: false,
          initiator: "us",
          phase: "open",
          cause: violation,
          rule: { code: "reserved-opcode", section: "RFC 6455 §5.2", observed: 3, limit: undefined },
        },
      },
      {
        what: "the peer broke a rule after our Close frame",
        run: (recorded) => {
          recorded.connection.close(1011, "", why);
          return recorded.receive(unknownOpcode).connection.streamEnded(reset);
        },
        report: {
          outcome: "failed",
          code: 1002,
          reason: violation,
          wasClean: false,
          initiator: "us",
          phase: "closing",
          cause: violation,
          rule: { code: "reserved-opcode", section: "RFC 6455 §5.2", observed: 3, limit: undefined },
        },
      },
      {
        what: "we failed it after the peer's Close frame",
        run: () => {
          const { connection } = closingByPeer();
          connection.fail(failure);
          return connection.streamEnded();
        },
        report: {
          outcome: "failed",
          code: 1009,
          reason: failure.message,
          wasClean: false,
          initiator: "us",
          phase: "closing",
          cause: failure,
          rule: { code: "frame-too-big", section: "RFC 6455 §10.4", observed: 2, limit: 1 },
        },
      },
      {
        what: "the stream ended: 1006",
        run: ({ connection }) => connection.streamEnded(),
        report: { outcome: "dropped", code: 1006, reason: "", wasClean: false, initiator: "peer", phase: "open" },
      },
      {
        what: "the stream broke",
        run: ({ connection }) => connection.streamEnded(reset),
        report: {
          outcome: "dropped",
          code: 1006,
          reason: "",
          wasClean: false,
          initiator: "peer",
          phase: "open",
          cause: reset,
        },
      },
      {
        what: "we cut the stream",
        run: ({ connection }) => connection.streamEnded(undefined, true),
        report: { outcome: "dropped", code: 1006, reason: "", wasClean: false, initiator: "us", phase: "open" },
      },
      {
        what: "the stream ended without an answer to our Close frame",
        run: ({ connection }) => {
          connection.close(1000, "", why);
          return connection.streamEnded(reset);
        },
        report: {
          outcome: "dropped",
          code: 1006,
          reason: "",
          wasClean: false,
          initiator: "us",
          phase: "closing",
          cause: why,
        },
      },
      {
        what: "the stream ended before we had answered the peer's Close frame",
        run: () => closingByPeer().connection.streamEnded(),
        report: { outcome: "dropped", code: 4000, reason: "bye", wasClean: false, initiator: "peer", phase: "closing" },
      },
      {
        what: "we cut the stream instead of answering the peer's Close frame",
        run: () => closingByPeer().connection.streamEnded(undefined, true),
        report: { outcome: "dropped", code: 4000, reason: "bye", wasClean: false, initiator: "peer", phase: "closing" },
      },
    ];

    for (const { what, run, report } of ends) {
      it(what, () => {
        const { cause, ...rest } = run(new RecordedConnection(role));
        assert.deepEqual(
          { ...rest, cause: typeof report.cause === "string" ? cause?.message : cause },
          {
            cause: undefined,
            rule: undefined,
            ...report,
          },
        );
      });
    }

    it("is told the same however often the stream ends", () => {
      const { connection } = new RecordedConnection(role).receiveFrames({ opcode: 8, payload: bye });
      const report = connection.streamEnded();
      assert.deepEqual(connection.streamEnded(reset, true), report);
    });

    // §7.2.1: "If at any point the underlying transport layer connection is unexpectedly lost, the client MUST _Fail the
    // WebSocket Connection_."
    it("§7.2.1: MUST be failed when the stream is lost: nothing more is heard or sent", () => {
      const recorded = new RecordedConnection(role).receiveFrames({ opcode: 1, fin: false, payload: "a" });
      recorded.connection.streamEnded();
      recorded.receiveFrames({ opcode: 0, payload: "b" }, { opcode: 9 }, { opcode: 8 });
      assert.deepEqual(recorded.events, []);
      assert.deepEqual(recorded.takeSent(), []);
    });
  });
}
