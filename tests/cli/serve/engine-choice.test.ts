import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseEngine } from "#src/cli/serve/engine-choice.js";
import { NatsServer, noNats } from "../../realtime/engines/nats/server.js";
import { realHost } from "../../realtime/engines/world.js";

describe("--engine with several URLs of NATS", () => {
  it("is refused where their credentials differ, without saying them", () => {
    for (const urls of ["nats://ann:secret1@a,nats://ann:secret2@b", "nats://secret1@a,nats://b,nats://secret2@c"]) {
      assert.throws(() => chooseEngine(urls), {
        name: "KnownError",
        message: /^the URLs of --engine have different credentials(?!.*secret)/u,
      });
    }
    assert.equal(chooseEngine("nats://ann:secret@a,nats://ann:secret@b")?.description, "nats://a,nats://b");
  });

  it("takes those of whichever has some for all", { skip: noNats, timeout: 30_000 }, async (t) => {
    const authorization = 'authorization: { user: "ann", password: "s/cret" }';
    const server = await NatsServer.start(`jetstream: { store_dir: "%/store" }\n${authorization}\n`);
    t.after(() => server.dispose());
    const withThem = server.url.replace("//", "//ann:s%2Fcret@");
    const engine = await chooseEngine(`${server.url},${withThem}`)?.make();
    t.after(() => engine?.close());
    await engine?.start(realHost());
    assert.equal(engine?.health().isAvailable, true);
  });
});
