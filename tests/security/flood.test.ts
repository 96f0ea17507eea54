/**
 * The flood, small and short, with deadlines to match; `npm run flood` is the whole of it, at default settings.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { abuseKinds } from "./flood/abuse.js";
import { runFlood } from "./flood/flood.js";
import { findFaults, floodTable } from "./flood/table.js";

/** How each kind ends that ends at all: what it is told, or else what the server reports. */
const rules: Readonly<Record<string, RegExp>> = {
  "slow handshake": /^HTTP 408$/u,
  "endless headers": /^HTTP 431$/u,
  "tiny fragments": /^1008 message-timeout$/u,
  "never a FIN": /^1008 message-timeout$/u,
  "asks, never reads": /^1006 (?:send|heartbeat)-timeout$/u,
  "compression bombs": /^1009 message-too-big$/u,
  garbage: /^1002 [a-z-]+$/u,
  "half open": /^1006 heartbeat-timeout$/u,
};

describe("a flood of abusers of every kind", () => {
  it("costs ordinary clients nothing, ends with its rule named, and leaves no memory behind", async (t) => {
    const result = await runFlood({
      clients: 20,
      clientIntervalMs: 50,
      perKind: 10,
      stepMs: 100,
      spreadMs: 500,
      burstBytes: 8_000_000,
      quietMs: 400,
      attackMs: 4000,
      server: {
        handshakeTimeoutMs: 1000,
        closeTimeoutMs: 500,
        messageTimeoutMs: 1000,
        sendTimeoutMs: 1000,
        heartbeat: { intervalMs: 1000, timeoutMs: 1000 },
      },
    });
    for (const line of floodTable(result, abuseKinds).split("\n")) t.diagnostic(line);
    assert.deepEqual(findFaults(result, false), []);
    assert.equal(result.abusers, 90);
    for (const [kind, rule] of Object.entries(rules)) {
      const how = Object.keys({ ...result.ends[kind], ...result.reports[kind] });
      assert.ok(
        how.some((each) => rule.test(each)),
        `${kind}: ${how.join(", ")}`,
      );
    }
  });
});
