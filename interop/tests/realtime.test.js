import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { scenarioOutcome } from "../../build/tests/support/realtime-scenario.js";
import { serveScenario } from "../../build/tests/support/realtime-scenario-server.js";
import { runChecks, runtimes, skipWithout } from "../support/runtimes.js";

const timeout = 120_000;

describe("the real-time client", () => {
  let scenario;

  before(async () => {
    scenario = await serveScenario();
  });
  after(() => scenario.close());

  for (const runtime of runtimes) {
    for (const conditions of [[], ["browser"]]) {
      const build = conditions.length > 0 ? " by its build for browsers" : "";
      it(`does the same on ${runtime.name}${build}, in both codecs`, {
        skip: skipWithout(runtime),
        timeout,
      }, async () => {
        const name = `${runtime.name}${build}`;
        const runs = [`${name} JSON`, `${name} MessagePack`];
        assert.deepEqual(
          await runChecks(runtime, "realtime-client.js", { conditions, args: [scenario.url, name] }),
          Object.fromEntries(runs.map((run) => [run, scenarioOutcome(run)])),
        );
      });
    }
  }
});
