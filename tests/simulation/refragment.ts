/**
 * An intermediary that changes fragmentation, as RFC 6455 §5.4 allows: messages that left in one frame arrive in several,
 * some of them empty.
 */
import type { SeededRandom } from "#src/testing/index.js";
import { type FrameStage, frameStage, headerFor, type WireFrame } from "./wire-frames.js";

const finBit = 0x80;
const reservedBits = 0x70;

/** Splits every data frame at some places. */
export function refragmenter(random: SeededRandom): FrameStage {
  return frameStage((frame) => (frame.isControl || random.chance(0.3) ? [frame.octets] : split(frame, random)));
}

function split({ octets, headerBytes }: WireFrame, random: SeededRandom): Uint8Array[] {
  const payload = octets.subarray(headerBytes);
  const isMasked = (octets[1] ?? 0) >= 0x80;
  const key = isMasked ? octets.subarray(headerBytes - 4, headerBytes) : undefined;
  const places = Array.from({ length: random.integer(1, 5) }, () => random.integer(0, payload.byteLength));
  const cuts = [0, ...places.sort((a, b) => a - b), payload.byteLength];
  const first = octets[0] ?? 0;
  return cuts.slice(1).map((end, index) => {
    const start = cuts[index] ?? 0;
    const isLast = index === cuts.length - 2;
    // §5.4: the opcode stands in the first fragment only, and so do the bits of an extension (RFC 7692 §6.1).
    const opcode = index === 0 ? first & ~finBit : first & ~(finBit | reservedBits | 0x0f);
    const header = headerFor(opcode | (isLast ? first & finBit : 0), end - start, key && turned(key, start));
    return Buffer.concat([header, payload.subarray(start, end)]);
  });
}

/** The key under which octets from `start` on stay masked as they are. */
function turned(key: Uint8Array, start: number): Uint8Array {
  return Uint8Array.from(key, (_octet, index) => key[(index + start) % 4] ?? 0);
}
