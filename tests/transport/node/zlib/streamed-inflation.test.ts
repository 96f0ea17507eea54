import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateRawSync } from "node:zlib";
import type { StreamedInflation } from "#src/protocol/extensions/index.js";
import { isFailure } from "#src/protocol/extensions/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { deflated } from "../../../support/deflate.js";
import { concat } from "../../../support/octets.js";
import { jsonSample, noise } from "../../../support/samples.js";

/** Reads until there is no more. Returns the octets, or the code of a failure. */
async function readAll(inflation: StreamedInflation): Promise<Uint8Array | string> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const result = await inflation.read();
    if (result === undefined) return concat(...pieces);
    if (isFailure(result)) return result.failure;
    assert.equal(result.bytes.byteLength, result.bytes.buffer.byteLength);
    pieces.push(result.bytes.subarray(result.start, result.end));
  }
}

async function inflate(octets: Uint8Array, history?: Uint8Array, dictionaries = true): Promise<Uint8Array | string> {
  const range = history === undefined ? undefined : { bytes: history, start: 0, end: history.byteLength };
  const inflation = new NodeCompressor({ dictionaries }).inflateStream(range);
  const results: Uint8Array[] = [];
  for (const [from, to] of [
    [0, 10],
    [10, octets.byteLength],
  ] as const) {
    inflation.write(octets, from, to);
    const result = await readAll(inflation);
    if (typeof result === "string") return result;
    results.push(result);
  }
  inflation.end();
  const last = await readAll(inflation);
  inflation.abort();
  assert.equal(inflation.heldBytes, 0);
  return typeof last === "string" ? last : concat(...results, last);
}

describe("inflating a message step by step", () => {
  it("gives what was deflated, behind a history and over several streams", async () => {
    const [first, second, third] = [jsonSample(30_000, 1), jsonSample(50_000, 2), jsonSample(700, 3)];
    const history = jsonSample(20_000, 4);
    const octets = concat(
      deflateRawSync(first, { dictionary: history }),
      deflateRawSync(second, { dictionary: concat(history, first).slice(-32_768) }),
      deflated(third, { dictionary: concat(first, second).slice(-32_768) }),
    );
    assert.deepEqual(await inflate(octets, history), concat(first, second, third));
    // As it is where zlib heeds no dictionaries.
    assert.deepEqual(await inflate(octets, history, false), concat(first, second, third));
  });

  it("takes 64 streams in a message, and no more", async () => {
    const stream = deflateRawSync(noise(20, 1));
    const streams = (count: number): Uint8Array => concat(...Array.from({ length: count }, () => stream));
    assert.equal(((await inflate(concat(streams(63), deflated("end")))) as Uint8Array).byteLength, 63 * 20 + 3);
    assert.equal(await inflate(concat(streams(64), deflated("end"))), "too-many-deflate-streams");
  });

  it("fails with what makes no sense or breaks off", async () => {
    const octets = deflated(jsonSample(5000, 1));
    assert.equal(await inflate(concat(octets.slice(0, 200), new Uint8Array(50).fill(0xff))), "compressed-data-invalid");
    assert.equal(await inflate(concat(octets, Uint8Array.of(20, 0, 0xeb, 0xff))), "compressed-data-incomplete");
  });

  it("can be given up while zlib is at work, and before", async () => {
    const octets = deflated(new Uint8Array(5_000_000));
    const inflation = new NodeCompressor().inflateStream(undefined);
    inflation.write(octets, 0, octets.byteLength);
    const reading = inflation.read();
    inflation.abort();
    await reading;
    assert.ok(isFailure((await inflation.read()) ?? {}));
  });
});
