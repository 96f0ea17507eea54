import assert from "node:assert/strict";
import { describe } from "node:test";
import { connect } from "openline";
import { byToken, walk } from "./support/walk.js";

describe("Fastify with @fastify/jwt", () => {
  walk("fastify/server.js", {
    credentials: byToken,
    beside: (t, { live, headers }) =>
      t.test("takes a page's token as a subprotocol", async () => {
        const token = headers.authorization.replace("Bearer ", "");
        const page = await connect(live, { protocols: ["chat", `bearer.${token}`] });
        assert.equal(page.protocol, "chat");
        assert.equal((await page[Symbol.asyncIterator]().next()).value, "hello, ada");
        await page.close();
      }),
  });
});
