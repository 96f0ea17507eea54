import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DeflateContext, DeflateContextOptions } from "#src/protocol/extensions/deflate-context.js";
import { createDeflateContext } from "#src/protocol/extensions/deflate-context.js";
import type { Later, Transformed } from "#src/protocol/extensions/extension.js";
import { compressedBit, MessageDeflater } from "#src/protocol/extensions/message-deflater.js";
import { octetsIn, plain, WatchedCompressor } from "../../support/compressors.js";
import { concat, hexOf, octets } from "../../support/octets.js";
import { plainInflate } from "../../support/plain-inflate.js";
import { jsonSample, noise } from "../../support/samples.js";

const tail = octets("0000ffff");

interface Setup {
  readonly compressor: WatchedCompressor;
  readonly context: DeflateContext;
  readonly deflater: MessageDeflater;
}

function setUp(takesOver: boolean, options: DeflateContextOptions = {}): Setup {
  const compressor = new WatchedCompressor();
  const context = createDeflateContext(compressor, options);
  return { compressor, context, deflater: new MessageDeflater(context, 12, takesOver) };
}

function atOnce(result: Later<Transformed>): Transformed {
  assert.ok(!(result instanceof Promise));
  return result;
}

function send({ deflater }: Setup, bytes: Uint8Array, compress?: boolean): Transformed {
  return atOnce(deflater.message(plain(bytes), { compress }));
}

function assertCompressed(sent: Transformed, message: Uint8Array, history?: Uint8Array): void {
  assert.equal(sent.reserved, compressedBit);
  assert.deepEqual(plainInflate(concat(octetsIn(sent), tail), history).bytes, message);
}

describe("§7.2.1 compressing a message", () => {
  it("sets RSV1 and takes off the four octets of the flush", () => {
    const setup = setUp(false);
    const message = jsonSample(1000, 1);
    const sent = send(setup, message);
    assertCompressed(sent, message);
    assert.equal(sent.isOwned, false);
    assert.notEqual(hexOf(octetsIn(sent).slice(-4)), "0000ffff");
    assert.equal(setup.context.counters.sentBytesAfter, sent.end - sent.start);
  });

  it("keeps the bits that others have set", () => {
    const { deflater } = setUp(false);
    const sent = atOnce(deflater.message(plain(jsonSample(1000, 1), 0x10), {}));
    assert.equal(sent.reserved, 0x50);
  });

  it("takes over the window of the messages before, where that was agreed on", () => {
    const setup = setUp(true);
    const messages = [1, 2, 3].map((seed) => jsonSample(1000, seed));
    let history: Uint8Array = new Uint8Array(0);
    for (const message of messages) {
      assertCompressed(send(setup, message), message, history);
      history = concat(history, message);
    }
    assert.deepEqual(setup.compressor.histories, [0, 1000, 2000]);
    assert.equal(setup.context.memory.lentCount, 1);
  });

  it("begins each message anew, where that was agreed on", () => {
    const setup = setUp(false);
    for (const seed of [1, 2]) assertCompressed(send(setup, jsonSample(1000, seed)), jsonSample(1000, seed));
    assert.deepEqual(setup.compressor.histories, [0, 0]);
    assert.equal(setup.context.memory.lentBytes, 0);
    assert.equal(setup.deflater.heldBytes, 0);
  });

  it("begins anew after it had to forget", () => {
    const setup = setUp(true);
    send(setup, jsonSample(1000, 1));
    assert.ok(setup.deflater.heldBytes > 1000);
    setup.deflater.forget();
    assert.equal(setup.deflater.heldBytes, 0);
    assertCompressed(send(setup, jsonSample(1000, 2)), jsonSample(1000, 2));
  });
});

describe("§6 messages that go out as they are", () => {
  it("are those below the threshold", () => {
    const setup = setUp(true, { thresholdBytes: 500 });
    const short = plain(jsonSample(499, 1));
    assert.equal(setup.deflater.message(short, {}), short);
    assert.equal(send(setup, jsonSample(500, 1)).reserved, compressedBit);
    assert.equal(send(setup, jsonSample(499, 1), true).reserved, compressedBit);
  });

  it("are those that the application does not want compressed, and empty ones", () => {
    const setup = setUp(true, { thresholdBytes: 0 });
    const message = plain(jsonSample(1000, 1));
    assert.equal(setup.deflater.message(message, { compress: false }), message);
    const empty = plain(new Uint8Array(0));
    assert.equal(setup.deflater.message(empty, { compress: true }), empty);
    assert.deepEqual(setup.compressor.histories, []);
  });

  it("are those that do not get shorter, which the window does not notice", () => {
    const setup = setUp(true);
    const first = jsonSample(1000, 1);
    send(setup, first);
    const incompressible = plain(noise(1000, 1));
    assert.equal(setup.deflater.message(incompressible, {}), incompressible);
    assertCompressed(send(setup, jsonSample(1000, 2), true), jsonSample(1000, 2), first);
    assert.equal(setup.context.counters.sentInVain, 1);
  });

  it("are those for which there is no memory", () => {
    const setup = setUp(true);
    setup.compressor.hasMemory = false;
    const message = plain(jsonSample(1000, 1));
    assert.equal(setup.deflater.message(message, {}), message);
  });

  it("are those that follow one that did not get shorter: 4, 8, 16 and so on to 1,024, until one does", () => {
    const setup = setUp(true);
    const { histories } = setup.compressor;
    const untried = (): number => {
      const before = histories.length;
      let count = -1;
      while (histories.length === before) {
        send(setup, noise(300, count));
        count++;
      }
      return count;
    };
    assert.deepEqual(
      Array.from({ length: 11 }, () => untried()),
      [0, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024],
    );
    assert.equal(send(setup, jsonSample(1000, 1)).reserved, 0);
    assert.equal(send(setup, jsonSample(1000, 1), true).reserved, compressedBit);
    assert.equal(untried(), 1023);
    assert.equal(untried(), 4);
  });
});

