import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assemblyOverheadBytes } from "#src/protocol/message-assembly.js";
import type { TextCodec } from "#src/protocol/utf8.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { everyChunking } from "../support/chunking.js";
import type { FrameParts } from "../support/frames.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";
import { RecordedConnection, type RecordedOptions, roles } from "../support/recorded-connection.js";

describe("§6.2 masking of what is received", () => {
  // "A server MUST remove masking for data frames received from a client as described in Section 5.3."
  it("a server MUST remove it, each frame's by its own key, in whatever pieces it comes", () => {
    const text = "masked é ".repeat(40);
    const server = new RecordedConnection("server");
    const bytes = concat(
      server.fromPeer({ opcode: 1, payload: text, key: octets("deadbeef") }),
      server.fromPeer({ opcode: 2, fin: false, payload: octets("0102030405"), key: octets("01020304") }),
      server.fromPeer({ opcode: 0, payload: octets("060708"), key: octets("ffffffff") }),
      server.fromPeer({ opcode: 1, payload: text, key: octets("00000000") }),
    );
    for (const { name, chunks } of everyChunking(bytes)) {
      const { events } = new RecordedConnection("server").receive(...chunks);
      assert.deepEqual(events, [`text ${text}`, "binary 0102030405060708", `text ${text}`], name);
    }
  });
});

