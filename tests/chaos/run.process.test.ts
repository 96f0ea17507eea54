/**
 * Short runs of the fault harness; `npm run chaos -- --engine nats --minutes 10` for more of it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { commandOf, isClean, reportOf, runChaos } from "#src/chaos/index.js";
import { noNats } from "../realtime/engines/nats/server.js";
import { noRedis } from "../realtime/engines/redis/server.js";
import { noNamespaces, ownNamespaces } from "./namespaces.js";

const small = { minutes: 0.13, nodes: 2, clients: 20, seed: 7, keep: false };

describe("the fault harness", { concurrency: true }, () => {
  for (const [engine, network, skip] of [
    ["nats", "namespaces", noNats || noNamespaces],
    ["redis", "proxies", noRedis],
  ] as const) {
    it(`finds nothing wrong with ${engine} over ${network}, and tells of it`, { skip }, async () => {
      const result = await runChaos({ ...small, engine, network });
      assert.equal(result.network, network);
      const { account, schedule, journals } = result;
      assert.ok(isClean(result), account.violations.map(({ kind, what }) => `${kind}: ${what}`).join("\n"));
      assert.ok(account.faults.length > 0 && account.faults.length <= schedule.length);
      assert.ok(account.logs.acknowledged > 0 && account.presence.checkedSeconds > 0);
      assert.ok(account.logs.deliveries > account.logs.acknowledged);
      assert.ok(account.opensByEvents > 0 && account.media.deliveries > 0);
      assert.equal(journals, undefined);
      const page = reportOf(result);
      assert.ok(page.includes(commandOf(result)) && page.includes("<svg"));
      assert.doesNotMatch(page, /<script|(?:src|href)=/u);
    });
  }
});

describe("a run that is interrupted", { skip: noRedis }, () => {
  it("ends what it has started, and leaves nothing", async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "openline-chaos-test-"));
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder;
    t.after(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
      rmSync(folder, { recursive: true });
    });
    const interrupted = new AbortController();
    const reason = new Error("enough");
    let isSeen = false;
    const log = (line: string): void => {
      if (!line.includes("clients at")) return;
      isSeen = readdirSync(folder).length === 1 && process.getActiveResourcesInfo().includes("ProcessWrap");
      interrupted.abort(reason);
    };
    const run = runChaos({ ...small, engine: "redis", keep: true, log, signal: interrupted.signal });
    await assert.rejects(run, reason);
    assert.ok(isSeen);
    assert.deepEqual(readdirSync(folder), []);
    if (noNamespaces === false) assert.deepEqual(ownNamespaces(), []);
    // What has ended is a resource until its event has been told.
    while (process.getActiveResourcesInfo().includes("ProcessWrap")) await nextTurn();
  });
});
