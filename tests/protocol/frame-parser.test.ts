import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Role } from "#src/protocol/opcode.js";
import { everyChunking } from "../support/chunking.js";
import { FrameRecorder } from "../support/frame-recorder.js";
import { type FrameParts, frame, sampleKey } from "../support/frames.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

const roles: readonly Role[] = ["client", "server"];

/** The octets of frames as a proper peer of `role` sends them. */
function fromPeer(role: Role, ...frames: readonly FrameParts[]): Uint8Array {
  return concat(...frames.map((parts) => frame({ ...parts, key: role === "server" ? sampleKey : undefined })));
}

/** Expects the same lines in every chunking. */
function assertHeard(role: Role, bytes: Uint8Array, lines: readonly string[], claimedBits = 0): void {
  for (const { name, chunks } of everyChunking(bytes)) {
    const recorder = new FrameRecorder(role, {}, claimedBits).receive(...chunks);
    assert.deepEqual(recorder.lines, lines, name);
  }
}

/** Expects a violation at the last of the octets, not a single one before, and the same in every chunking. */
function assertViolationAt(role: Role, bytes: Uint8Array, code: string, observed?: number, limit?: number): void {
  const early = new FrameRecorder(role).receive(bytes.subarray(0, -1));
  assert.deepEqual(early.violations, [], "reported too early");
  for (const { name, chunks } of everyChunking(bytes)) {
    const { violations, lines } = new FrameRecorder(role).receive(...chunks);
    assert.equal(violations.length, 1, name);
    assert.equal(lines.at(-1), `violation ${code}`, name);
    assert.equal(violations[0]?.observed, observed, name);
    assert.equal(violations[0]?.limit, limit, name);
  }
  // Together with what would have followed, nothing else is said.
  const rest = fromPeer(role, { opcode: 2, payload: "more" }, { opcode: 9 });
  const late = new FrameRecorder(role).receive(concat(bytes, rest));
  assert.equal(late.lines.at(-1), `violation ${code}`);
  assert.equal(late.receive(rest).violations.length, 1);
}

describe("§5.7 the examples", () => {
  it("a single-frame unmasked text message", () =>
    assertHeard("client", octets("810548656c6c6f"), ["data 1: 48656c6c6f"]));
  it("a single-frame masked text message", () =>
    assertHeard("server", octets("818537fa213d7f9f4d5158"), ["data 1: 48656c6c6f"]));
  it("a fragmented unmasked text message", () =>
    assertHeard("client", octets("010348656c 80026c6f"), ["data 1: 48656c | 6c6f"]));
  it("an unmasked ping and a masked pong", () => {
    assertHeard("client", octets("890548656c6c6f"), ["control 9: 48656c6c6f"]);
    assertHeard("server", octets("8a8537fa213d7f9f4d5158"), ["control 10: 48656c6c6f"]);
  });
  it("256 octets in a single unmasked frame", () => {
    const payload = patternedBytes(256);
    assertHeard("client", concat(octets("827e0100"), payload), [`data 2: ${hexOf(payload)}`]);
  });
  it("64 KiB in a single unmasked frame", () => {
    const payload = patternedBytes(65536);
    const recorder = new FrameRecorder("client").receive(concat(octets("827f0000000000010000"), payload));
    assert.deepEqual(recorder.lines, [`data 2: ${hexOf(payload)}`]);
  });
});

