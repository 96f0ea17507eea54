/**
 * Masking by a small WebAssembly module with SIMD (kernel.wat), which is many times as fast as JavaScript on octets that
 * lie in its memory. Hence a read buffer and output buffers want to be allocated here.
 *
 * - The memory has one size for good. Native code holds views of it, which would lose it if it grew.
 * - Octets elsewhere are masked in JavaScript; long ones are copied in, masked, and copied back, which is still faster.
 * - Where there is no WebAssembly, no SIMD, no memory for it, or anything wrong with it, there is no kernel, and
 *   `portableMasking` does the same.
 */
import type { Masking } from "../../protocol/index.js";
import { portableMasking } from "../../protocol/index.js";
import { kernelHex } from "./kernel-bytes.js";

/** What of the global `WebAssembly` is needed here. */
export interface WebAssemblyApi {
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: unknown };
}

/** What kernel.wat exports. */
interface KernelExports {
  readonly mask: (at: number, length: number, key: number) => number;
  readonly is_ascii: (at: number, length: number) => number;
}

const pageBytes = 64 * 1024;

// What a cache line holds: two regions never share one.
const alignmentBytes = 64;

// The module takes no fewer; and up to here JavaScript is done before the memory of a view has been looked up.
const kernelFromBytes = 16;

// From here on, copying octets in and out is paid back.
const copiedFromBytes = 512;

// Octets copied at a time. Fewer make more calls, and more gain nothing.
const scratchBytes = 16 * 1024;

/** Masking for octets anywhere, fastest for those in its own memory. */
export class Kernel implements Masking {
  /** All of its memory. */
  readonly buffer: ArrayBuffer;
  readonly #mask: KernelExports["mask"];
  readonly #isAscii: KernelExports["is_ascii"];
  readonly #scratch: Uint8Array;
  #allocatedBytes = 0;
  /**
   * The view that was last found to lie in this memory, where, and how long it is. To ask a view for its buffer takes
   * longer than to mask 64 octets, and one view holds many frames. What lies elsewhere is not remembered, which would
   * keep it alive.
   */
  #known: Uint8Array;
  #knownAt = 0;
  #knownBytes = scratchBytes;

  /** @param exports the functions of a module that works on `buffer` */
  constructor(buffer: ArrayBuffer, exports: KernelExports) {
    this.buffer = buffer;
    this.#mask = exports.mask;
    this.#isAscii = exports.is_ascii;
    this.#scratch = this.#allocateAt(0, scratchBytes);
    this.#known = this.#scratch;
  }

  /**
   * Hands out a region of the memory, for good. Its octets are zero, and lie at a multiple of 64.
   *
   * @returns undefined when there is no room for it
   */
  allocate(byteLength: number): Uint8Array | undefined {
    const room = this.buffer.byteLength - this.#allocatedBytes;
    return byteLength <= room ? this.#allocateAt(this.#allocatedBytes, byteLength) : undefined;
  }

  #allocateAt(offset: number, byteLength: number): Uint8Array {
    const region = new Uint8Array(this.buffer, offset, byteLength);
    this.#allocatedBytes = Math.ceil((offset + byteLength) / alignmentBytes) * alignmentBytes;
    return region;
  }

  /** As `Masking` says. */
  apply(bytes: Uint8Array, start: number, end: number, key: number): boolean {
    const length = end - start;
    if (length >= kernelFromBytes) {
      if (this.#owns(bytes, end)) return this.#mask(this.#knownAt + start, length, key) === 0;
      if (length >= copiedFromBytes && end <= bytes.byteLength) return this.#applyToCopies(bytes, start, end, key);
    }
    return portableMasking.apply(bytes, start, end, key);
  }

  /** As `Masking` says. */
  isAscii(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length >= kernelFromBytes && this.#owns(bytes, end)) return this.#isAscii(this.#knownAt + start, length) === 1;
    return portableMasking.isAscii(bytes, start, end);
  }

  /**
   * Whether the octets lie in this memory; `#knownAt` then tells where their view does. What is not within the view is
   * none of ours: all connections share the memory. JavaScript leaves such octets alone.
   */
  #owns(bytes: Uint8Array, end: number): boolean {
    if (bytes !== this.#known) {
      if (bytes.buffer !== this.buffer) return false;
      this.#known = bytes;
      this.#knownAt = bytes.byteOffset;
      // For V8 on Node 20 this is a load, and `byteLength` a call.
      this.#knownBytes = bytes.length;
    }
    return end <= this.#knownBytes;
  }

  #applyToCopies(bytes: Uint8Array, start: number, end: number, key: number): boolean {
    const { buffer, byteOffset } = bytes;
    const scratch = this.#scratch;
    let seen = 0;
    for (let at = start; at < end; ) {
      // Never so much that fewer are left than the module takes; and always a multiple of four, as the key is.
      const length = end - at <= scratchBytes ? end - at : scratchBytes - kernelFromBytes;
      const piece = new Uint8Array(buffer, byteOffset + at, length);
      scratch.set(piece);
      seen |= this.#mask(scratch.byteOffset, length, key);
      piece.set(scratch.subarray(0, length));
      at += length;
    }
    return seen === 0;
  }
}

/**
 * Loads the module, synchronously, and tries it.
 *
 * @param memoryBytes octets that `allocate` shall be able to hand out, rounded up to whole pages of 64 KiB
 * @param webAssembly for tests. Default: the global one
 * @returns undefined where it does not load, or does not do what is expected of it
 */
export function loadKernel(
  memoryBytes: number,
  webAssembly: WebAssemblyApi | undefined = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly,
): Kernel | undefined {
  if (webAssembly === undefined) return undefined;
  try {
    const pages = Math.ceil((memoryBytes + scratchBytes) / pageBytes);
    const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
    const module = new webAssembly.Module(octetsOf(kernelHex));
    const { exports } = new webAssembly.Instance(module, { kernel: { memory } });
    const kernel = new Kernel(memory.buffer, exports as KernelExports);
    return worksAsExpected(kernel) ? kernel : undefined;
  } catch {
    return undefined;
  }
}

/** Octets written in hexadecimal. */
export function octetsOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}

// One for each way through the module, alone and together.
const triedLengths = [16, 19, 32, 63, 64, 65, 90, 127, 128, 200];
const triedKey = 0x1a2b3c4d;

/** Compares it to the portable functions, the octets around included, in a place where nothing lies yet. */
function worksAsExpected(kernel: Kernel): boolean {
  const start = 5;
  const bytes = new Uint8Array(kernel.buffer, 0, 256);
  return triedLengths.every((length) => {
    const end = start + length;
    // The last octet alone decides whether the result is ASCII.
    return [0x7f, 0x80].every((lastOctet) => {
      const expected = Uint8Array.from({ length: bytes.byteLength }, (_, index) => (index * 29) & 0x7f);
      expected[end - 1] = lastOctet;
      bytes.set(expected);
      if (kernel.isAscii(bytes, start, end) !== lastOctet < 0x80) return false;
      if (kernel.apply(bytes, start, end, triedKey) !== portableMasking.apply(expected, start, end, triedKey))
        return false;
      return bytes.every((octet, index) => octet === expected[index]);
    });
  });
}
