/**
 * The flood, small and short; `npm run flood` is the whole of it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { abuseKinds } from "./flood/abuse.js";
import { runFlood } from "./flood/flood.js";
import { findFaults, floodTable } from "./flood/table.js";

describe("a flood of abusers of every kind", () => {
  it("costs ordinary clients no message and no connection, and the server no memory in the end", async (t) => {
    const result = await runFlood({
      clients: 20,
      clientIntervalMs: 50,
      perKind: 10,
      stepMs: 100,
      spreadMs: 500,
      burstBytes: 8_000_000,
      quietMs: 400,
      attackMs: 3000,
      server: { handshakeTimeoutMs: 1000, closeTimeoutMs: 500 },
    });
    for (const line of floodTable(result, abuseKinds).split("\n")) t.diagnostic(line);
    assert.deepEqual(findFaults(result, false), []);
    assert.equal(result.abusers, 90);

    // Everybody who can be told what they did was told.
    const told = (kind: string, how: string): void => assert.ok(result.ends[kind]?.[how], `${kind}: ${how}`);
    told("slow handshake", "HTTP 408");
    told("endless headers", "HTTP 431");
    told("compression bombs", "1009 message-too-big");
    assert.match(Object.keys(result.ends["garbage"] ?? {}).join(), /^1002 [a-z-]+$/u);
  });
});
