import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TransportOption } from "#src/transport/node/index.js";
import { chooseTransport, HandleTransport } from "#src/transport/node/index.js";

describe("the choice of a transport", () => {
  it("is the handle by itself and when asked for, tried once for the process", async () => {
    const chosen = await chooseTransport();
    assert.ok(chosen instanceof HandleTransport);
    assert.equal(await chooseTransport("auto"), chosen);
    assert.equal(await chooseTransport("handle"), chosen);
  });

  it("is net.Socket when asked for", async () => {
    assert.equal(await chooseTransport("net"), undefined);
  });

  it("refuses what is no transport", async () => {
    await assert.rejects(chooseTransport("quic" as TransportOption), { code: "invalid-argument" });
  });
});
