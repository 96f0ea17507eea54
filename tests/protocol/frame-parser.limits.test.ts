import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Limits } from "#src/protocol/limits.js";
import type { Role } from "#src/protocol/opcode.js";
import { everyChunking } from "../support/chunking.js";
import { FrameRecorder } from "../support/frame-recorder.js";
import { type FrameParts, frame, sampleKey } from "../support/frames.js";
import { concat } from "../support/octets.js";

interface Case {
  readonly what: string;
  readonly limits: Partial<Limits>;
  readonly passes: readonly FrameParts[];
  readonly fails: readonly FrameParts[];
  readonly error: readonly [code: string, closeCode: number, observed: number, limit: number];
}

const zeros = (length: number): Uint8Array => new Uint8Array(length);

const cases: readonly Case[] = [
  {
    what: "maxFrameBytes",
    limits: { maxFrameBytes: 1000 },
    passes: [{ opcode: 2, payload: zeros(1000) }],
    fails: [{ opcode: 2, payload: zeros(1001) }],
    error: ["frame-too-big", 1009, 1001, 1000],
  },
  {
    what: "maxFrameBytes of a fragment",
    limits: { maxFrameBytes: 100 },
    passes: [
      { opcode: 2, fin: false, payload: zeros(100) },
      { opcode: 0, payload: zeros(100) },
    ],
    fails: [
      { opcode: 2, fin: false, payload: zeros(100) },
      { opcode: 0, payload: zeros(101) },
    ],
    error: ["frame-too-big", 1009, 101, 100],
  },
  {
    what: "maxMessageBytes in one frame",
    limits: { maxMessageBytes: 1000 },
    passes: [{ opcode: 1, payload: zeros(1000) }],
    fails: [{ opcode: 1, payload: zeros(1001) }],
    error: ["message-too-big", 1009, 1001, 1000],
  },
  {
    what: "maxMessageBytes in fragments",
    limits: { maxMessageBytes: 1000 },
    passes: [
      { opcode: 1, fin: false, payload: zeros(400) },
      { opcode: 0, fin: false, payload: zeros(400) },
      { opcode: 0, payload: zeros(200) },
    ],
    fails: [
      { opcode: 1, fin: false, payload: zeros(400) },
      { opcode: 0, fin: false, payload: zeros(400) },
      { opcode: 0, payload: zeros(201) },
    ],
    error: ["message-too-big", 1009, 1001, 1000],
  },
  {
    what: "maxMessageBytes of nothing at all",
    limits: { maxMessageBytes: 0 },
    passes: [{ opcode: 1 }],
    fails: [{ opcode: 1, payload: "a" }],
    error: ["message-too-big", 1009, 1, 0],
  },
  {
    what: "maxFragmentsPerMessage",
    limits: { maxFragmentsPerMessage: 3 },
    passes: [{ opcode: 2, fin: false }, { opcode: 0, fin: false }, { opcode: 0 }],
    fails: [{ opcode: 2, fin: false }, { opcode: 0, fin: false }, { opcode: 0, fin: false }, { opcode: 0 }],
    error: ["too-many-fragments", 1008, 4, 3],
  },
  {
    what: "maxFragmentsPerMessage of one",
    limits: { maxFragmentsPerMessage: 1 },
    passes: [{ opcode: 2, payload: "whole" }],
    fails: [{ opcode: 2, fin: false }, { opcode: 0 }],
    error: ["too-many-fragments", 1008, 2, 1],
  },
  {
    what: "maxFrameBytes of a compressed message, with room for what compressing adds",
    limits: { maxFrameBytes: 1280 },
    passes: [
      { opcode: 2, rsv: 4, fin: false, payload: zeros(1354) },
      { opcode: 0, payload: zeros(1354) },
    ],
    fails: [{ opcode: 2, rsv: 4, payload: zeros(1355) }],
    error: ["frame-too-big", 1009, 1355, 1354],
  },
  {
    what: "maxMessageBytes of a compressed message, with room for what compressing adds",
    limits: { maxMessageBytes: 128 },
    passes: [
      { opcode: 2, rsv: 4, fin: false, payload: zeros(100) },
      { opcode: 0, payload: zeros(93) },
    ],
    fails: [
      { opcode: 2, rsv: 4, fin: false, payload: zeros(100) },
      { opcode: 0, payload: zeros(94) },
    ],
    error: ["message-too-big", 1009, 194, 193],
  },
  {
    what: "maxMessageBytes of a message beside compressed ones",
    limits: { maxMessageBytes: 128 },
    passes: [
      { opcode: 2, rsv: 4, payload: zeros(193) },
      { opcode: 2, payload: zeros(128) },
    ],
    fails: [
      { opcode: 2, rsv: 4, fin: false, payload: zeros(100) },
      { opcode: 0, payload: zeros(93) },
      { opcode: 2, payload: zeros(129) },
    ],
    error: ["message-too-big", 1009, 129, 128],
  },
];

for (const role of ["client", "server"] satisfies Role[]) {
  const fromPeer = (...frames: readonly FrameParts[]): Uint8Array =>
    concat(...frames.map((parts) => frame({ ...parts, key: role === "server" ? sampleKey : undefined })));

  describe(`§10.4 limits MUST protect a ${role}`, () => {
    for (const { what, limits, passes, fails, error } of cases) {
      it(`${what}: the limit passes, and begins anew with each message`, () => {
        const bytes = fromPeer(...passes, ...passes, { opcode: 9 }, ...passes);
        const messages = passes.filter(({ fin }) => fin !== false).length;
        for (const { name, chunks } of everyChunking(bytes, 4)) {
          const recorder = new FrameRecorder(role, limits, 0x40).receive(...chunks);
          assert.deepEqual(recorder.violations, [], name);
          assert.equal(recorder.lines.length, 3 * messages + 1, name);
        }
      });

      it(`${what}: one more fails, as soon as the header says so`, () => {
        const last = fails.at(-1) ?? assert.fail();
        const payloadBytes = Buffer.from(last.payload ?? "").length;
        const bytes = fromPeer(...fails);
        const maskBytes = role === "server" ? 4 : 0;
        const lengthEnd = bytes.length - payloadBytes - maskBytes;
        for (const { name, chunks } of everyChunking(bytes.subarray(0, lengthEnd), 4)) {
          const { violations } = new FrameRecorder(role, limits, 0x40).receive(...chunks);
          assert.deepEqual(
            violations.map((violation) => [violation.code, violation.closeCode, violation.observed, violation.limit]),
            [error],
            name,
          );
        }
        assert.deepEqual(
          new FrameRecorder(role, limits, 0x40).receive(bytes.subarray(0, lengthEnd - 1)).violations,
          [],
        );
      });
    }

    it("do not concern control frames", () => {
      const limits = { maxFrameBytes: 0, maxMessageBytes: 0, maxFragmentsPerMessage: 0 };
      const recorder = new FrameRecorder(role, limits).receive(fromPeer({ opcode: 9, payload: zeros(125) }));
      assert.equal(recorder.violations.length, 0);
      assert.equal(recorder.lines.length, 1);
    });
  });
}
