import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { claims, judgeClaims } from "../lib/claims.js";
import { importAll } from "../lib/discover.js";
import { claimsTable } from "../lib/print.js";

const ratioOf = (median) => ({ median, lowest: median, highest: median });

/** The record of one workload, with openline's ratios. */
function workload(name, ratios) {
  return [
    {
      name,
      results: [
        { peer: "ws", ratios: {} },
        { peer: "openline", ratios },
      ],
    },
  ];
}

describe("claims", () => {
  it("are about workloads, figures and peers that there are", async () => {
    const groups = (await importAll("workloads")).map(({ module }) => module.group);
    const peers = (await importAll("peers")).map(({ module }) => module.peer.name);
    for (const claim of claims) {
      const found = groups.flatMap(({ workloads }) => workloads).find(({ name }) => name === claim.workload);
      assert.ok(found?.kind.compared.includes(claim.figure), `${claim.workload}: ${claim.figure}`);
      assert.ok(peers.includes(claim.against), claim.against);
    }
  });

  it("hold or not, by the median", () => {
    const judge = (value) => {
      const cpu = { cpuMicrosecondsPerMessage: ratioOf(value) };
      return judgeClaims(workload("echo-64b-100", { ws: cpu })).find(
        ({ workload: name, against }) => name === "echo-64b-100" && against === "ws",
      ).holds;
    };
    assert.equal(judge(0.5), true);
    assert.equal(judge(0.51), false);
  });

  it("hold the other way round where more is better", () => {
    const judge = (value) => {
      const rate = { messagesPerSecond: ratioOf(value) };
      return judgeClaims(workload("echo-16kib", { ws: rate })).find(
        ({ workload: name, against }) => name === "echo-16kib" && against === "ws",
      ).holds;
    };
    assert.equal(judge(2), true);
    assert.equal(judge(1.99), false);
  });

  it("are neither where nothing was measured", () => {
    const judged = judgeClaims([]);
    assert.ok(judged.every(({ holds, measured }) => holds === undefined && measured === undefined));
    assert.match(claimsTable(judged, {}), /not measured/u);
  });
});