for (const role of roles) {
  const isServer = role === "server";
  describe(`§5.1 who masks: a ${role}`, () => {
    // §5.1: "The server MUST close the connection upon receiving a frame that is not masked." "A client MUST close a
    // connection if it detects a masked frame."
    it(`MUST close on a frame that is ${isServer ? "not masked" : "masked"}, at the octet with the MASK bit`, () => {
      const code = isServer ? "mask-missing" : "mask-present";
      for (const first of ["82", "01", "89", "88"])
        assertViolationAt(role, octets(isServer ? `${first}05` : `${first}85`), code);
      assertViolationAt(role, octets(isServer ? "827e" : "82fe"), code);
    });
  });

  describe(`§5.2 the header, read by a ${role}`, () => {
    const mask = isServer ? 0x80 : 0;
    const header = (...parts: readonly number[]): Uint8Array =>
      Uint8Array.from(parts, (octet, index) => (index === 1 ? octet | mask : octet));

    it("has a length in 7, 7+16 or 7+64 bits", () => {
      for (const length of [0, 1, 124, 125, 126, 127, 128, 255, 256, 65535, 65536, 65537]) {
        const payload = patternedBytes(length);
        const bytes = fromPeer(role, { opcode: 2, payload }, { opcode: 9, payload: "end" });
        const recorder = new FrameRecorder(role).receive(bytes);
        assert.deepEqual(recorder.lines, [`data 2: ${hexOf(payload)}`.trimEnd(), "control 9: 656e64"]);
        const half = Math.ceil(bytes.length / 2);
        const halves = new FrameRecorder(role).receive(bytes.subarray(0, half), bytes.subarray(half));
        assert.deepEqual(halves.lines, recorder.lines);
      }
    });

    it("is read wherever it is cut", () => {
      for (const length of [0, 5, 126, 65536]) {
        const payload = patternedBytes(length);
        const bytes = fromPeer(role, { opcode: 2, payload });
        for (let cut = 1; cut <= 14; cut++) {
          const recorder = new FrameRecorder(role).receive(bytes.subarray(0, cut), bytes.subarray(cut));
          assert.deepEqual(recorder.lines, [`data 2: ${hexOf(payload)}`.trimEnd()], `${length} octets cut at ${cut}`);
        }
      }
    });

    // "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero
    // value, the receiving endpoint MUST _Fail the WebSocket Connection_."
    it("MUST fail on a reserved bit that nothing claims, at the first octet", () => {
      for (let bits = 1; bits <= 7; bits++) {
        for (const opcode of [0, 1, 2, 8, 9, 10]) {
          assertViolationAt(role, Uint8Array.of(0x80 | (bits << 4) | opcode), "reserved-bit-set", bits);
        }
      }
    });

    it("may have a reserved bit that an extension claims, in data frames only", () => {
      assertHeard(role, fromPeer(role, { opcode: 1, rsv: 4, payload: "hi" }), ["data 1 rsv 40: 6869"], 0x40);
      const fragments = fromPeer(role, { opcode: 2, rsv: 4, fin: false, payload: "a" }, { opcode: 0, payload: "b" });
      assertHeard(role, fragments, ["data 2 rsv 40: 61 | 62"], 0x40);
      for (const [first, observed] of [
        [0xa1, 2],
        [0xf1, 7],
        [0xc8, 4],
        [0xc9, 4],
        [0xca, 4],
      ] as const) {
        const { violations } = new FrameRecorder(role, {}, 0x40).receive(Uint8Array.of(first));
        assert.deepEqual(
          violations.map((error) => [error.code, error.observed]),
          [["reserved-bit-set", observed]],
        );
      }
    });

    // "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
    it("MUST fail on an unknown opcode, at the first octet, with FIN and without", () => {
      for (const opcode of [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf]) {
        assertViolationAt(role, Uint8Array.of(0x80 | opcode), "reserved-opcode", opcode);
        assertViolationAt(role, Uint8Array.of(opcode), "reserved-opcode", opcode);
      }
    });

    // "in all cases, the minimal number of bytes MUST be used to encode the length"
    it("MUST have its length in the fewest octets: failed at the last octet of the length", () => {
      for (const length of [0, 1, 124, 125]) {
        assertViolationAt(role, header(0x82, 126, 0, length), "length-not-minimal", length);
        assertViolationAt(role, header(0x82, 127, 0, 0, 0, 0, 0, 0, 0, length), "length-not-minimal", length);
      }
      assertViolationAt(role, header(0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff), "length-not-minimal", 65535);
      assertViolationAt(role, header(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 126), "length-not-minimal", 126);
    });

    // "(the most significant bit MUST be 0)"
    it("MUST fail on a 64-bit length with its top bit set", () => {
      assertViolationAt(role, header(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0), "length-top-bit-set", 2 ** 63);
      assertViolationAt(role, header(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1), "length-top-bit-set", 2 ** 63);
      assertViolationAt(role, header(0x82, 127, ...new Array<number>(8).fill(0xff)), "length-top-bit-set", 2 ** 64);
    });

    it("§10.4: MUST protect itself against a length beyond 2^53 - 1", () => {
      const max = Number.MAX_SAFE_INTEGER;
      assertViolationAt(role, header(0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0), "length-not-representable", 2 ** 53, max);
      assertViolationAt(role, header(0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 1), "length-not-representable", 2 ** 53, max);
      assertViolationAt(
        role,
        header(0x82, 127, 0x7f, ...new Array<number>(7).fill(0xff)),
        "length-not-representable",
        2 ** 63,
        max,
      );
      // 2^60, the example of §10.4.
      assertViolationAt(role, header(0x82, 127, 0x10, 0, 0, 0, 0, 0, 0, 0), "length-not-representable", 2 ** 60, max);
    });
  });

  describe(`§5.4 fragments, read by a ${role}`, () => {
    it("make one message, with as many continuations as there are", () => {
      for (const opcode of [1, 2]) {
        const bytes = fromPeer(
          role,
          { opcode, fin: false, payload: "one" },
          { opcode: 0, fin: false },
          { opcode: 0, fin: false, payload: "two" },
          { opcode: 0, payload: "three" },
        );
        assertHeard(role, bytes, [`data ${opcode}: 6f6e65 |  | 74776f | 7468726565`]);
      }
    });

    it("may all be empty", () => {
      assertHeard(role, fromPeer(role, { opcode: 1, fin: false }, { opcode: 0 }), ["data 1:  |"]);
    });

    it("may be followed by another message", () => {
      const bytes = fromPeer(
        role,
        { opcode: 1, fin: false, payload: "a" },
        { opcode: 0, payload: "b" },
        { opcode: 2, fin: false, payload: "c" },
        { opcode: 0, payload: "d" },
        { opcode: 1, payload: "e" },
      );
      assertHeard(role, bytes, ["data 1: 61 | 62", "data 2: 63 | 64", "data 1: 65"]);
    });

    // "An endpoint MUST be capable of handling control frames in the middle of a fragmented message."
    it("MUST let control frames through, between any two of them", () => {
      const bytes = fromPeer(
        role,
        { opcode: 1, fin: false, payload: "a" },
        { opcode: 9, payload: "1" },
        { opcode: 0, fin: false, payload: "b" },
        { opcode: 10 },
        { opcode: 9, payload: patternedBytes(125) },
        { opcode: 0, payload: "c" },
      );
      const long = `control 9: ${hexOf(patternedBytes(125))}`;
      assertHeard(role, bytes, ["control 9: 31", "control 10:", long, "data 1: 61 | 62 | 63"]);
    });

    // "The fragments of one message MUST NOT be interleaved between the fragments of another message"
    it("MUST NOT be interleaved with another message: failed at its first octet", () => {
      for (const opcode of [1, 2]) {
        for (const fin of [0x80, 0]) {
          const begun = fromPeer(role, { opcode: 1, fin: false, payload: "a" });
          assertViolationAt(role, concat(begun, Uint8Array.of(fin | opcode)), "continuation-expected", opcode);
        }
      }
    });

    it("do not continue what has not begun: failed at the first octet", () => {
      for (const first of [0x80, 0x00]) {
        assertViolationAt(role, Uint8Array.of(first), "continuation-without-start", 0);
        const before = fromPeer(role, { opcode: 1, payload: "whole" });
        assertViolationAt(role, concat(before, Uint8Array.of(first)), "continuation-without-start", 0);
        const ended = fromPeer(role, { opcode: 1, fin: false, payload: "a" }, { opcode: 0, payload: "b" });
        assertViolationAt(role, concat(ended, Uint8Array.of(first)), "continuation-without-start", 0);
      }
    });
  });

  describe(`§5.5 control frames, read by a ${role}`, () => {
    // "Control frames themselves MUST NOT be fragmented."
    it("MUST NOT be fragmented: failed at the first octet", () => {
      for (const opcode of [8, 9, 10]) {
        assertViolationAt(role, Uint8Array.of(opcode), "control-frame-fragmented", opcode);
      }
    });

    // "All control frames MUST have a payload length of 125 bytes or less"
    it("MUST have 125 octets at most: failed at the second octet", () => {
      for (const opcode of [8, 9, 10]) {
        for (const length of [126, 127]) {
          const bytes = Uint8Array.of(0x80 | opcode, (isServer ? 0x80 : 0) | length);
          assertViolationAt(role, bytes, "control-frame-too-long", length, 125);
        }
      }
    });

    it("are handed on whole, wherever they are cut", () => {
      const payload = patternedBytes(125);
      const bytes = fromPeer(role, { opcode: 9, payload }, { opcode: 10, payload: "after" });
      for (let first = 0; first <= bytes.length; first++) {
        const recorder = new FrameRecorder(role).receive(bytes.subarray(0, first), bytes.subarray(first));
        assert.deepEqual(recorder.lines, [`control 9: ${hexOf(payload)}`, "control 10: 6166746572"], `cut at ${first}`);
      }
      assertHeard(role, bytes, [`control 9: ${hexOf(payload)}`, "control 10: 6166746572"]);
    });

    it("may be empty", () => {
      assertHeard(role, fromPeer(role, { opcode: 9 }, { opcode: 10 }, { opcode: 8 }), [
        "control 9:",
        "control 10:",
        "control 8:",
      ]);
    });
  });

  describe(`what a ${role} holds of a chunk`, () => {
    it("is nothing of an empty one", () => {
      const recorder = new FrameRecorder(role).receive(new Uint8Array(0));
      assert.deepEqual(recorder.lines, []);
      assert.equal(recorder.parser.heldBytes, 0);
    });

    it("while paused is all that came behind, in order, until it resumes", () => {
      const bytes = fromPeer(
        role,
        { opcode: 1, payload: "a" },
        { opcode: 1, payload: "b" },
        { opcode: 1, payload: "c" },
      );
      const recorder = new FrameRecorder(role);
      recorder.onLine = () => recorder.parser.pause();
      recorder.receive(bytes, bytes);
      assert.deepEqual(recorder.lines, ["data 1: 61"]);
      assert.equal(recorder.parser.heldBytes, bytes.length * 2 - bytes.length / 3);
      for (let resumed = 2; resumed <= 6; resumed++) {
        recorder.parser.resume();
        assert.equal(recorder.lines.length, resumed);
      }
      assert.deepEqual(recorder.lines.slice(3), recorder.lines.slice(0, 3));
      assert.equal(recorder.parser.heldBytes, 0);
      recorder.parser.resume();
      assert.equal(recorder.lines.length, 6);
    });

    it("is read on when it resumes from within the sink", () => {
      const bytes = fromPeer(role, { opcode: 1, payload: "a" }, { opcode: 1, payload: "b" });
      const recorder = new FrameRecorder(role);
      recorder.onLine = () => {
        recorder.parser.pause();
        recorder.parser.resume();
      };
      recorder.receive(bytes);
      assert.deepEqual(recorder.lines, ["data 1: 61", "data 1: 62"]);
    });

    it("is nothing when it pauses behind the last octet", () => {
      const recorder = new FrameRecorder(role);
      recorder.onLine = () => recorder.parser.pause();
      recorder.receive(fromPeer(role, { opcode: 1, payload: "a" }));
      assert.equal(recorder.parser.heldBytes, 0);
    });

    it("is dropped when it stops", () => {
      const bytes = fromPeer(role, { opcode: 1, payload: "a" }, { opcode: 1, payload: "b" });
      const recorder = new FrameRecorder(role);
      recorder.onLine = () => recorder.parser.pause();
      recorder.receive(bytes);
      recorder.parser.stop();
      assert.equal(recorder.parser.heldBytes, 0);
      recorder.parser.resume();
      recorder.receive(bytes);
      assert.deepEqual(recorder.lines, ["data 1: 61"]);
    });

    it("goes no further when the sink stops it, at whatever it was told", () => {
      const bytes = fromPeer(role, { opcode: 1, fin: false, payload: "a" }, { opcode: 0, payload: "b" }, { opcode: 9 });
      for (const method of ["frameStart", "framePayload", "frameEnd", "control", "wholeMessage"] as const) {
        const recorder = new FrameRecorder(role);
        const told: string[] = [];
        for (const name of [
          "frameStart",
          "framePayload",
          "frameEnd",
          "control",
          "wholeMessage",
          "violation",
        ] as const) {
          recorder[name] = () => {
            told.push(name);
            if (name === method) recorder.parser.stop();
          };
        }
        recorder.receive(concat(fromPeer(role, { opcode: 10 }), bytes), bytes);
        if (method === "wholeMessage") continue;
        assert.equal(told.filter((name) => name === method).length, 1);
        assert.equal(told.at(-1), method);
      }
    });
  });
}

describe("a text in one frame in one chunk", () => {
  // What is known on the way saves the codec a look; what is not known costs nothing but that look.
  it("is known to be ASCII where it was unmasked, and up to 64 octets where it was not masked", () => {
    for (const [role, length, expected] of [
      ["server", 5000, true],
      ["client", 64, true],
      ["client", 65, false],
    ] as const) {
      const recorder = new FrameRecorder(role);
      let known: boolean | undefined;
      recorder.wholeMessage = (_opcode, _reserved, _bytes, _start, _end, ascii) => {
        known = ascii;
      };
      recorder.receive(fromPeer(role, { opcode: 1, payload: "a".repeat(length) }));
      assert.equal(known, expected, `${role} ${length}`);
      recorder.receive(fromPeer(role, { opcode: 1, payload: utf8(`${"a".repeat(length - 2)}é`) }));
      assert.equal(known, false, `${role} ${length}`);
    }
  });
});
