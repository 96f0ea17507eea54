/**
 * Deflate at level 3 with a window of 4 KiB: openline's, the zlib handles that it uses at other levels, and what Node
 * documents. Messages take turns, so that no table is made for the one before.
 */
import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { createCompressor } from "../internals.js";
import { jsonMessage, readings } from "../messages.js";

const messages = 64;
const windowBytes = 4096;
const settings = { windowBits: 12, level: 3 };
const finishFlush = constants.Z_SYNC_FLUSH;

/** @param {(length: number, seed: number) => Buffer} make */
function samples(make, bytes, historyBytes) {
  return Array.from({ length: messages }, (_, index) => {
    const earlier = historyBytes === 0 ? undefined : make(historyBytes, 2 * index);
    return { message: make(bytes, 2 * index + 1), earlier };
  });
}

function byOpenline(wasm) {
  const compressor = createCompressor({ wasm });
  return ({ message, earlier }) => {
    const history = earlier === undefined ? undefined : { bytes: earlier, start: 0, end: earlier.length };
    const { bytes, start, end } = compressor.deflate(message, 0, message.length, history, settings);
    return bytes.subarray(start, end);
  };
}

function byNode({ message, earlier }) {
  return deflateRawSync(message, { ...settings, finishFlush, ...(earlier && { dictionary: earlier }) });
}

/** Octets that openline makes for each of zlib's, at most: it looks for fewer repetitions, and is as good nearly always. */
const mostOctets = 1.12;

function totalOctets(all, deflate) {
  return all.reduce((total, sample) => total + deflate(sample).length, 0);
}

function deflateCase(name, title, make, bytes, historyBytes) {
  return {
    name,
    title: historyBytes > 0 ? `${title} behind 4 KiB` : title,
    operations: messages,
    bytes,
    contenders() {
      const all = samples(make, bytes, historyBytes);
      const contender = (deflate) => ({
        run() {
          for (const sample of all) deflate(sample);
        },
        check() {
          for (const sample of all) {
            const dictionary = sample.earlier && { dictionary: sample.earlier };
            assert.deepEqual(inflateRawSync(deflate(sample), { finishFlush, ...dictionary }), sample.message);
          }
          assert.ok(totalOctets(all, deflate) <= mostOctets * totalOctets(all, byNode));
        },
      });
      return {
        openline: contender(byOpenline(true)),
        "openline, by zlib": contender(byOpenline(false)),
        deflateRawSync: contender(byNode),
      };
    },
  };
}

const kinds = [
  ["trades", "trades in JSON", (length, seed) => jsonMessage("trades", length, seed)],
  ["chat", "chat in JSON", (length, seed) => jsonMessage("chat", length, seed)],
];
const sizes = [
  ["300b", "300 B of", 300],
  ["1kib", "1 KiB of", 1024],
  ["4kib", "4 KiB of", 4096],
  ["16kib", "16 KiB of", 16_384],
];

/** @type {import("../piece.js").Piece} */
export const piece = {
  name: "deflate",
  title: "Deflate",
  cases: [
    ...kinds.flatMap(([kind, title, make]) =>
      sizes.flatMap(([size, sizeTitle, bytes]) => [
        deflateCase(`${kind}-${size}`, `${sizeTitle} ${title}`, make, bytes, 0),
        deflateCase(`${kind}-${size}-behind`, `${sizeTitle} ${title}`, make, bytes, windowBytes),
      ]),
    ),
    deflateCase(
      "scripts-1kib-behind",
      "1 KiB of other scripts",
      (l, s) => jsonMessage("chat in other scripts", l, s),
      1024,
      windowBytes,
    ),
    deflateCase("readings-1kib-behind", "1 KiB of readings", readings, 1024, windowBytes),
  ],
};
