/**
 * A short run of every fuzzer: the inputs that are kept, and some thousand new ones. A long run: `npm run fuzz`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCorpus } from "../../fuzz/engine/corpus.js";
import { fuzz } from "../../fuzz/engine/fuzzer.js";
import { targets } from "../../fuzz/targets/index.js";

const newInputs = 2000;

describe("whatever a peer sends", () => {
  for (const target of targets) {
    it(`${target.name}: nothing but what is documented comes of it`, async () => {
      const corpus = readCorpus(target.name);
      assert.ok(corpus.length > 0, "no inputs are kept");
      const total = corpus.length + newInputs;
      const { inputs, failure } = await fuzz(target, { seed: 1, corpus, goesOn: (count) => count < total });
      if (failure !== undefined) {
        const octets = Buffer.from(failure.input).toString("base64");
        throw new Error(`input ${inputs} of seed 1 fails, in base64: ${octets}`, { cause: failure.error });
      }
      assert.equal(inputs, total);
    });
  }
});
