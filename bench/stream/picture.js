/**
 * The stream that is measured: 30 frames a second of 2 Mbit, a key frame each second that is six times as long as the
 * others, whose lengths differ by a half. The lengths repeat with each run.
 */

export const framesPerSecond = 30;
export const megabitsPerSecond = 2;

const keyWeight = 6;

/** Weights of the frames of a group: numbers by chance, and the same in each run. */
function weights() {
  let state = 7;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: framesPerSecond }, (_, index) => (index === 0 ? keyWeight : 0.5 + random()));
}

/** @returns {number[]} octets of each frame of a group */
export function frameLengths() {
  const all = weights();
  const total = all.reduce((sum, weight) => sum + weight, 0);
  const bytesPerSecond = (megabitsPerSecond * 1_000_000) / 8;
  return all.map((weight) => Math.round((weight / total) * bytesPerSecond));
}

export const nowMs = () => performance.timeOrigin + performance.now();

/**
 * Calls `send` with frames at their pace. Each begins with when it was sent, and its number. Frames that are late follow one in a turn,
 * so that a server that is short of the processor gets to write what it has.
 *
 * @param {(data: Buffer, isKey: boolean) => void} send
 */
export function play(send) {
  const lengths = frameLengths();
  const begunMs = performance.now();
  let count = 0;
  const next = () => {
    const index = count % framesPerSecond;
    const data = Buffer.allocUnsafe(lengths[index]).fill(count & 0xff);
    data.writeDoubleBE(nowMs(), 0);
    data.writeUInt32BE(count++, 8);
    send(data, index === 0);
    setTimeout(next, begunMs + (count * 1000) / framesPerSecond - performance.now());
  };
  next();
}
