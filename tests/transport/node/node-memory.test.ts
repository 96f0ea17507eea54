import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { allocate, allocateFastMemory, keepFreedMemory, masking, pool } from "#src/transport/node/node-memory.js";

const run = promisify(execFile);
const memoryModule = JSON.stringify(import.meta.resolve("#src/transport/node/node-memory.js"));

/** Where the octets of an array lie. */
function extent({ buffer, byteOffset, byteLength }: Uint8Array): { buffer: ArrayBufferLike; from: number; to: number } {
  return { buffer, from: byteOffset, to: byteOffset + byteLength };
}

function assertApart(arrays: readonly Uint8Array[]): void {
  const extents = arrays.map(extent);
  for (const [index, one] of extents.entries()) {
    for (const other of extents.slice(index + 1)) {
      const isApart = one.buffer !== other.buffer || one.to <= other.from || other.to <= one.from;
      assert.ok(isApart, `${one.from} to ${one.to} overlaps with ${other.from} to ${other.to}`);
    }
  }
}

describe("memory for messages", () => {
  it("is as long as was asked for, plain, and nobody else's", () => {
    const arrays = [0, 1, 100, 4096, 70_000, 5_000_000].map((byteLength) => {
      const array = allocate(byteLength);
      assert.equal(array.byteLength, byteLength);
      assert.equal(Object.getPrototypeOf(array), Uint8Array.prototype);
      // A slab that others share would live for as long as any of them.
      assert.equal(array.buffer.byteLength, byteLength);
      return array;
    });
    assertApart(arrays);
  });
});

describe("memory for good", () => {
  it("does not overlap, and goes on where there is no room for it to be fast in", () => {
    const arrays = [1, 63, 64, 65, 100_000, 64 * 1024 * 1024].map(allocateFastMemory);
    assert.deepEqual(
      arrays.map(({ byteLength }) => byteLength),
      [1, 63, 64, 65, 100_000, 64 * 1024 * 1024],
    );
    assertApart(arrays);
    for (const [index, array] of arrays.entries()) array.fill(index + 1);
    for (const [index, array] of arrays.entries()) {
      assert.equal(array[0], index + 1);
      assert.equal(array.at(-1), index + 1);
    }
  });

  it("is where masking is fastest, in all of it that there is room for", () => {
    const { buffer } = allocateFastMemory(64);
    // The kernel's memory: where there is WebAssembly, all of it is the same.
    assert.equal(allocateFastMemory(64).buffer === buffer, "buffer" in masking);
  });
});

describe("output buffers", () => {
  it("do not overlap while they are lent, nor with memory for good", () => {
    const { smallBytes, largeBytes } = pool.sizes;
    const lent = [...Array.from({ length: 50 }, () => pool.acquire(smallBytes)), pool.acquire(largeBytes)];
    assertApart([...lent, allocateFastMemory(1000)]);
    for (const buffer of lent) pool.release(buffer);
  });

  it("of more than the pool keeps do not come out of the kernel's memory, which is given out for good", () => {
    const { largeBytes } = pool.sizes;
    const { buffer: kernelMemory } = allocateFastMemory(1);
    const oversized = pool.acquire(largeBytes + 1);
    assert.ok(oversized.byteLength > largeBytes);
    assert.notEqual(oversized.buffer, kernelMemory);
    pool.release(oversized);
  });
});

describe("showing glibc what to keep", () => {
  it("changes nothing that one can see, however often", () => {
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 100; count++) keepFreedMemory();
    // A hundred examples would be 3 GiB of address space, and one that was written to 31 MiB.
    assert.ok(process.memoryUsage().rss - before < 16 * 1024 * 1024);
  });

  it("asks for one piece only, which is freed", async () => {
    const script = `
      const { keepFreedMemory } = await import(${memoryModule});
      const before = process.memoryUsage().arrayBuffers;
      for (let count = 0; count < 10; count++) keepFreedMemory();
      const shown = process.memoryUsage().arrayBuffers - before;
      gc();
      await new Promise((resolve) => setImmediate(resolve));
      gc();
      const left = process.memoryUsage().arrayBuffers - before;
      console.log(shown >> 20, left <= 0);
    `;
    const { stdout } = await run(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script]);
    assert.equal(stdout, "31 true\n");
  });

  it("is harmless under flags that change how memory is got, and without WebAssembly", async () => {
    const script = `
      const { allocateFastMemory, keepFreedMemory, pool } = await import(${memoryModule});
      keepFreedMemory();
      const buffer = pool.acquire(pool.sizes.largeBytes);
      buffer.fill(1);
      console.log(allocateFastMemory(100).byteLength, buffer.at(-1));
    `;
    for (const flags of [["--jitless"], ["--zero-fill-buffers"], ["--max-old-space-size=64"]]) {
      const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "--eval", script]);
      assert.equal(stdout, "100 1\n", flags.join());
    }
  });
});
