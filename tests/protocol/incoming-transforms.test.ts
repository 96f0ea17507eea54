import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createDeflateContext } from "#src/protocol/extensions/index.js";
import { IncomingTransforms } from "#src/protocol/incoming-transforms.js";
import { resolveLimits } from "#src/protocol/limits.js";
import { Opcode } from "#src/protocol/opcode.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain, deflated } from "../support/deflate.js";
import { noise } from "../support/samples.js";

function setUp(limits = {}) {
  const compressor = new SteeredCompressor();
  const told: string[] = [];
  const chain = deflateChain(createDeflateContext(compressor), "server");
  const incoming = new IncomingTransforms(chain, resolveLimits(limits), {
    transformed: (opcode, _bytes, start, end) => void told.push(`${String(opcode)}: ${String(end - start)}`),
    piece: () => assert.fail(),
    piecesEnded: () => assert.fail(),
    violation: ({ code, limit }) => void told.push(`${code} ${String(limit)}`),
    transforming: (isPending) => void told.push(isPending ? "pending" : "done"),
  });
  return { incoming, compressor, told };
}

const long = deflated(noise(80_000, 1));

describe("the way in", () => {
  it("hands on at once what takes no time", () => {
    const { incoming, told } = setUp();
    const payload = deflated("hello");
    incoming.whole(Opcode.text, 0x40, payload, 0, payload.byteLength);
    incoming.begin(Opcode.binary, 0x40);
    incoming.push(payload, 0, 3);
    incoming.push(payload, 3, payload.byteLength);
    incoming.finish();
    assert.deepEqual(told, ["1: 5", "2: 5"]);
    assert.equal(incoming.heldBytes, 0);
  });

  it("says what is pending, hands on, and then says that it is done", async () => {
    const { incoming, compressor, told } = setUp();
    incoming.whole(Opcode.binary, 0x40, long, 0, long.byteLength);
    assert.equal(incoming.isPending, true);
    await compressor.all();
    assert.deepEqual(told, ["pending", "2: 80000", "done"]);
    assert.equal(incoming.isPending, false);
  });

  it("waits for the end of a message, not for the piece before it", async () => {
    const { incoming, compressor, told } = setUp();
    incoming.begin(Opcode.binary, 0x40);
    incoming.push(long, 0, 70_000);
    incoming.push(long, 70_000, long.byteLength);
    incoming.finish();
    await compressor.all();
    assert.deepEqual(told, ["pending", "pending", "2: 80000", "done"]);
  });

  it("counts what waits to be changed, whole or come in pieces, until it is handed on or given up", async () => {
    const { incoming, compressor } = setUp();
    incoming.whole(Opcode.binary, 0x40, long, 0, long.byteLength);
    assert.ok(incoming.heldBytes >= long.byteLength);
    await compressor.all();
    assert.equal(incoming.heldBytes, 0);

    incoming.begin(Opcode.binary, 0x40);
    incoming.push(long, 0, 60_000);
    incoming.push(long, 60_000, long.byteLength - 1);
    await compressor.all();
    incoming.push(long, long.byteLength - 1, long.byteLength);
    incoming.finish();
    assert.ok(incoming.heldBytes >= 79_000, `${incoming.heldBytes}`);
    incoming.abort();
    assert.equal(incoming.heldBytes, 0);
    await compressor.all();
  });

  it("says nothing any more once it is given up", async () => {
    const { incoming, compressor, told } = setUp();
    incoming.begin(Opcode.binary, 0x40);
    incoming.push(long, 0, long.byteLength);
    incoming.abort();
    incoming.push(long, 0, 10);
    incoming.finish();
    await compressor.all();
    assert.deepEqual(told, ["pending"]);
  });

  it("names the limit that a message breaks", async () => {
    const first = setUp({ maxMessageBytes: 70_000 });
    first.incoming.begin(Opcode.binary, 0x40);
    first.incoming.push(long, 0, long.byteLength);
    await first.compressor.all();
    assert.deepEqual(first.told, ["pending", "message-too-big 70000", "done"]);

    // Both what was inflated and the message that is made of it live for a moment.
    const second = setUp({ maxBufferedBytes: 140_000 });
    second.incoming.whole(Opcode.binary, 0x40, long, 0, long.byteLength);
    await second.compressor.all();
    assert.deepEqual(second.told, ["pending", "too-much-buffered 140000", "done"]);
  });
});
