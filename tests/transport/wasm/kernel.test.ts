import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { portableMasking } from "#src/protocol/index.js";
import { type Kernel, loadKernel, type WebAssemblyApi } from "#src/transport/wasm/index.js";
import { masked, sampleKey } from "../../support/frames.js";
import { patternedBytes } from "../../support/patterns.js";

const run = promisify(execFile);

const memoryBytes = 256 * 1024;
const sampleKeyWord = wordOf(sampleKey);
const maxLength = 300;
/** Octets on both sides that must stay as they are. */
const guardBytes = 80;
const guard = 0xee;

function wordOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getInt32(0);
}

function newKernel(): Kernel {
  const kernel = loadKernel(memoryBytes);
  assert.ok(kernel, "this runtime has no WebAssembly with SIMD");
  return kernel;
}

function regionOf(kernel: Kernel, byteLength: number): Uint8Array {
  const region = kernel.allocate(byteLength);
  assert.ok(region);
  return region;
}

/** Lays octets into a memory, the guard all around them. */
function place(memory: Uint8Array, offset: number, octets: Uint8Array): void {
  memory.fill(guard);
  memory.set(octets, offset);
}

function assertHolds(memory: Uint8Array, offset: number, octets: Uint8Array, message: string): void {
  const expected = new Uint8Array(memory.byteLength).fill(guard);
  expected.set(octets, offset);
  if (Buffer.compare(memory, expected) !== 0) assert.deepEqual(memory, expected, message);
}

function isAscii(octets: Uint8Array): boolean {
  return octets.every((octet) => octet < 0x80);
}

/** Memories that a kernel meets: a region of its own, as a Buffer too, and memory of somebody else's. */
function memories(kernel: Kernel, byteLength: number): [name: string, memory: Uint8Array][] {
  const region = regionOf(kernel, byteLength);
  return [
    ["its own memory", region],
    ["its own memory as a Buffer", Buffer.from(region.buffer, region.byteOffset, byteLength)],
    ["other memory", new Uint8Array(byteLength + 5).subarray(5)],
    ["a Buffer", Buffer.alloc(byteLength)],
    ["shared memory", new Uint8Array(new SharedArrayBuffer(byteLength))],
  ];
}

