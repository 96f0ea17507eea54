import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext } from "#src/protocol/extensions/index.js";
import { resolveLimits } from "#src/protocol/limits.js";
import { MessageReceiver } from "#src/protocol/message-receiver.js";
import { Opcode } from "#src/protocol/opcode.js";
import { BufferPool } from "#src/protocol/output.js";
import type { TextCodec } from "#src/protocol/utf8.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated } from "../support/deflate.js";
import { octets, utf8 } from "../support/octets.js";
import { noise } from "../support/samples.js";

function setUp(text: TextCodec = portableTextCodec) {
  const told: string[] = [];
  const compressor = new SteeredCompressor();
  const receiver = new MessageReceiver(
    { role: "server", limits: resolveLimits(), text, pool: new BufferPool() },
    {
      receivedText: (received) => void told.push(`text ${received}`),
      receivedBinary: (_bytes, start, end, isOwned) => void told.push(`binary ${end - start} ${isOwned}`),
      receivedPing: () => undefined,
      receivedPong: () => undefined,
      receivedClose: () => true,
      failed: () => undefined,
    },
    {
      control: (opcode) => void told.push(`control ${opcode}`),
      violation: ({ code }) => void told.push(code),
      transforming: (isPending) => void told.push(isPending ? "pending" : "done"),
      sizeInDoubt: () => void told.push("in doubt"),
      sizesChanged: () => undefined,
    },
    deflateChain(createDeflateContext(compressor), "server"),
  );
  const whole = (opcode: 1 | 2, reserved: number, bytes: Uint8Array, ascii = false): void =>
    receiver.wholeMessage(opcode, reserved, bytes, 0, bytes.byteLength, ascii);
  const frame = (opcode: 1 | 2, isFirst: boolean, reserved: number, bytes: Uint8Array, fin: boolean): void => {
    receiver.frameStart(opcode, isFirst, reserved, bytes.byteLength, fin);
    receiver.framePayload(bytes, 0, bytes.byteLength, false);
    receiver.frameEnd(fin);
  };
  return { receiver, told, compressor, whole, frame };
}

describe("§5.6 data on its way in", () => {
  it("is handed on as what it is, by an extension or not, and control frames beside it", () => {
    const { receiver, told, whole } = setUp();
    whole(1, 0, utf8("ascii"), true);
    whole(1, 0, utf8("é"));
    whole(2, 0, octets("0102"));
    whole(1, 0x40, deflated("é"));
    whole(2, 0x40, deflated("xyz"));
    receiver.control(Opcode.ping, octets(""), 0, 0);
    assert.deepEqual(told, ["text ascii", "text é", "binary 2 false", "text é", "binary 3 false", "control 9"]);
  });

  it("is put together from fragments, and what is held is counted", () => {
    const { receiver, told, frame } = setUp();
    const payload = deflated("compressed");
    frame(1, true, 0x40, payload.slice(0, 5), false);
    assert.equal(receiver.heldBytes, 1024 + 512);
    frame(1, false, 0, payload.slice(5), true);
    frame(2, true, 0, utf8("not "), false);
    assert.ok(receiver.heldBytes > 512);
    frame(2, false, 0, utf8("compressed"), true);
    assert.deepEqual(told, ["text compressed", "binary 14 true"]);
    assert.equal(receiver.heldBytes, 0);
  });

  it("that is no UTF-8 is a violation, wherever that is seen (§8.1)", () => {
    for (const reserved of [0, 0x40]) {
      const { told, whole } = setUp();
      whole(1, reserved, reserved === 0 ? octets("ff") : deflated(octets("ff")));
      assert.deepEqual(told, ["invalid-utf8"]);
    }
    const { told, frame } = setUp();
    frame(1, true, 0, octets("ff"), false);
    assert.deepEqual(told, ["invalid-utf8"]);
    const cut = setUp();
    cut.frame(1, true, 0, octets("c3"), false);
    cut.frame(1, false, 0, octets(""), true);
    assert.deepEqual(cut.told, ["invalid-utf8"]);
  });

  it("that is longer than any string is too big", () => {
    const codec: TextCodec = {
      ...portableTextCodec,
      decodeChecked: () => {
        throw new RangeError("too long");
      },
    };
    const { told, whole } = setUp(codec);
    whole(1, 0x40, deflated("text"));
    assert.deepEqual(told, ["message-too-big"]);
  });

  it("is dropped when it is given up", async () => {
    const { receiver, told, compressor, frame } = setUp();
    frame(2, true, 0x40, deflated(noise(80_000, 1)), false);
    assert.equal(receiver.isTransforming, true);
    receiver.abort();
    assert.deepEqual([receiver.isTransforming, receiver.heldBytes], [false, 0]);
    await compressor.all();
    assert.deepEqual(told, ["pending"]);
  });
});
