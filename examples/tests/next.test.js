import assert from "node:assert/strict";
import { describe } from "node:test";
import { connect } from "openline";
import { walk } from "./support/walk.js";

describe("Next.js on a custom server", () => {
  walk("next/server.js", {
    env: { NEXT_TELEMETRY_DISABLED: "1" },
    beside: async (t, { http, live, headers }) => {
      await t.test("leaves its development server's socket to Next", async () => {
        const socket = await connect(live.replace("/live", "/_next/hmr?id=test"));
        for await (const message of socket) {
          if (typeof message === "string" && JSON.parse(message).type === "turbopack-connected") break;
        }
        await socket.close();
      });

      await t.test("knows who is logged in on a page, too", async () => {
        assert.match(await (await fetch(http, { headers })).text(), /What ada says/);
        assert.match(await (await fetch(http)).text(), /Your name/);
      });
    },
  });
});
