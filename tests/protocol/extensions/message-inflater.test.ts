import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import type { DeflateContext, DeflateContextOptions } from "#src/protocol/extensions/deflate-context.js";
import { createDeflateContext } from "#src/protocol/extensions/deflate-context.js";
import type { Later, Transformed, TransformFailure } from "#src/protocol/extensions/extension.js";
import { isFailure } from "#src/protocol/extensions/extension.js";
import { compressedBit } from "#src/protocol/extensions/message-deflater.js";
import { MessageInflater } from "#src/protocol/extensions/message-inflater.js";
import { windowBytes } from "#src/protocol/extensions/sliding-window.js";
import { everyChunking } from "../../support/chunking.js";
import { octetsIn, plain, SteeredCompressor, WatchedCompressor } from "../../support/compressors.js";
import { hexOf, octets } from "../../support/octets.js";
import { jsonSample, noise } from "../../support/samples.js";

const maxBytes = 1_000_000;

interface Setup {
  readonly compressor: WatchedCompressor;
  readonly context: DeflateContext;
  readonly inflater: MessageInflater;
}

function setUp(takesOver: boolean, options: DeflateContextOptions = {}): Setup {
  const compressor = new WatchedCompressor();
  const context = createDeflateContext(compressor, options);
  if (takesOver) context.memory.reserve(windowBytes(12));
  return { compressor, context, inflater: new MessageInflater(context, 12, takesOver) };
}

function deflated(message: Uint8Array, dictionary?: Uint8Array): Uint8Array {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 12 };
  const bytes = deflateRawSync(message, dictionary === undefined ? options : { ...options, dictionary });
  return Uint8Array.from(bytes.subarray(0, -4));
}

async function textOf(result: Later<Transformed | TransformFailure>): Promise<string> {
  const found = await result;
  return isFailure(found) ? found.failure : Buffer.from(octetsIn(found)).toString();
}

function receive({ inflater }: Setup, bytes: Uint8Array, limit = maxBytes): Later<Transformed | TransformFailure> {
  return inflater.message(plain(bytes, compressedBit | 0x10), limit);
}

