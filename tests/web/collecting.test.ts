import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collect } from "#src/web/collecting.js";
import type { SendData, SendStreamOptions, StreamSource } from "#src/web/index.js";

const euro = new Uint8Array([0xe2, 0x82, 0xac]);

function all(source: StreamSource, options: SendStreamOptions = {}, maxBytes = 1000): Promise<string | ArrayBuffer> {
  return collect(source, options, maxBytes, () => true);
}

describe("collecting a message in chunks", () => {
  it("takes iterables, async iterables and streams", async () => {
    async function* later(): AsyncGenerator<SendData> {
      yield "a";
      yield "b";
    }
    const stream = new ReadableStream<SendData>({
      start(controller) {
        controller.enqueue("a");
        controller.enqueue("b");
        controller.close();
      },
    });
    for (const source of [["a", "b"], later(), stream]) assert.equal(await all(source), "ab");
  });

  it("makes binary of octets, and text of text with octets in it, cut anywhere", async () => {
    const binary = await all([euro, euro.subarray(1)]);
    assert.ok(binary instanceof ArrayBuffer);
    assert.deepEqual([...new Uint8Array(binary)], [...euro, ...euro.subarray(1)]);
    assert.equal(await all(["1 ", euro.subarray(0, 1), euro.subarray(1)]), "1 €");
    assert.equal(await all([euro], { type: "text" }), "€");
  });

  it("gives chunks back when it pulls the next", async () => {
    const chunk = new Uint8Array(1);
    function* reused(): Generator<Uint8Array> {
      for (chunk[0] = 1; chunk[0] < 4; chunk[0]++) yield chunk;
    }
    assert.deepEqual([...new Uint8Array((await all(reused())) as ArrayBuffer)], [1, 2, 3]);
  });

  it("refuses what makes no message", async () => {
    await assert.rejects(all([euro, "text"]), { code: "invalid-argument" });
    await assert.rejects(all(["a", euro.subarray(1)]), { code: "text-not-utf8" });
    await assert.rejects(all([1 as unknown as string]), { code: "invalid-argument" });
    for (const wrong of ["abc", undefined, null, 5]) {
      await assert.rejects(all(wrong as unknown as StreamSource), { name: "UsageError", code: "invalid-argument" });
    }
  });

  it("stops at maxBytes, at its signal and when it is not wanted, and tells the source", async () => {
    let ended = 0;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) yield euro;
      } finally {
        ended += 1;
      }
    }
    await assert.rejects(all(endless(), {}, 7), { code: "unsupported-by-platform", observed: 9, limit: 7 });
    const reason = new Error("enough");
    await assert.rejects(all(endless(), { signal: AbortSignal.abort(reason) }), reason);
    let wanted = 2;
    const some = await collect(endless(), {}, 1000, () => wanted-- > 0);
    assert.equal((some as ArrayBuffer).byteLength, 6);
    assert.equal(ended, 3);
  });

  it("cancels a stream that it leaves, and passes on its error", async () => {
    let isCancelled = false;
    const stream = new ReadableStream<SendData>({
      pull: (controller) => controller.enqueue(euro),
      cancel: () => {
        isCancelled = true;
      },
    });
    await assert.rejects(all(stream, {}, 2));
    assert.equal(isCancelled, true);
    const failure = new Error("no more");
    const broken = new ReadableStream<SendData>({ start: (controller) => controller.error(failure) });
    await assert.rejects(all(broken), failure);
  });
});
