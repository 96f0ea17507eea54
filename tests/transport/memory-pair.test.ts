import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryPair, StreamResetError } from "#src/transport/index.js";
import { type ByteStreamKind, describeByteStream } from "../contract/byte-stream.js";
import { seededIntegers } from "../support/patterns.js";
import { StreamRecorder } from "../support/stream-recorder.js";
import { TaskQueue } from "../support/task-queue.js";

function memoryKind(nextChunkBytes?: (available: number) => number): ByteStreamKind {
  return {
    retainsWrites: false,
    remoteAddress: /^memory$/,
    connect: async () => {
      const { defer } = new TaskQueue();
      const [near, far] = createMemoryPair(nextChunkBytes === undefined ? { defer } : { defer, nextChunkBytes });
      return { near, far, release: () => undefined, resetFar: () => far.destroy() };
    },
  };
}

const integer = seededIntegers(99);

describeByteStream("an in-memory pair", memoryKind());
describeByteStream(
  "an in-memory pair that cuts at random",
  memoryKind((available) => integer(1, Math.min(available, 100_000))),
);

describe("an in-memory pair", () => {
  it("delivers in the pieces that it was told to", async () => {
    const queue = new TaskQueue();
    const [near, far] = createMemoryPair({ defer: queue.defer, nextChunkBytes: () => 2 });
    const recorder = new StreamRecorder();
    far.start(recorder);
    near.write([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]);
    await queue.idle();
    assert.deepEqual(recorder.chunkBytes, [2, 2, 1]);
    assert.deepEqual([...recorder.bytes], [1, 2, 3, 4, 5]);
  });

  it("never delivers an empty piece, whatever it was told", async () => {
    const queue = new TaskQueue();
    const [near, far] = createMemoryPair({ defer: queue.defer, nextChunkBytes: () => 0 });
    const recorder = new StreamRecorder();
    far.start(recorder);
    near.write([new Uint8Array(3)]);
    await queue.idle();
    assert.deepEqual(recorder.chunkBytes, [1, 1, 1]);
  });

  it("holds no more than its capacity before the writer has to wait", () => {
    const queue = new TaskQueue();
    const [near] = createMemoryPair({ defer: queue.defer, capacityBytes: 10 });
    assert.equal(near.write([new Uint8Array(9)]), true);
    assert.equal(near.write([new Uint8Array(1)]), false);
  });

  it("has the address it was given", () => {
    const [near, far] = createMemoryPair({ defer: () => undefined, remoteAddress: "192.0.2.1" });
    assert.deepEqual([near.remoteAddress, far.remoteAddress], ["192.0.2.1", "192.0.2.1"]);
  });

  it("resets whoever still writes or reads when its peer cuts the stream", async () => {
    const queue = new TaskQueue();
    const [near, far] = createMemoryPair({ defer: queue.defer });
    const recorder = new StreamRecorder();
    near.start(recorder);
    far.destroy();
    await queue.idle();
    assert.ok(recorder.error instanceof StreamResetError);
    assert.equal(recorder.error.code, "ECONNRESET");
  });
});
