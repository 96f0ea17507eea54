/**
 * Short runs of the fault harness; `npm run chaos -- --engine nats --minutes 10` for more of it.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { commandOf, isClean, reportOf, runChaos } from "#src/chaos/index.js";
import { noNats } from "../realtime/engines/nats/server.js";
import { noRedis } from "../realtime/engines/redis/server.js";

const small = { minutes: 0.13, nodes: 2, clients: 20, seed: 7, keep: false };

describe("the fault harness", () => {
  for (const [engine, skip] of [
    ["nats", noNats],
    ["redis", noRedis],
  ] as const) {
    it(`finds nothing wrong with ${engine}, and tells of it`, { skip }, async () => {
      const result = await runChaos({ ...small, engine });
      const { account, schedule, journals } = result;
      assert.ok(isClean(result), account.violations.map(({ kind, what }) => `${kind}: ${what}`).join("\n"));
      assert.equal(account.faults.length, schedule.length);
      assert.ok(schedule.length > 0 && account.logs.acknowledged > 0 && account.presence.checkedSeconds > 0);
      assert.ok(account.logs.deliveries > account.logs.acknowledged);
      assert.equal(journals, undefined);
      const page = reportOf(result);
      assert.ok(page.includes(commandOf(result)) && page.includes("<svg"));
      assert.doesNotMatch(page, /<script|(?:src|href)=/u);
    });
  }

  it("ends what it has started when it is interrupted", { skip: noRedis }, async () => {
    const interrupted = new AbortController();
    const reason = new Error("enough");
    const lines: string[] = [];
    const log = (line: string): void => {
      lines.push(line);
      if (line.includes("clients at")) interrupted.abort(reason);
    };
    const run = runChaos({ ...small, engine: "redis", keep: true, log, signal: interrupted.signal });
    await assert.rejects(run, reason);
    assert.ok(lines.length > 0);
    assert.ok(!existsSync(`/proc/${process.pid}/task/${process.pid}/children`) || !hasChildren());
  });
});

function hasChildren(): boolean {
  return process.getActiveResourcesInfo().includes("ProcessWrap");
}
