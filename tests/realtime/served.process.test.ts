/**
 * Processes that are killed while clients publish and listen; with a thousand clients by `npm run crash:realtime`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crash } from "../crash/crash.js";

describe("a real-time server that is killed", () => {
  it("loses nothing that it has acknowledged, nobody gets anything twice, and all come back at moments of their own", async (t) => {
    const plan = { clients: 30, rooms: 2, kills: 2, messages: 4, seed: 1, minDelayMs: 200 };
    const { acknowledged, unacknowledged, reconnects, spreads, deliveries, faults } = await crash(plan, t);
    assert.deepEqual(faults, []);
    assert.equal(acknowledged + unacknowledged, plan.clients * plan.kills * plan.messages + plan.rooms);
    assert.ok(deliveries >= (acknowledged * plan.clients) / plan.rooms);
    assert.equal(reconnects, plan.clients * plan.kills);
    for (const { count, fullestShare, allowedShare } of spreads) {
      assert.equal(count, plan.clients);
      assert.ok(fullestShare <= allowedShare, `${fullestShare} of the reconnects at once`);
    }
  });
});