describe("long messages", () => {
  it("are compressed on another thread", async () => {
    const setup = setUp(true);
    const messages = [1, 2].map((seed) => jsonSample(70_000, seed));
    const first = setup.deflater.message(plain(messages[0]!), {});
    assert.ok(first instanceof Promise);
    assertCompressed(await first, messages[0]!);
    assert.equal((await first).isOwned, true);
    assertCompressed(await setup.deflater.message(plain(messages[1]!), {}), messages[1]!, messages[0]);
    assert.deepEqual(setup.compressor.histories, [0, 4096]);
    assert.equal(setup.compressor.laterCalls, 2);
  });

  it("go out as they are where they do not get shorter, or there is no memory", async () => {
    const setup = setUp(true);
    const incompressible = plain(noise(70_000, 1));
    assert.equal(await setup.deflater.message(incompressible, {}), incompressible);
    setup.compressor.hasMemory = false;
    const message = plain(jsonSample(70_000, 1));
    assert.equal(await setup.deflater.message(message, { compress: true }), message);
  });
});

describe("§7.2.1 a message in fragments", () => {
  function sendFragments(setup: Setup, pieces: readonly Uint8Array[]): Transformed[] {
    return pieces.map((piece, index) => {
      const sent = atOnce(setup.deflater.fragment(plain(piece), index === 0, index === pieces.length - 1, {}));
      return plain(octetsIn(sent), sent.reserved);
    });
  }

  for (const takesOver of [true, false]) {
    it(`is compressed as it comes, ${takesOver ? "with" : "without"} context takeover`, () => {
      const setup = setUp(takesOver, { thresholdBytes: 0 });
      const pieces = [1, 2, 3].map((seed) => jsonSample(700, seed));
      const sent = sendFragments(setup, pieces);
      assert.deepEqual(
        sent.map(({ reserved }) => reserved),
        [compressedBit, 0, 0],
      );
      assert.deepEqual(
        sent.map(octetsIn).map((octets) => hexOf(octets.slice(-4)) === "0000ffff"),
        [true, true, false],
      );
      // Whatever has been sent can be read already.
      assert.deepEqual(plainInflate(octetsIn(sent[0]!)).bytes, pieces[0]);
      const whole = concat(...sent.map(octetsIn), tail);
      assert.deepEqual(plainInflate(whole).bytes, concat(...pieces));
      assert.deepEqual(setup.compressor.histories, [0, 700, 1400]);
      assert.equal(setup.context.counters.sentMessages, 1);
      assert.equal(setup.context.counters.sentBytesBefore, 2100);
      sendFragments(setup, pieces);
      assert.equal(setup.compressor.histories[3], takesOver ? 2100 : 0);
      assert.equal(setup.context.memory.lentCount, takesOver ? 1 : 0);
    });
  }

  it("has an octet for its end where nothing is left to send (§7.2.3.6), and none for an empty piece", () => {
    const setup = setUp(true);
    const piece = jsonSample(700, 1);
    const sent = sendFragments(setup, [new Uint8Array(0), piece, new Uint8Array(0), new Uint8Array(0)]);
    assert.deepEqual(
      sent.map(({ reserved }) => reserved),
      [compressedBit, 0, 0, 0],
    );
    assert.equal(octetsIn(sent[0]!).byteLength, 0);
    assert.equal(hexOf(octetsIn(sent[3]!)), "00");
    assert.deepEqual(plainInflate(concat(...sent.map(octetsIn), tail)).bytes, piece);
    assert.equal(setup.context.counters.sentMessages, 1);
  });

  it("is compressed whatever comes, once it has begun so", async () => {
    const setup = setUp(true);
    const pieces = [jsonSample(700, 1), noise(700, 2), noise(70_000, 3), noise(80_000, 4), jsonSample(700, 5)];
    const sent: Uint8Array[] = [];
    for (const [index, piece] of pieces.entries()) {
      setup.compressor.hasMemory = index % 3 !== 0;
      const fragment = setup.deflater.fragment(plain(piece), index === 0, index === pieces.length - 1, {});
      sent.push(octetsIn(await fragment));
    }
    assert.equal(setup.compressor.laterCalls, 2);
    assert.deepEqual(plainInflate(concat(...sent, tail)).bytes, concat(...pieces));
  });

  it("goes out as it is where the application wants that", () => {
    const { deflater } = setUp(true);
    const pieces = [1, 2].map((seed) => plain(jsonSample(700, seed)));
    assert.equal(deflater.fragment(pieces[0]!, true, false, { compress: false }), pieces[0]);
    assert.equal(deflater.fragment(pieces[1]!, false, true, {}), pieces[1]);
  });
});
