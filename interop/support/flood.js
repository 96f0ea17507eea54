/**
 * A flood of messages and its echo, between two processes. The client does not read until its own output is stuck,
 * which it only is when the server has stopped reading; then it reads everything, and begins again. A server that went
 * on reading would have to hold what it echoes, and its memory would show it.
 */

/** What goes each way. */
export const floodBytes = 100 * 1024 * 1024;
/** One message of it. */
export const messageBytes = 64 * 1024;
/** Output at which the client takes itself for stuck. */
export const stuckAtBytes = 8 * 1024 * 1024;

/** Messages from one measurement of memory to the next. */
const sampleEvery = 16;

/**
 * Watches how much memory this process holds, garbage not counted: that depends on the collector's mood. Wants
 * `--expose-gc`.
 *
 * @returns {{ sample: () => void, grownBytes: () => number }} `sample` is to be called for every message
 */
export function watchMemory() {
  const heldBytes = () => {
    // The memory of buffers is swept beside, and counts until the next time.
    globalThis.gc();
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const baseline = heldBytes();
  let highest = baseline;
  let samples = 0;
  return {
    sample() {
      if (++samples % sampleEvery === 0) highest = Math.max(highest, heldBytes());
    },
    grownBytes: () => highest - baseline,
  };
}
