import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { openSource } from "#src/socket/chunk-source.js";
import { turns } from "../support/task-queue.js";

describe("a source", () => {
  it("is none when it is anything but a web stream or an iterable of chunks", () => {
    const none = [
      undefined,
      null,
      1,
      "text",
      new Uint8Array(3),
      new DataView(new ArrayBuffer(1)),
      new ArrayBuffer(1),
      {},
    ];
    for (const value of [...none, { getReader: 1 }, () => undefined]) {
      assert.throws(() => openSource(value), { name: "UsageError", code: "invalid-argument" });
    }
  });

  it("is locked at once where it is a web stream, and cancelled with the reason, be a read pending or not", async () => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream<string>({ cancel: (reason) => void reasons.push(reason) });
    const source = openSource(stream);
    assert.equal(stream.locked, true);
    const pending = source.next();
    source.end("the reason");
    assert.deepEqual(await pending, { done: true, value: undefined });
    assert.deepEqual(reasons, ["the reason"]);
    assert.throws(() => openSource(stream), TypeError);
  });

  it("is told by return where it is an iterable, and not from within", async () => {
    const told: string[] = [];
    let end: () => void = () => undefined;
    const generator = (function* () {
      try {
        yield "a";
        end();
        yield "b";
      } finally {
        told.push("returned");
      }
    })();
    const source = openSource(generator);
    end = () => source.end("from within");
    assert.deepEqual(source.next(), { done: false, value: "a" });
    assert.deepEqual(source.next(), { done: false, value: "b" });
    assert.deepEqual(told, []);
    await turns(1);
    assert.deepEqual(told, ["returned"]);
    openSource(["without return"]).end("");
    await turns(1);
  });

  it("may be a Node stream, which is destroyed", async () => {
    const readable = Readable.from(["a", "b"]);
    const source = openSource(readable);
    assert.deepEqual(await source.next(), { done: false, value: "a" });
    source.end("");
    await turns(3);
    assert.equal(readable.destroyed, true);
  });

  it("may fail to clean up, at once or later, without anybody being hurt", async () => {
    const fail = (): never => {
      throw new Error("while it cleans up");
    };
    const next = (): IteratorResult<string> => ({ done: true, value: undefined });
    openSource({ [Symbol.iterator]: () => ({ next, return: fail }) }).end("");
    openSource({ [Symbol.asyncIterator]: () => ({ next, return: async () => fail() }) }).end("");
    openSource({ getReader: () => ({ read: next, cancel: fail }) }).end("");
    await turns(3);
  });
});
