/**
 * Compressed messages (RFC 7692) on one connection, in a row, whole and in pieces, each inflated as far as the limit and
 * as `node:zlib` does it.
 */
import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import {
  createDeflateContext,
  isFailure,
  PermessageDeflate,
  type Transformed,
  type TransformFailure,
} from "#src/protocol/extensions/index.js";
import { windowBytes } from "#src/protocol/extensions/sliding-window.js";
import type { SeededRandom } from "#src/testing/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { cutInto, type FuzzTarget, InputReader } from "../engine/target.js";

const compressedBit = 0x40;
const maxBytes = 20_000;
const failures = [
  "compressed-data-invalid",
  "compressed-data-incomplete",
  "too-many-deflate-streams",
  "message-too-big",
];
const failed = "failed";
const compressors = [new NodeCompressor({ by: "handles" }), new NodeCompressor({ by: "documented" })];

function makeMessage(random: SeededRandom): Uint8Array {
  const plain = random.chance(0.1)
    ? // A bomb.
      new Uint8Array(random.pick([19_999, 20_000, 20_001, 1_000_000]))
    : Buffer.from('{"kind":"order","price":1.25},'.repeat(random.integer(0, 20)) + String(random.integer(0, 1e9)));
  const level = random.integer(0, 9);
  const finishFlush = random.chance(0.8) ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  const deflated = deflateRawSync(plain, { level, finishFlush });
  return finishFlush === constants.Z_SYNC_FLUSH && random.chance(0.9) ? deflated.subarray(0, -4) : deflated;
}

/** See the head of this file. */
export const inflate: FuzzTarget = {
  name: "inflate",
  maxInputBytes: 8192,
  generate: (random) => {
    const parts: Uint8Array[] = [random.octets(2)];
    for (let count = random.integer(1, 4); count > 0; count--) {
      const message = makeMessage(random).subarray(0, 2000);
      parts.push(Uint8Array.of(message.byteLength >> 8, message.byteLength & 0xff), message);
    }
    return Buffer.concat(parts);
  },
  run: async (input) => {
    const reader = new InputReader(input);
    const takesOver = reader.octet() % 2 === 0;
    const seed = reader.octet();
    const messages: Uint8Array[] = [];
    while (!reader.isAtEnd) messages.push(reader.octets(reader.upTo(65_535) % 4096));
    const outcomes = [];
    for (const compressor of compressors) {
      for (const pieces of [false, true])
        outcomes.push(await inflateAll(compressor, messages, takesOver, pieces ? seed : -1));
    }
    // By either way, whole or in pieces, it is the same.
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
    if (!takesOver) compareWithZlib(messages, outcomes[0] ?? []);
  },
};

/** What became of each message until one failed. A negative seed gives them whole. */
async function inflateAll(
  compressor: NodeCompressor,
  messages: readonly Uint8Array[],
  takesOver: boolean,
  seed: number,
): Promise<string[]> {
  const context = createDeflateContext(compressor);
  const parameters = {
    serverNoContextTakeover: !takesOver,
    clientNoContextTakeover: !takesOver,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  };
  if (takesOver) context.memory.reserve(windowBytes(15));
  const extension = new PermessageDeflate(context, "server", parameters);
  const outcomes: string[] = [];
  for (const octets of messages) {
    const result = seed < 0 ? await takeWhole(extension, octets) : await takePieces(extension, octets, seed);
    if (isFailure(result)) {
      assert.ok(failures.includes(result.failure), result.failure);
      // One that is broken behind the limit may be told of as the one or the other.
      outcomes.push(failed);
      break;
    }
    const length = result.end - result.start;
    assert.ok(length <= maxBytes, `${length} octets were inflated`);
    assert.equal(result.reserved, 0);
    outcomes.push(Buffer.from(result.bytes.subarray(result.start, result.end)).toString("hex"));
  }
  extension.close();
  assert.equal(context.memory.reservedBytes, 0);
  assert.equal(context.memory.lentBytes, 0);
  return outcomes;
}

async function takeWhole(extension: PermessageDeflate, octets: Uint8Array): Promise<Transformed | TransformFailure> {
  const message = { bytes: octets.slice(), start: 0, end: octets.byteLength, reserved: compressedBit, isOwned: false };
  return extension.receiveMessage(message, maxBytes);
}

async function takePieces(
  extension: PermessageDeflate,
  octets: Uint8Array,
  seed: number,
): Promise<Transformed | TransformFailure> {
  const receiver = extension.receivePieces(compressedBit, maxBytes);
  for (const piece of cutInto(octets, seed)) {
    const failure = await receiver.push(piece, 0, piece.byteLength);
    if (failure !== undefined) return failure;
  }
  return receiver.finish();
}

/** Where one of them inflates, zlib has to find the same. */
function compareWithZlib(messages: readonly Uint8Array[], outcomes: readonly string[]): void {
  for (const [index, outcome] of outcomes.entries()) {
    const octets = messages[index] ?? new Uint8Array(0);
    if (outcome === failed || octets.byteLength === 0) continue;
    const whole = Buffer.concat([octets, Buffer.of(0, 0, 0xff, 0xff)]);
    // zlib ends at the first final block; behind that another stream may follow, which is ours to read.
    const theirs = inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString("hex");
    assert.ok(outcome.startsWith(theirs), `inflated as ${outcome.slice(0, 100)}, by zlib as ${theirs.slice(0, 100)}`);
  }
}
