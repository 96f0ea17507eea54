/**
 * Frames that others have died of: each ends its own connection with its rule named, and nobody else notices, at either
 * end. The server has no `error` handler and runs in a process of its own, which an error that nobody caught would end.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectOptions } from "#src/index.js";
import { connect, ProtocolError } from "#src/index.js";
import type { FrameParts } from "../support/frames.js";
import { frame } from "../support/frames.js";
import { requestText, upgradeRaw } from "../support/raw-http.js";
import { startHostileServer } from "../support/raw-server.js";
import { upgradeHeaders } from "../support/upgrades.js";
import { fromClient, Victim } from "../support/victim.js";

interface Attack {
  readonly what: string;
  readonly frames: readonly FrameParts[];
  readonly code: number;
  readonly error: string;
  /** Whether the connection compresses. */
  readonly deflate?: boolean;
}

const longest = Number.MAX_SAFE_INTEGER;
/** As if there were no limit to sizes: what is left is arithmetic. */
const noSizeLimits = { maxMessageBytes: longest, maxFrameBytes: longest, maxBufferedBytes: longest };

const reservedBits: readonly Attack[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => ({
    what: `reserved bits ${rsv} on a message, of no extension`,
    frames: [{ opcode: 1, rsv, payload: "x" }],
    code: 1002,
    error: "reserved-bit-set",
  })),
  ...[1, 2, 3, 5, 6, 7].map((rsv) => ({
    what: `reserved bits ${rsv} on a message, beside compression`,
    frames: [{ opcode: 1, rsv, payload: "x" }],
    code: 1002,
    error: "reserved-bit-set",
    deflate: true,
  })),
  ...[8, 9, 10].map((opcode) => ({
    what: `RSV1 on control frame ${opcode}, beside compression`,
    frames: [{ opcode, rsv: 4 }],
    code: 1002,
    error: "reserved-bit-set",
    deflate: true,
  })),
  {
    what: "RSV1 on a continuation, beside compression",
    frames: [
      { opcode: 1, rsv: 4, fin: false, payload: "x" },
      { opcode: 0, rsv: 4, payload: "x" },
    ],
    code: 1002,
    error: "reserved-bit-set",
    deflate: true,
  },
];

const malformed: readonly Attack[] = [
  ...[3, 7, 11, 15].map((opcode) => ({
    what: `opcode ${opcode}`,
    frames: [{ opcode }],
    code: 1002,
    error: "reserved-opcode",
  })),
  {
    what: "a continuation of nothing",
    frames: [{ opcode: 0, payload: "x" }],
    code: 1002,
    error: "continuation-without-start",
  },
  {
    what: "a message within a message",
    frames: [
      { opcode: 1, fin: false, payload: "x" },
      { opcode: 1, payload: "x" },
    ],
    code: 1002,
    error: "continuation-expected",
  },
  { what: "half of a ping", frames: [{ opcode: 9, fin: false }], code: 1002, error: "control-frame-fragmented" },
  {
    what: "a ping of 126 octets",
    frames: [{ opcode: 9, payload: new Uint8Array(126) }],
    code: 1002,
    error: "control-frame-too-long",
  },
  {
    what: "a Close frame of one octet",
    frames: [{ opcode: 8, payload: "x" }],
    code: 1002,
    error: "close-body-one-octet",
  },
  {
    what: "a close code that nobody may send",
    frames: [{ opcode: 8, payload: Uint8Array.of(0x03, 0xee) }],
    code: 1002,
    error: "close-code-invalid",
  },
  {
    what: "a close reason that is no text",
    frames: [{ opcode: 8, payload: Uint8Array.of(0x03, 0xe8, 0xff) }],
    code: 1007,
    error: "close-reason-not-utf8",
  },
  {
    what: "text that is none",
    frames: [{ opcode: 1, payload: Uint8Array.of(0xed, 0xa0, 0x80) }],
    code: 1007,
    error: "invalid-utf8",
  },
  {
    what: "a length in more octets than it needs",
    frames: [{ opcode: 2, payload: "x", lengthOctets: 9 }],
    code: 1002,
    error: "length-not-minimal",
  },
];

