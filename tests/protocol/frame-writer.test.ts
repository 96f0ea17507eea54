import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FrameWriter } from "#src/protocol/frame-writer.js";
import type { Role } from "#src/protocol/opcode.js";
import { BufferPool, Output } from "#src/protocol/output.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { type Frame, readFrames } from "../support/frames.js";
import { seededKeys } from "../support/masking-keys.js";
import { concat, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

const referencedFromBytes = 16 * 1024;

interface Written {
  readonly writer: FrameWriter;
  readonly output: Output;
  readonly take: () => Frame[];
}

/** A writer into buffers that are never clean. */
function writerOf(role: Role, bufferBytes = 1024): Written {
  const output = new Output(
    new BufferPool((byteLength) => new Uint8Array(byteLength).fill(0xee), { smallBytes: bufferBytes }),
  );
  const writer = new FrameWriter(output, portableTextCodec, role === "client" ? seededKeys() : undefined);
  return { writer, output, take: () => readFrames(concat(...output.take().segments)) };
}

const lengths = [
  0,
  1,
  125,
  126,
  127,
  1000,
  4096,
  4097,
  referencedFromBytes - 1,
  referencedFromBytes,
  65535,
  65536,
  70000,
];

for (const role of ["client", "server"] satisfies Role[]) {
  const isMasked = role === "client";

  describe(`§5.2 frames of a ${role}`, () => {
    it("carry octets of any length, in a header with the fewest octets", () => {
      for (const length of lengths) {
        const { writer, take } = writerOf(role);
        const payload = patternedBytes(length);
        writer.writeFrame(0x82, payload, 0, length);
        const [frame, ...others] = take();
        assert.deepEqual(others, []);
        assert.deepEqual(frame?.payload, payload);
        assert.deepEqual([frame?.fin, frame?.rsv, frame?.opcode, frame?.isMasked], [true, 0, 2, isMasked]);
        assert.equal(frame?.lengthOctets, length < 126 ? 1 : length < 65536 ? 3 : 9);
      }
    });

    it("carry text of any length, in a header that fits its UTF-8", () => {
      for (const sample of ["a", "é", "€", "😀", "\ud800"]) {
        for (const units of [0, 1, 41, 42, 62, 63, 64, 125, 126, 2000, 4096, 4097, 21_845, 21_846, 32_768, 65_536]) {
          const text = sample.repeat(units / sample.length);
          const { writer, take } = writerOf(role);
          writer.writeTextFrame(0x81, text);
          const [frame, ...others] = take();
          assert.deepEqual(others, []);
          const expected = utf8(text);
          assert.deepEqual(frame?.payload, expected, `${units} units of ${sample}`);
          assert.equal(frame?.lengthOctets, expected.length < 126 ? 1 : expected.length < 65536 ? 3 : 9);
          assert.equal(frame?.isMasked, isMasked);
        }
      }
    });

    it("follow one another in the output, in small buffers and large", () => {
      const anyFrame = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: "binary", maxLength: 150 }),
        fc.constantFrom(patternedBytes(referencedFromBytes), "x".repeat(5000)),
      );
      fc.assert(
        fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.constantFrom(1, 64, 4096), (contents, bufferBytes) => {
          const { writer, take } = writerOf(role, bufferBytes);
          for (const content of contents) {
            if (typeof content === "string") writer.writeTextFrame(0x81, content);
            else writer.writeFrame(0x82, content, 0, content.length);
          }
          assert.deepEqual(
            take().map(({ payload }) => payload),
            contents.map((content) => (typeof content === "string" ? utf8(content) : content.slice())),
          );
        }),
      );
    });

    it("carry the octets from start to end, and leave their owner's as they are", () => {
      for (const length of [10, 200, referencedFromBytes]) {
        const bytes = patternedBytes(length + 20);
        const before = bytes.slice();
        const { writer, take } = writerOf(role);
        writer.writeFrame(0x82, bytes, 7, 7 + length);
        assert.deepEqual(take()[0]?.payload, before.slice(7, 7 + length));
        assert.deepEqual(bytes, before);
      }
    });
  });
}

describe("§5.3 masking keys", () => {
  // "When preparing a masked frame, the client MUST pick a fresh masking key"
  it("MUST be fresh for each frame, and are written as they come from their source", () => {
    const keys = [0x01020304, -1, -0x80000000, 0x7fffffff];
    const output = new Output(new BufferPool());
    const writer = new FrameWriter(output, portableTextCodec, { next: () => keys.shift() ?? 0 });
    writer.writeFrame(0x82, utf8("a"), 0, 1);
    writer.writeTextFrame(0x81, "b");
    writer.writeTextFrame(0x81, "c".repeat(5000));
    writer.writeFrame(0x89, new Uint8Array(0), 0, 0);
    const frames = readFrames(concat(...output.take().segments));
    assert.deepEqual(
      frames.map(({ key }) => [...(key ?? [])]),
      [
        [1, 2, 3, 4],
        [0xff, 0xff, 0xff, 0xff],
        [0x80, 0, 0, 0],
        [0x7f, 0xff, 0xff, 0xff],
      ],
    );
    assert.deepEqual(keys, []);
  });
});

describe("a large payload", () => {
  it("is sent from where it lies by a server, from 16 KiB on", () => {
    const { writer, output } = writerOf("server");
    const payload = patternedBytes(referencedFromBytes);
    writer.writeFrame(0x82, payload, 0, payload.length);
    assert.equal(output.take().segments[1]?.buffer, payload.buffer);

    const small = payload.subarray(1);
    writer.writeFrame(0x82, small, 0, small.length);
    assert.equal(output.take().segments.length, 1);
  });

  it("is copied by a client, who masks it", () => {
    const { writer, output } = writerOf("client");
    const payload = patternedBytes(referencedFromBytes);
    writer.writeFrame(0x82, payload, 0, payload.length);
    assert.ok(output.take().segments.every((segment) => segment.buffer !== payload.buffer));
  });
});