describe("masking by the kernel (§5.3)", () => {
  it("XORs octet i with octet i MOD 4 of the key, for every length up to 300 at every alignment up to 63", () => {
    const kernel = newKernel();
    const memory = regionOf(kernel, maxLength + 64 + 2 * guardBytes);
    for (let length = 0; length <= maxLength; length++) {
      const original = patternedBytes(length, length);
      const expected = masked(original, sampleKey);
      for (let alignment = 0; alignment < 64; alignment++) {
        const start = guardBytes + alignment;
        place(memory, start, original);
        const ascii = kernel.apply(memory, start, start + length, sampleKeyWord);
        const message = `${length} octets at ${alignment}`;
        assertHolds(memory, start, expected, message);
        assert.equal(ascii, isAscii(expected), message);
      }
    }
  });

  it("tells whether the result is all ASCII, wherever the one octet stands that is not", () => {
    const kernel = newKernel();
    const memory = regionOf(kernel, maxLength);
    for (const length of [15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 79, 80, 81, 127, 128, 129, 200]) {
      const ascii = Uint8Array.from({ length }, (_, index) => index & 0x7f);
      memory.set(masked(ascii, sampleKey), 3);
      assert.equal(kernel.apply(memory, 3, 3 + length, sampleKeyWord), true, String(length));
      assert.equal(kernel.isAscii(memory, 3, 3 + length), true, String(length));
      for (let at = 0; at < length; at++) {
        const octets = ascii.with(at, 0x80 | at);
        memory.set(masked(octets, sampleKey), 3);
        assert.equal(kernel.apply(memory, 3, 3 + length, sampleKeyWord), false, `${at} of ${length}`);
        assert.equal(kernel.isAscii(memory, 3, 3 + length), false, `${at} of ${length}`);
      }
    }
  });

  it("does not look at the octets around when it tells what is ASCII", () => {
    const kernel = newKernel();
    const memory = regionOf(kernel, maxLength + 2 * guardBytes);
    for (let length = 0; length <= maxLength; length++) {
      place(memory, guardBytes, new Uint8Array(length).fill(0x61));
      assert.equal(kernel.isAscii(memory, guardBytes, guardBytes + length), true, String(length));
      assert.equal(kernel.isAscii(memory, guardBytes - 1, guardBytes + length), false, String(length));
      assert.equal(kernel.isAscii(memory, guardBytes, guardBytes + length + 1), false, String(length));
    }
  });

  it("does what the portable loops do, with any key, in any memory, again and again", () => {
    const kernel = newKernel();
    const kept = memories(kernel, 1024);
    fc.assert(
      fc.property(
        fc.nat({ max: kept.length - 1 }),
        fc.uint8Array({ maxLength: 800 }),
        fc.nat({ max: 200 }),
        fc.integer(),
        (which, octets, offset, key) => {
          const [name, memory] = kept[which] as (typeof kept)[number];
          place(memory, offset, octets);
          const expected = octets.slice();
          const end = offset + octets.byteLength;
          assert.equal(kernel.isAscii(memory, offset, end), isAscii(octets), name);
          const ascii = portableMasking.apply(expected, 0, octets.byteLength, key);
          assert.equal(kernel.apply(memory, offset, end, key), ascii, name);
          assertHolds(memory, offset, expected, name);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("masks what is longer than the part of it that is copied at a time, in any memory", () => {
    const kernel = newKernel();
    const kept = memories(kernel, 51_000);
    // Copied are at most 16 KiB at a time: these leave the least, and the most, for the last piece.
    for (const length of [511, 512, 513, 16_383, 16_384, 16_385, 16_399, 16_400, 32_752, 32_753, 49_999]) {
      const original = patternedBytes(length, length);
      const expected = masked(original, sampleKey);
      for (const [name, memory] of kept) {
        for (const offset of [0, 3, 64]) {
          place(memory, offset, original);
          assert.equal(kernel.apply(memory, offset, offset + length, sampleKeyWord), false);
          assertHolds(memory, offset, expected, `${length} octets in ${name}`);
          memory.set(masked(new Uint8Array(length).fill(0x7f), sampleKey), offset);
          assert.equal(kernel.apply(memory, offset, offset + length, sampleKeyWord), true);
          memory[offset + length - 1] = 0xff;
          kernel.apply(memory, offset, offset + length, 0);
          assert.equal(kernel.apply(memory, offset, offset + length, 0), false);
        }
      }
    }
  });

  it("leaves a neighbor's octets alone even where an end is wrong, as a loop over a view does", () => {
    const kernel = newKernel();
    const region = regionOf(kernel, 2048);
    const elsewhere = new Uint8Array(2048);
    for (const memory of [region, elsewhere]) {
      const mine = memory.subarray(0, 1000);
      for (const start of [999, 990, 900, 0]) {
        memory.fill(guard);
        kernel.apply(mine, start, 1100, sampleKeyWord);
        kernel.isAscii(mine, start, 1100);
        assert.ok(memory.subarray(1000).every((octet) => octet === guard));
        assert.deepEqual(memory.slice(start, 1000), masked(new Uint8Array(1000 - start).fill(guard), sampleKey));
      }
    }
  });
});

describe("the memory of a kernel", () => {
  it("is handed out in regions that begin at multiples of 64, are zero, and do not overlap", () => {
    const kernel = newKernel();
    const regions = [1, 63, 64, 65, 4096, 0, 100].map((byteLength) => regionOf(kernel, byteLength));
    let free = 0;
    for (const region of regions) {
      assert.equal(region.buffer, kernel.buffer);
      assert.equal(region.byteOffset % 64, 0);
      assert.ok(region.byteOffset >= free);
      assert.ok(region.every((octet) => octet === 0));
      free = region.byteOffset + region.byteLength;
    }
  });

  it("holds as much as it was asked for, and then says no", () => {
    for (const wanted of [1, 1000, 64 * 1024, 100_000, memoryBytes]) {
      const kernel = loadKernel(wanted);
      assert.equal(kernel?.allocate(wanted)?.byteLength, wanted);
      let rest = 0;
      while (kernel?.allocate(64) !== undefined) rest += 64;
      // Pages are of 64 KiB.
      assert.ok(rest < 64 * 1024, `${rest} octets more than ${wanted}`);
    }
    const kernel = newKernel();
    assert.equal(kernel.allocate(10 * memoryBytes), undefined);
    assert.equal(kernel.allocate(Number.NaN), undefined);
    assert.equal(kernel.allocate(memoryBytes)?.byteLength, memoryBytes);
  });

  it("is not touched by masking what lies elsewhere", () => {
    const kernel = newKernel();
    const region = regionOf(kernel, memoryBytes).fill(guard);
    kernel.apply(new Uint8Array(100_000), 0, 100_000, sampleKeyWord);
    assert.ok(region.every((octet) => octet === guard));
  });

  it("belongs to one kernel: two do not disturb each other", () => {
    const [first, second] = [newKernel(), newKernel()];
    const regions = [regionOf(first, 1000), regionOf(second, 1000)];
    for (const kernel of [first, second]) {
      for (const region of regions) {
        kernel.apply(region, 0, 1000, sampleKeyWord);
        assert.deepEqual(Uint8Array.from(region), masked(new Uint8Array(1000), sampleKey));
        region.fill(0);
      }
    }
  });
});

describe("where the kernel cannot be had", () => {
  /** The real thing with one part replaced. */
  const withPart = (part: Partial<Record<keyof WebAssemblyApi, unknown>>): WebAssemblyApi =>
    ({
      Memory: WebAssembly.Memory,
      Module: WebAssembly.Module,
      Instance: WebAssembly.Instance,
      ...part,
    }) as unknown as WebAssemblyApi;

  const throwing = (error: Error) =>
    function (): never {
      throw error;
    };

  interface Exports {
    mask: (at: number, length: number, key: number) => number;
    is_ascii: (at: number, length: number) => number;
  }

  /** WebAssembly whose instances export something else than they should. */
  const exporting = (change: (exports: Exports, memory: Uint8Array) => unknown): WebAssemblyApi =>
    withPart({
      Instance: class {
        readonly exports: unknown;
        constructor(module: WebAssembly.Module, imports: { kernel: { memory: WebAssembly.Memory } }) {
          const instance = new WebAssembly.Instance(module, imports);
          const { mask, is_ascii } = instance.exports as unknown as Exports;
          this.exports = change({ mask, is_ascii }, new Uint8Array(imports.kernel.memory.buffer));
        }
      },
    });

  it("loads with the real parts, which is what the others of these tests replace", () => {
    assert.ok(loadKernel(memoryBytes, withPart({})));
    assert.ok(
      loadKernel(
        memoryBytes,
        exporting((exports) => exports),
      ),
    );
  });

  it("is undefined without WebAssembly", async () => {
    const module = JSON.stringify(import.meta.resolve("#src/transport/wasm/index.js"));
    const script = `import { loadKernel } from ${module}; console.log(typeof WebAssembly, typeof loadKernel(1000));`;
    const { stdout } = await run(process.execPath, ["--jitless", "--input-type=module", "--eval", script]);
    assert.equal(stdout, "undefined undefined\n");
  });

  it("is undefined without SIMD, where the module does not compile", () => {
    const Module = throwing(new WebAssembly.CompileError("Wasm SIMD unsupported"));
    assert.equal(loadKernel(memoryBytes, withPart({ Module })), undefined);
  });

  it("is undefined where there is no memory to be had, or it does not instantiate", () => {
    const error = new RangeError("could not allocate memory");
    assert.equal(loadKernel(memoryBytes, withPart({ Memory: throwing(error) })), undefined);
    assert.equal(loadKernel(memoryBytes, withPart({ Instance: throwing(error) })), undefined);
    assert.equal(loadKernel(2 ** 40), undefined);
    assert.equal(loadKernel(Number.NaN), undefined);
  });

  for (const [fault, change] of [
    ["exports nothing", () => ({})],
    ["never masks", (exports) => ({ ...exports, mask: () => 0 })],
    ["says that everything is ASCII", (exports) => ({ ...exports, is_ascii: () => 1 })],
    ["says that nothing is ASCII", (exports) => ({ ...exports, is_ascii: () => 0 })],
    [
      "masks, but says that the result is ASCII",
      ({ mask, is_ascii }) => ({
        is_ascii,
        mask(at: number, length: number, key: number) {
          mask(at, length, key);
          return 0;
        },
      }),
    ],
    [
      "turns the key around",
      ({ mask, is_ascii }) => ({
        is_ascii,
        mask: (at: number, length: number, key: number) => mask(at, length, (key << 16) | (key >>> 16)),
      }),
    ],
    [
      "writes one octet too many",
      ({ mask, is_ascii }, memory) => ({
        is_ascii,
        mask(at: number, length: number, key: number) {
          const seen = mask(at, length, key);
          memory[at + length] = 0xff;
          return seen;
        },
      }),
    ],
    [
      "forgets the end of long payloads",
      ({ mask, is_ascii }) => ({
        is_ascii,
        mask: (at: number, length: number, key: number) => mask(at, length > 64 ? length & ~15 : length, key),
      }),
    ],
    [
      "traps",
      (exports) => ({
        ...exports,
        mask() {
          throw new WebAssembly.RuntimeError("unreachable");
        },
      }),
    ],
  ] as readonly (readonly [string, Parameters<typeof exporting>[0]])[]) {
    it(`is undefined when its self-test finds that it ${fault}`, () => {
      assert.equal(loadKernel(memoryBytes, exporting(change)), undefined);
    });
  }
});
