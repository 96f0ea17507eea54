/**
 * A microbenchmark says something only where all its contenders do the same work, rightly.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importAll } from "../lib/discover.js";

for (const { module } of await importAll("micro/pieces")) {
  const { piece } = module;
  describe(`the microbenchmark of ${piece.name}`, () => {
    for (const { name, operations, bytes, contenders: createContenders } of piece.cases) {
      it(`has contenders that are right in ${name}, however often they run`, () => {
        assert.ok(operations > 0 && bytes > 0);
        const contenders = createContenders();
        assert.ok(contenders.openline !== undefined && Object.keys(contenders).length > 1);
        for (const { run, check } of Object.values(contenders)) {
          check();
          for (let times = 0; times < 3; times++) run();
          check();
        }
      });
    }
  });
}
