/**
 * Clients and a server of the real-time layer over networks that fail. `npm run simulate:realtime -- --runs 10000` for
 * more of it.
 */
import { describe, it } from "node:test";
import fc from "fast-check";
import { simulate } from "./simulation.js";
import { schedule } from "./steps.js";

describe("the guarantees of every kind", () => {
  it("hold whatever breaks, stalls and is killed", async () => {
    await fc.assert(fc.asyncProperty(fc.integer(), schedule, simulate), { numRuns: 40 });
  });
});
