import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext, ExtensionChain } from "#src/protocol/extensions/index.js";
import { FrameWriter } from "#src/protocol/frame-writer.js";
import { Opcode } from "#src/protocol/opcode.js";
import { OutgoingTransforms } from "#src/protocol/outgoing-transforms.js";
import { BufferPool, Output } from "#src/protocol/output.js";
import { SharedMessage } from "#src/protocol/shared-message.js";
import { frameMessage } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, JudgeInflater } from "../support/deflate.js";
import { readFrames } from "../support/frames.js";
import { concat, hexOf } from "../support/octets.js";
import { jsonSample } from "../support/samples.js";

function setUp(isShared = true) {
  const pool = new BufferPool();
  const output = new Output(pool);
  const compressor = new SteeredCompressor();
  const context = createDeflateContext(compressor);
  const [extension] = deflateChain(context, "server").extensions;
  assert.ok(extension !== undefined);
  const idle = {
    ...{},
    name: "idle",
    claimedBits: 0,
    passes: () => true,
    sendMessage: (_: number, message: object) => message,
  };
  const chain = new ExtensionChain(isShared ? [extension] : [idle as never, extension]);
  let added = 0;
  const outgoing = new OutgoingTransforms(
    chain,
    { text: portableTextCodec, pool },
    new FrameWriter(output, portableTextCodec, undefined),
    output,
    {
      writeFramed: ({ shared, start, end }) => output.appendShared(shared, start, end),
      sendFailed: () => assert.fail(),
    },
    {
      outputAdded: () => {
        added++;
      },
      messageWritten: () => undefined,
    },
  );
  const place = {
    lay: (_version: number, type: "text" | "binary", reserved: number, data: string | Uint8Array) =>
      frameMessage(data, portableTextCodec, type, reserved),
  };
  return {
    outgoing,
    output,
    pool,
    compressor,
    added: () => added,
    shared: (data: string | Uint8Array) => new SharedMessage(data, {}, place, portableTextCodec),
    sent: async () => {
      const frames = readFrames(concat(...output.take().segments));
      return (await new JudgeInflater({ windowBits: 15, takesOver: true }).messages(frames)).map(hexOf);
    },
  };
}

const binary = { opcode: Opcode.binary, fragment: undefined, hints: {} } as const;

describe("the way out", () => {
  it("sends at once what takes no time, and tells nobody", async () => {
    const { outgoing, output, added, sent } = setUp();
    outgoing.send(jsonSample(3000, 1), binary);
    outgoing.enqueue(5, () => outgoing.send(jsonSample(30, 2), binary));
    assert.deepEqual([output.pendingBytes, added()], [0, 0]);
    assert.deepEqual(await sent(), [hexOf(jsonSample(3000, 1)), hexOf(jsonSample(30, 2))]);
  });

  it("keeps the order behind what takes time, and tells once it is there", async () => {
    const { outgoing, output, compressor, added, shared, sent } = setUp();
    outgoing.send(jsonSample(70_000, 1), binary);
    outgoing.sendMany(shared(jsonSample(3000, 2)));
    outgoing.send("text ".repeat(100), { ...binary, opcode: Opcode.text });
    // The one in the middle with its header, since it is framed already.
    assert.equal(output.pendingBytes, 73_504);
    await compressor.all();
    assert.deepEqual([output.pendingBytes, added()], [0, 1]);
    const text = hexOf(Buffer.from("text ".repeat(100)));
    assert.deepEqual(await sent(), [hexOf(jsonSample(70_000, 1)), hexOf(jsonSample(3000, 2)), text]);
  });

  it("copies short octets that have to wait, and refers to long ones until then", async () => {
    const { outgoing, compressor, sent } = setUp();
    const short = jsonSample(3000, 2);
    const long = jsonSample(40_000, 3);
    outgoing.send(jsonSample(70_000, 1), binary);
    outgoing.send(short, binary);
    outgoing.send(long, binary);
    short.fill(0);
    long[0] = 0x21;
    await compressor.all();
    assert.deepEqual(await sent(), [hexOf(jsonSample(70_000, 1)), hexOf(jsonSample(3000, 2)), hexOf(long)]);
  });

  it("gives the memory that text was encoded into back when it is compressed, or dropped", async () => {
    for (const isDropped of [false, true]) {
      const { outgoing, pool, compressor, added, sent } = setUp();
      const released: number[] = [];
      pool.release = (buffer) => void released.push(buffer.byteLength);
      outgoing.send("x".repeat(70_000), { ...binary, opcode: Opcode.text });
      outgoing.send("behind", { ...binary, opcode: Opcode.text });
      if (isDropped) outgoing.drop();
      assert.deepEqual(released, []);
      await compressor.all();
      assert.ok((released[0] ?? 0) >= 70_000);
      assert.equal(added(), isDropped ? 0 : 1);
      assert.equal((await sent()).length, isDropped ? 0 : 2);
    }
  });

  it("changes a shared message by itself where the extensions cannot share", async () => {
    const { outgoing, shared, sent } = setUp(false);
    outgoing.sendMany(shared(jsonSample(3000, 1)));
    assert.deepEqual(await sent(), [hexOf(jsonSample(3000, 1))]);
  });
});