const lengths: readonly Attack[] = [
  { what: "2^64 - 1", length: 2n ** 64n - 1n, code: 1002, error: "length-top-bit-set" },
  { what: "2^63", length: 2n ** 63n, code: 1002, error: "length-top-bit-set" },
  { what: "2^63 - 1", length: 2n ** 63n - 1n, code: 1009, error: "length-not-representable" },
  { what: "2^53", length: 2n ** 53n, code: 1009, error: "length-not-representable" },
].map(({ what, length, code, error }) => ({
  what: `a length of ${what}`,
  frames: [{ opcode: 2, length }],
  code,
  error,
}));

const sums: readonly Attack[] = [
  {
    what: "lengths that together pass 2^53",
    frames: [
      { opcode: 2, fin: false, payload: "0123456789" },
      { opcode: 0, length: BigInt(longest) },
    ],
    code: 1009,
    error: "message-too-big",
  },
];

const classes: readonly (readonly [string, readonly Attack[]])[] = [
  ["bad reserved bits (CVE-2022-39386)", reservedBits],
  ["malformed frames (CVE-2022-21676)", malformed],
  ["64-bit lengths (CVE-2026-1528, CVE-2020-27813)", lengths],
  ["lengths that overflow when they are added (CVE-2020-27813)", sums],
];

for (const [name, attacks] of classes) {
  const limits = attacks === sums ? noSizeLimits : {};
  describe(name, () => {
    it("end the connection that they came on to a server, whose process goes on", async (t) => {
      const victim = await Victim.start(t, { limits, closeTimeoutMs: 50 });
      for (const { what, frames, code, error, deflate = false } of attacks) {
        const headers = deflate ? ["Sec-WebSocket-Extensions", "permessage-deflate"] : [];
        const { peer, socket } = await upgradeRaw(t, victim.port, requestText(upgradeHeaders(...headers)));
        socket.write(fromClient(...frames));
        await peer.untilFrames(1);
        assert.deepEqual(peer.lines, [`close ${code} ${error}`], what);
        socket.destroy();
        const { ended } = await victim.until((measures) => measures.ended.length > 0);
        assert.deepEqual(ended, [`${code} ${error}`], what);
      }
    });

    it("end the connection of a client that they came to, and are the cause in its report", async (t) => {
      for (const { what, frames, code, error, deflate = false } of attacks) {
        const lines = deflate ? ["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12"] : [];
        const octets = Buffer.concat(frames.map((parts) => frame(parts)));
        // Whoever consumes nothing does not judge sizes yet.
        const message = (): void => undefined;
        const options: ConnectOptions = { limits, closeTimeoutMs: 0, perMessageDeflate: deflate, message };
        const socket = await connect(await startHostileServer(t, lines, octets), options);
        const report = await socket.closed;
        assert.equal(report.code, code, what);
        assert.ok(report.cause instanceof ProtocolError && report.cause.code === error, what);
      }
    });
  });
}

describe("octets at random", () => {
  it("end only the connection that they came on (CVE-2022-21676)", async (t) => {
    const victim = await Victim.start(t, { closeTimeoutMs: 50 });
    for (let first = 0; first < 256; first++) {
      const { peer, socket } = await upgradeRaw(t, victim.port);
      // Every first octet there is, with a second that no client may send behind it.
      socket.write(Uint8Array.of(first, first & 0x7f));
      await peer.untilFrames(1);
      assert.match(peer.lines.join(), /^close 1002 [a-z-]+$/u, String(first));
      socket.destroy();
    }
    const { ended } = await victim.until(({ socketCount }) => socketCount === 1);
    assert.equal(ended.length, 256);
  });
});
