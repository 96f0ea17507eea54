import assert from "node:assert/strict";
import { describe } from "node:test";
import { connect } from "openline";
import { byToken, walk } from "./support/walk.js";

const event = (name, data) => JSON.stringify({ event: name, data });

/** The data of the events that texts come in. */
function decode(message) {
  const { event: name, data } = JSON.parse(message);
  return name === "said" ? data : `${name}: ${JSON.stringify(data.message ?? data)}`;
}

describe("NestJS with gateways", () => {
  walk("build/nest/main.js", {
    credentials: byToken,
    encode: (text) => event("say", text),
    decode,
    beside: async (t, { live, headers, ada, toAda, grace, toGrace }) => {
      await t.test("answers with what a handler returns", async () => {
        ada.send(event("count"));
        assert.equal(await toAda(), "counted: 2");
      });

      await t.test("goes on answering with an observable, and holds nothing up meanwhile", async () => {
        ada.send(event("watch"));
        ada.send(event("count"));
        assert.equal(await toAda(), "counted: 2");
        const other = await connect(live, { headers });
        assert.equal(await toAda(), 'joined: "ada"');
        await other.close();
      });

      await t.test("asks guards, and tells of exceptions", async () => {
        grace.send(event("shout", "me, too"));
        assert.equal(await toGrace(), 'exception: "Forbidden resource"');
        ada.send(event("shout", "quiet"));
        assert.deepEqual([await toAda(), await toGrace()], ["QUIET", "QUIET"]);
      });

      await t.test("hears nothing where there is no event", async () => {
        for (const odd of ["", "{", "null", "5", event("unknown", 1), new Uint8Array([1, 2])]) ada.send(odd);
        ada.send(event("count"));
        assert.equal(await toAda(), "counted: 2");
      });
    },
  });
});
