/**
 * Memory on Node: for messages, for what is read, and for what is written.
 */
import { Buffer } from "node:buffer";
import { totalmem } from "node:os";
import type { Masking } from "../../protocol/index.js";
import { BufferPool, portableMasking } from "../../protocol/index.js";
import { loadKernel } from "../wasm/index.js";

// One read buffer, and as many output buffers as are in use at a time where many connections are busy. What is never
// written to takes no memory.
const kernelBytes = 4 * 1024 * 1024;

const kernel = loadKernel(kernelBytes);

/** How payloads are masked and unmasked: in WebAssembly where there is some. */
export const masking: Masking = kernel ?? portableMasking;

/** The variable of the environment in which a process is told how many there are of its kind, itself included. */
export const processesVariable = "OPENLINE_PROCESSES";

/** Octets of memory that this process may take: its part of the machine's, or of what its container is allowed. */
export const memoryBytes: number = Math.floor(Math.min(totalmem(), allowedBytes()) / processes());

function processes(): number {
  const count = Number(process.env[processesVariable]);
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}

function allowedBytes(): number {
  // Zero, or undefined, where nothing is known; a number beyond all memory where nothing is limited.
  const bytes = process.constrainedMemory?.() ?? 0;
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
}

/** Makes memory that is not cleared. */
export function allocate(byteLength: number): Uint8Array {
  // The octets alone: methods of a Buffer ask more before they do the same.
  return new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
}

/** Memory for good, where masking is fastest as long as there is room. */
export function allocateFastMemory(byteLength: number): Uint8Array {
  return kernel?.allocate(byteLength) ?? allocate(byteLength);
}

/** Output buffers for all connections of the process. */
export const pool: BufferPool = new BufferPool((byteLength) =>
  // A longer one is made to measure and not kept, and the kernel's memory is given out for good.
  byteLength > pool.sizes.largeBytes ? allocate(byteLength) : allocateFastMemory(byteLength),
);

// Just below what glibc takes for an example (DEFAULT_MMAP_THRESHOLD_MAX, 32 MiB).
const exampleBytes = 31 * 1024 * 1024;

let hasShownExample = false;

/**
 * Lets the C library keep the memory of messages that are done with.
 *
 * glibc gets memory of 128 KiB and more from the kernel and gives it back when it is freed, and it gives back what is
 * free at the end of its heap as soon as that is 128 KiB. So each large message gets pages that the kernel has to find
 * and clear first, which takes several times as long as everything else that is done for it. But glibc learns: once a
 * larger piece was freed, it takes that for the size up to which it keeps things, and twice as much for what may be free
 * at the end. One piece that nobody writes to, and that the next garbage collection frees, teaches it; the price is up to
 * 62 MiB that a process keeps after it has had large messages. Other C libraries do not notice.
 */
export function keepFreedMemory(): void {
  if (hasShownExample) return;
  hasShownExample = true;
  Buffer.allocUnsafeSlow(exampleBytes);
}
