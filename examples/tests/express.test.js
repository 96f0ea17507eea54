import assert from "node:assert/strict";
import { describe } from "node:test";
import { connect } from "openline";
import { byCookie, walk } from "./support/walk.js";

describe("Express with express-session", () => {
  walk("express/server.js", {
    beside: (t, { live, post }) =>
      t.test("ends the sockets of a session that logs out, and no others", async () => {
        const headers = await byCookie(await post("/login", { name: "alan" }));
        const socket = await connect(live, { headers });
        assert.equal((await post("/logout", {}, headers)).status, 204);
        const { code, reason } = await socket.closed;
        assert.deepEqual([code, reason], [1008, "logged out"]);
        await assert.rejects(connect(live, { headers }), { status: 401 });
      }),
  });
});