describe("§7.2.3 the examples", () => {
  const examples: [string, string, string][] = [
    ["one fixed block", "f2 48 cd c9 c9 07 00", "Hello"],
    ["one stored block", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"],
    ["a final block", "f3 48 cd c9 c9 07 00 00", "Hello"],
    ["two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"],
    ["an empty message", "00", ""],
    ["an empty message without its octet", "", ""],
    ["a final block that its sender has not followed by another", "f3 48 cd c9 c9 07 00", "Hello"],
    ["a final empty block of which the tail was removed", "00 05 00 fa ff 48 65 6c 6c 6f 01", "Hello"],
  ];
  for (const [name, hex, text] of examples) {
    it(`reads ${name}`, async () => {
      assert.equal(await textOf(receive(setUp(true), octets(hex))), text);
    });
  }

  it("reads a message that refers to the one before", async () => {
    const setup = setUp(true);
    assert.equal(await textOf(receive(setup, octets("f2 48 cd c9 c9 07 00"))), "Hello");
    assert.equal(await textOf(receive(setup, octets("f2 00 11 00 00"))), "Hello");
    assert.equal(await textOf(receive(setUp(false), octets("f2 00 11 00 00"))), "compressed-data-invalid");
  });

  it("clears RSV1 and no other bit", () => {
    const result = receive(setUp(true), octets("f2 48 cd c9 c9 07 00")) as Transformed;
    assert.equal(result.reserved, 0x10);
  });
});

describe("§7.2.2 inflating", () => {
  it("counts", () => {
    const setup = setUp(true);
    const message = jsonSample(1000, 1);
    const bytes = deflated(message);
    void receive(setup, bytes);
    const { receivedMessages, receivedBytesBefore, receivedBytesAfter } = setup.context.counters;
    assert.deepEqual([receivedMessages, receivedBytesBefore, receivedBytesAfter], [1, bytes.byteLength, 1000]);
  });

  it("holds a window only where context is taken over, and gives it back once", () => {
    const setup = setUp(true);
    const { memory } = setup.context;
    assert.equal(setup.inflater.heldBytes, 0);
    void receive(setup, deflated(jsonSample(1000, 1)));
    assert.ok(setup.inflater.heldBytes > 1000);
    setup.inflater.close();
    setup.inflater.close();
    assert.equal(setup.inflater.heldBytes, 0);
    assert.equal(memory.reservedBytes, 0);
    void receive(setup, deflated(jsonSample(1000, 1)));
    assert.equal(setup.inflater.heldBytes, 0);

    const without = setUp(false);
    void receive(without, deflated(jsonSample(1000, 1)));
    assert.equal(without.inflater.heldBytes, 0);
    without.inflater.close();
    assert.equal(without.context.memory.reservedBytes, 0);
  });

  it("stops at the limit", async () => {
    const setup = setUp(true);
    const bytes = deflated(jsonSample(1000, 1));
    assert.equal(await textOf(receive(setup, bytes, 999)), "message-too-big");
    assert.equal((await textOf(receive(setup, bytes, 1000))).length, 1000);
  });

  it("fails with what makes no sense, and with what breaks off", async () => {
    for (const hex of ["ff ff ff", "f2 48 cd c9", "f2 48 cd c9 c9 07 00 00 00 ff ff"]) {
      const found = await receive(setUp(true), octets(hex));
      assert.ok(isFailure(found), hex);
      assert.match(found.failure, /^compressed-data-/u);
    }
  });

  it("gives a long message to another thread", async () => {
    const setup = setUp(true, { laterFromBytes: 2000 });
    const message = jsonSample(20_000, 1);
    const bytes = deflated(message);
    assert.ok(bytes.byteLength > 2000);
    const lent = bytes.slice();
    const result = receive(setup, lent);
    // It was lent for the call.
    lent.fill(0);
    assert.equal(await textOf(result), Buffer.from(message).toString());
    assert.equal(setup.compressor.laterCalls, 1);
    const second = jsonSample(20_000, 2);
    assert.equal(await textOf(receive(setup, deflated(second, message))), Buffer.from(second).toString());
    const owned = { ...plain(deflated(message), compressedBit), isOwned: true };
    assert.equal(isFailure(await setUp(true, { laterFromBytes: 2000 }).inflater.message(owned, maxBytes)), false);
  });

  it("gives a message that turns out to be long to another thread, too", async () => {
    const setup = setUp(true, { maxInflatedAtOnceBytes: 100_000 });
    const message = new Uint8Array(300_000).fill(0x61);
    assert.equal((await textOf(receive(setup, deflated(message)))).length, 300_000);
    assert.equal(setup.compressor.laterCalls, 1);
    assert.equal(await textOf(receive(setup, deflated(message), 299_999)), "message-too-big");
    assert.equal(await textOf(receive(setup, deflated(message), 50_000)), "message-too-big");
    assert.equal(setup.compressor.laterCalls, 2);
  });
});

describe("§6.2 a message in pieces", () => {
  for (const laterFromBytes of [64 * 1024, 1500]) {
    it(`is read as if it came whole, with other threads from ${laterFromBytes} octets on`, async () => {
      const first = jsonSample(2500, 1);
      const message = jsonSample(9000, 2);
      const bytes = deflated(message, first);
      for (const { name, chunks } of everyChunking(bytes)) {
        const setup = setUp(true, { laterFromBytes });
        await receive(setup, deflated(first));
        const pieces = setup.inflater.pieces(compressedBit, maxBytes);
        assert.equal(pieces.heldBytes, 0);
        for (const chunk of chunks) {
          const pending = pieces.push(chunk, 0, chunk.byteLength);
          chunk.fill(0);
          assert.equal(await pending, undefined);
        }
        const result = await pieces.finish();
        assert.ok(!isFailure(result), name);
        assert.equal(hexOf(octetsIn(result)), hexOf(message), name);
        assert.equal(setup.context.counters.receivedBytesBefore, bytes.byteLength + deflated(first).byteLength);
      }
    });
  }

  it("may end while a piece is still being read, and at the end of one", async () => {
    const setup = setUp(true, { laterFromBytes: 1000 });
    const message = jsonSample(9000, 2);
    const bytes = deflated(message);
    for (const rest of [0, 200]) {
      const pieces = setup.inflater.pieces(compressedBit, maxBytes);
      const cut = bytes.byteLength - rest;
      void pieces.push(bytes, 0, cut);
      if (rest > 0) void pieces.push(bytes, cut, bytes.byteLength);
      const result = await pieces.finish();
      assert.ok(!isFailure(result));
      assert.deepEqual(octetsIn(result), message);
    }
  });

  it("holds what has come until it is inflated, and then what that was", async () => {
    const setup = setUp(false, { laterFromBytes: 2000 });
    const pieces = setup.inflater.pieces(compressedBit, maxBytes);
    const bytes = deflated(jsonSample(15_000, 1));
    void pieces.push(bytes, 0, 600);
    assert.equal(pieces.heldBytes, 1200);
    void pieces.push(bytes, 600, 1300);
    assert.equal(pieces.heldBytes, 2000);
    assert.equal(await pieces.push(bytes, 1300, 2100), undefined);
    assert.ok(pieces.heldBytes > 2100);
    pieces.abort();
    assert.equal(pieces.heldBytes, 0);
  });

  it("fails at once where that can be seen", async () => {
    const setup = setUp(false, { laterFromBytes: 2000 });
    const tooLong = setup.inflater.pieces(compressedBit, 5000);
    const bomb = deflated(new Uint8Array(3_000_000));
    const failure = await tooLong.push(bomb, 0, bomb.byteLength);
    assert.equal(failure?.failure, "message-too-big");
    assert.equal(failure?.limit, 5000);
    assert.equal(await textOf(tooLong.finish()), "message-too-big");

    const garbage = setup.inflater.pieces(compressedBit, 5000);
    assert.equal((await garbage.push(noise(3000, 1).fill(0xff), 0, 3000))?.failure, "compressed-data-invalid");
  });

  it("lets go when the connection is over", () => {
    const setup = setUp(false);
    const pieces = setup.inflater.pieces(compressedBit, maxBytes);
    void pieces.push(noise(600, 1), 0, 600);
    pieces.abort();
    assert.equal(pieces.heldBytes, 0);
  });
});

describe("a message for which the platform has no memory", () => {
  const noMemory = (): never => {
    throw new RangeError("Array buffer allocation failed");
  };

  it("fails, and nothing is thrown, when it cannot be inflated at once", async () => {
    const set = setUp(true);
    set.compressor.inflate = noMemory;
    assert.equal(await textOf(receive(set, deflated(jsonSample(1000, 1)))), "message-too-big");
  });

  for (const length of [1000, 200_000]) {
    it(`fails when there is none for the window, behind ${length} octets`, async () => {
      const set = setUp(true, { laterFromBytes: 5000 });
      set.context.memory.slots = noMemory;
      assert.equal(await textOf(receive(set, deflated(jsonSample(length, 1)))), "message-too-big");
    });
  }

  it("fails when its pieces cannot be collected", async (t) => {
    const pieces = setUp(true).inflater.pieces(compressedBit, maxBytes);
    const Real = Uint8Array;
    t.after(() => {
      globalThis.Uint8Array = Real;
    });
    globalThis.Uint8Array = class extends Real {
      constructor() {
        super(noMemory());
      }
    };
    const failed = pieces.push(Real.of(1, 2, 3), 0, 3);
    globalThis.Uint8Array = Real;
    assert.ok(failed !== undefined && !(failed instanceof Promise));
    assert.deepEqual([failed.failure, failed.observed], ["message-too-big", 3]);
  });
});

describe("a message that another thread is to inflate when the connection ends", () => {
  it("is not inflated any more, whole or in pieces", async () => {
    const message = deflated(jsonSample(100_000, 1));
    for (const isWhole of [true, false]) {
      const compressor = new SteeredCompressor();
      const context = createDeflateContext(compressor, { laterFromBytes: 1000 });
      const inflater = new MessageInflater(context, 12, false);
      let result: Later<Transformed | TransformFailure>;
      if (isWhole) {
        result = inflater.message(plain(message, compressedBit), maxBytes);
      } else {
        const pieces = inflater.pieces(compressedBit, maxBytes);
        void pieces.push(message, 0, message.byteLength);
        result = pieces.finish();
      }
      inflater.close();
      await compressor.all();
      assert.equal(isFailure(await result), true);
      assert.equal(context.counters.receivedMessages, 0);
    }
  });
});
