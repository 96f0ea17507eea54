/**
 * Tries the handles before anybody relies on them, against the calls that Node documents.
 */
import { Buffer } from "node:buffer";
import type { Compressor, DeflateSettings } from "../../../protocol/extensions/index.js";
import { flushTailBytes, isFailure } from "../../../protocol/extensions/index.js";
import { documentedCompressor } from "./documented-compressor.js";

const settings: DeflateSettings = { windowBits: 12, level: 3 };
const maxBytes = 1024 * 1024;
/** More than there is room for at once. */
const longBytes = 80_000;

type AtOnce = Pick<Compressor, "deflate" | "inflate">;

/** Octets that cannot be made shorter, and are the same each time. */
function sample(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) & 0xff;
  });
}

/**
 * Deflates and inflates with and without history, a little and more than the output holds, and what is no deflate data
 * in between.
 *
 * @returns whether all of it went as documented; may throw where it did not
 */
export function passesSelfTest(tried: AtOnce): boolean {
  const history = sample(2000, 1);
  const range = { bytes: history, start: 0, end: history.byteLength };
  const repeating = history.slice(300, 1700);
  const garbage = new Uint8Array(64).fill(0xff);

  if (!isFailure(tried.inflate(garbage, 0, garbage.byteLength, undefined, maxBytes))) return false;
  if (!travels(tried, sample(1000, 2), undefined)) return false;
  if (!travels(tried, new Uint8Array(longBytes).fill(0x61), range)) return false;
  if (!travels(tried, sample(longBytes, 3), range)) return false;
  if (!isFailure(tried.inflate(garbage, 0, garbage.byteLength, range, maxBytes))) return false;
  if (!travels(tried, repeating, range)) return false;
  // With a history that holds it already, nothing but references is left of it.
  const deflated = tried.deflate(repeating, 0, repeating.byteLength, range, settings);
  return deflated.end - deflated.start < repeating.byteLength / 4;
}

/** Whether each side can read what the other one makes. */
function travels(tried: AtOnce, message: Uint8Array, history: Parameters<AtOnce["deflate"]>[3]): boolean {
  return (
    arrives(tried, documentedCompressor, message, history) && arrives(documentedCompressor, tried, message, history)
  );
}

function arrives(from: AtOnce, to: AtOnce, message: Uint8Array, history: Parameters<AtOnce["deflate"]>[3]): boolean {
  const { bytes, start, end } = from.deflate(message, 0, message.byteLength, history, settings);
  const inflated = to.inflate(
    bytes.slice(start, end - flushTailBytes),
    0,
    end - flushTailBytes - start,
    history,
    maxBytes,
  );
  if (isFailure(inflated) || inflated.end - inflated.start !== message.byteLength) return false;
  return Buffer.compare(inflated.bytes.subarray(inflated.start, inflated.end), message) === 0;
}