for (const role of roles) {
  /** Expects the same events in every chunking. */
  const assertEvents = (frames: readonly FrameParts[], events: readonly string[], options?: RecordedOptions): void => {
    const peer = new RecordedConnection(role);
    const bytes = concat(...frames.map((parts) => peer.fromPeer(parts)));
    for (const { name, chunks } of everyChunking(bytes)) {
      const recorded = new RecordedConnection(role, options).receive(...chunks);
      assert.deepEqual(recorded.events, events, name);
      assert.equal(recorded.connection.state, events.at(-1)?.startsWith("failed") === true ? "failed" : "open", name);
    }
  };

  describe(`§6.2 receiving data as a ${role}`, () => {
    // "the endpoint MUST note the /type/ of the data as defined by the opcode", "Subsequent data frames MUST be
    // interpreted as belonging to a new WebSocket message."
    it("MUST note each message's type, and begin a new message after its end", () => {
      assertEvents(
        [
          { opcode: 1, payload: "text" },
          { opcode: 2, payload: octets("00ff") },
          { opcode: 1, fin: false, payload: "in " },
          { opcode: 0, payload: "two" },
          { opcode: 2, fin: false, payload: octets("01") },
          { opcode: 0, payload: octets("02") },
          { opcode: 1 },
          { opcode: 2 },
        ],
        ["text text", "binary 00ff", "text in two", "binary 0102", "text ", "binary "],
      );
    });

    // §5.4: "Clients and servers MUST support receiving both fragmented and unfragmented messages.", "Message fragments
    // MUST be delivered to the recipient in the order sent by the sender.", §5.4: receivers "must not depend on the
    // presence of specific frame boundaries".
    it("§5.4: MUST make the same of one message however it is fragmented, in the order sent", () => {
      const text = "Füße 😀 κόσμε";
      const payload = utf8(text);
      for (let size = 1; size <= payload.length; size++) {
        const frames: FrameParts[] = [];
        for (let at = 0; at < payload.length; at += size) {
          const fin = at + size >= payload.length;
          frames.push({ opcode: at === 0 ? 1 : 0, fin, payload: payload.slice(at, at + size) });
        }
        assertEvents(frames, [`text ${text}`]);
      }
    });

    // §5.4: "An endpoint MUST be capable of handling control frames in the middle of a fragmented message."; §6.2: "the
    // frame MUST be handled as defined by Section 5.5".
    it("§5.4: MUST handle control frames in the middle of a message", () => {
      assertEvents(
        [
          { opcode: 2, fin: false, payload: "a" },
          { opcode: 9, payload: "p" },
          { opcode: 0, fin: false, payload: "b" },
          { opcode: 10, payload: "q" },
          { opcode: 0, payload: "c" },
        ],
        ["ping 70", "pong 71", "binary 616263"],
      );
    });

    it("hands on large messages, text and binary, in any chunking", () => {
      const binary = patternedBytes(70_000);
      const text = "long é ".repeat(700);
      const recorded = new RecordedConnection(role);
      const bytes = concat(
        recorded.fromPeer({ opcode: 2, payload: binary }),
        recorded.fromPeer({ opcode: 1, payload: text }),
      );
      for (const { name, chunks } of everyChunking(bytes)) {
        const { events } = new RecordedConnection(role).receive(...chunks);
        assert.equal(events[0], `binary ${hexOf(binary)}`, name);
        assert.equal(events[1], `text ${text}`, name);
        assert.equal(events.length, 2, name);
      }
    });

    // The recorder overwrites every chunk once `receive` has returned, and looks at what it was given afterwards.
    it("keeps nothing of a chunk: what was delivered, held back or half read stays when its memory is used again", () => {
      const large = patternedBytes(300);
      const frames = [
        { opcode: 2, payload: octets("0102") },
        { opcode: 2, fin: false, payload: large },
        { opcode: 9, payload: "ping" },
        { opcode: 0, payload: "b" },
        { opcode: 1, payload: "held" },
      ];
      const events = ["binary 0102", "ping 70696e67", `binary ${hexOf(large)}62`, "text held"];
      assertEvents(frames, events);
      const recorded = new RecordedConnection(role);
      const bytes = concat(...frames.map((parts) => recorded.fromPeer(parts)));
      for (let cut = 0; cut <= bytes.length; cut++) {
        const paused = new RecordedConnection(role);
        paused.receive(bytes.subarray(0, cut));
        paused.connection.pause();
        paused.receive(bytes.subarray(cut));
        paused.connection.resume();
        assert.deepEqual(paused.events, events);
      }
    });

    it("lends what lay in one chunk, and gives away what it had to join", () => {
      const recorded = new RecordedConnection(role);
      const bytes = recorded.fromPeer({ opcode: 2, payload: octets("0102") });
      recorded.receive(bytes, bytes.slice(0, -1), bytes.slice(-1));
      assert.deepEqual(recorded.owned, [false, true]);
      assert.deepEqual(recorded.events, ["binary 0102", "binary 0102"]);
    });
  });

  describe(`§8.1 text that is no UTF-8, received by a ${role}`, () => {
    const failed = ["failed invalid-utf8"];

    // "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid
    // UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_."
    it("MUST fail the connection with 1007", () => {
      assertEvents([{ opcode: 1, payload: octets("ff") }], failed);
      assertEvents([{ opcode: 1, payload: octets("6162e282") }], failed);
      assertEvents([{ opcode: 1, payload: octets("edbfbf") }], failed);
      assertEvents([{ opcode: 1, payload: concat(utf8("a".repeat(200)), octets("c0af")) }], failed);
      const recorded = new RecordedConnection(role).receiveFrames({ opcode: 1, payload: octets("ff") });
      assert.deepEqual(recorded.takeSent(), [`close 03ef${hexOf(utf8("invalid-utf8"))}`]);
    });

    it("§5.6: MUST fail where the whole message is not, though each fragment might begin one", () => {
      assertEvents(
        [
          { opcode: 1, fin: false, payload: octets("e282") },
          { opcode: 0, payload: octets("41") },
        ],
        failed,
      );
      assertEvents(
        [
          { opcode: 1, fin: false, payload: octets("e2") },
          { opcode: 0, payload: octets("82") },
        ],
        failed,
      );
      assertEvents([{ opcode: 1, fin: false, payload: octets("e2") }, { opcode: 0 }], failed);
    });

    it("fails at the first bad octet, without waiting for the rest of the frame", () => {
      const payload = octets("cebae1bdb9cf83cebcceb5f490808065646974 6564");
      const recorded = new RecordedConnection(role);
      const bytes = recorded.fromPeer({ opcode: 1, fin: false, payload });
      const badAt = bytes.length - payload.length + 12;
      recorded.receive(...Array.from(bytes.subarray(0, badAt), (octet) => Uint8Array.of(octet)));
      assert.deepEqual(recorded.events, []);
      recorded.receive(bytes.subarray(badAt, badAt + 1));
      assert.deepEqual(recorded.events, failed);
    });

    it("is no matter in a binary message, nor in a ping", () => {
      const frames = [
        { opcode: 2, payload: octets("ff") },
        { opcode: 9, payload: octets("ff") },
        { opcode: 10, payload: octets("fe") },
      ];
      assertEvents(frames, ["binary ff", "ping ff", "pong fe"]);
    });

    it("may be cut anywhere, between fragments that have control frames between them", () => {
      const frames = [
        { opcode: 1, fin: false, payload: octets("f09f") },
        { opcode: 9 },
        { opcode: 0, payload: octets("9880") },
      ];
      assertEvents(frames, ["ping ", "text 😀"]);
    });
  });

  describe(`§10.4 memory held by a ${role}`, () => {
    it("is counted with its overhead, and given back", () => {
      const recorded = new RecordedConnection(role);
      const { connection } = recorded;
      const bytes = recorded.fromPeer({ opcode: 2, payload: patternedBytes(5000) });
      recorded.receive(bytes.subarray(0, 1000));
      assert.ok(connection.heldBytes >= assemblyOverheadBytes + 900);
      assert.ok(connection.heldBytes <= assemblyOverheadBytes + 4000);
      recorded.receive(bytes.subarray(1000));
      assert.equal(connection.heldBytes, 0);
      connection.pause();
      recorded.receive(bytes);
      assert.equal(connection.heldBytes, bytes.length);
      connection.resume();
      assert.equal(connection.heldBytes, 0);
    });

    it("MUST be protected: maxBufferedBytes passes, one more fails with 1009", () => {
      const payload = patternedBytes(3000);
      const maxBufferedBytes = payload.length + assemblyOverheadBytes;
      const bytes = new RecordedConnection(role).fromPeer({ opcode: 2, payload });
      const [head, tail] = [bytes.subarray(0, bytes.length - 3000), bytes.subarray(bytes.length - 3000)];

      const passes = new RecordedConnection(role, { limits: { maxBufferedBytes } }).receive(head, tail);
      assert.deepEqual(passes.events, [`binary ${hexOf(payload)}`]);

      const fails = new RecordedConnection(role, { limits: { maxBufferedBytes: maxBufferedBytes - 1 } });
      fails.receive(head, tail, bytes);
      assert.deepEqual(fails.events, ["failed too-much-buffered"]);
      const [error] = fails.failures;
      assert.deepEqual(
        [error?.closeCode, error?.observed, error?.limit],
        [1009, maxBufferedBytes, maxBufferedBytes - 1],
      );
      assert.equal(fails.connection.heldBytes, 0);
    });

    it("is given back when the connection fails, ends or is closed by the peer", () => {
      for (const end of [
        (recorded: RecordedConnection) => recorded.receive(octets("83")),
        (recorded: RecordedConnection) => recorded.connection.streamEnded(),
        (recorded: RecordedConnection) => recorded.receiveFrames({ opcode: 8 }),
      ]) {
        const recorded = new RecordedConnection(role).receiveFrames({ opcode: 2, fin: false, payload: "begun" });
        assert.ok(recorded.connection.heldBytes > 0);
        end(recorded);
        assert.equal(recorded.connection.heldBytes, 0);
      }
    });

    it("MUST be protected: each limit fails the connection with its status code, and says so", () => {
      for (const [limits, frames, code, reason] of [
        [{ maxFrameBytes: 3 }, [{ opcode: 2, payload: "four" }], 1009, "frame-too-big"],
        [{ maxMessageBytes: 3 }, [{ opcode: 2, payload: "four" }], 1009, "message-too-big"],
        [{ maxFragmentsPerMessage: 1 }, [{ opcode: 2, fin: false }, { opcode: 0 }], 1008, "too-many-fragments"],
      ] as const) {
        const recorded = new RecordedConnection(role, { limits }).receiveFrames(...frames);
        assert.deepEqual(recorded.events, [`failed ${reason}`]);
        assert.deepEqual(recorded.takeSent(), [`close ${code.toString(16).padStart(4, "0")}${hexOf(utf8(reason))}`]);
      }
    });
  });

  describe(`a text that the platform of a ${role} cannot hold in one string`, () => {
    const tooLong = new RangeError("Cannot create a string longer than 0x1fffffe8 characters");
    const throwing = (): never => {
      throw tooLong;
    };
    const codec: TextCodec = {
      ...portableTextCodec,
      decodeChecked: throwing,
      decode: throwing,
      decodeAscii: throwing,
    };

    for (const [how, frames] of [
      ["ASCII in one frame", [{ opcode: 1, payload: "abc" }]],
      ["not ASCII in one frame", [{ opcode: 1, payload: "aé" }]],
      [
        "ASCII in fragments",
        [
          { opcode: 1, fin: false, payload: "ab" },
          { opcode: 0, payload: "c" },
        ],
      ],
      [
        "not ASCII in fragments",
        [
          { opcode: 1, fin: false, payload: "a" },
          { opcode: 0, payload: "é" },
        ],
      ],
    ] as const) {
      it(`fails the connection with 1009 and throws at nobody: ${how}`, () => {
        assertEvents(frames, ["failed message-too-big"], { text: codec });
        const recorded = new RecordedConnection(role, { text: codec }).receiveFrames(...frames);
        const [error] = recorded.failures;
        assert.deepEqual([error?.closeCode, error?.observed, error?.limit], [1009, 3, undefined]);
        assert.equal(error?.cause, tooLong);
        assert.equal(recorded.connection.streamEnded().cause, error);
      });
    }
  });
}
