import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join, openlineToWs, pairs, wsToOpenline } from "../support/pairs.js";

const timeout = 20_000;

/** Codes that either side may send, with reasons up to the 123 octets that fit. */
const sendable = [
  [1000, ""],
  [1000, "done"],
  [1001, "going away"],
  [1011, "an error"],
  [3000, "a library's"],
  [4999, "an application's: é€😀"],
  [4000, "r".repeat(123)],
];

for (const pair of pairs) {
  const isWhatwg = pair !== wsToOpenline && pair !== openlineToWs;

  describe(`§7 closing the connection: ${pair.name}`, { timeout }, () => {
    for (const [code, reason] of sendable) {
      // §7.4.2 leaves 1001 and 1011 to browsers themselves: their `close()` takes 1000 and 3000-4999 only.
      if (!isWhatwg || code === 1000 || code >= 3000) {
        it(`the other library closes with ${code} "${reason.slice(0, 12)}"`, async (test) => {
          const { openline, other } = await join(test, pair);
          other.close(code, reason);
          const [atOpenline, atOther] = await Promise.all([openline.closed, other.closed]);
          assert.deepEqual(atOpenline.report, {
            outcome: "closed-by-peer",
            code,
            reason,
            wasClean: true,
            initiator: "peer",
            phase: "closing",
            rule: undefined,
            cause: undefined,
          });
          // §5.5.1: the answer "typically echos the status code it received".
          assert.equal(atOther.code, code);
        });
      }

      it(`openline closes with ${code} "${reason.slice(0, 12)}"`, async (test) => {
        const { openline, other } = await join(test, pair);
        openline.close(code, reason);
        const [atOpenline, atOther] = await Promise.all([openline.closed, other.closed]);
        assert.deepEqual(atOther, { code, reason });
        assert.equal(atOpenline.report?.outcome, "closed-by-us");
        assert.equal(atOpenline.report?.wasClean, true);
        assert.equal(atOpenline.report?.initiator, "us");
        assert.equal(atOpenline.code, code);
      });
    }

    it("§7.1.5: a Close frame without a status code is reported as 1005 at both ends", async (test) => {
      const { openline, other } = await join(test, pair);
      other.close();
      const [atOpenline, atOther] = await Promise.all([openline.closed, other.closed]);
      assert.deepEqual([atOpenline.report?.outcome, atOpenline.code, atOpenline.reason], ["closed-by-peer", 1005, ""]);
      assert.equal(atOther.code, 1005);
    });

    it("delivers what was sent right before the Close frame", async (test) => {
      const { openline, other } = await join(test, pair);
      for (let index = 0; index < 100; index++) other.send(`message ${index}`);
      other.close(1000);
      for (let index = 0; index < 100; index++) assert.equal(await openline.next(), `message ${index}`);
      assert.equal((await openline.closed).report?.wasClean, true);
    });

    it("lets the other library have what openline sent right before its Close frame", async (test) => {
      const { openline, other } = await join(test, pair);
      for (let index = 0; index < 100; index++) openline.send(`message ${index}`);
      openline.close(1000);
      for (let index = 0; index < 100; index++) assert.equal(await other.next(), `message ${index}`);
      assert.equal((await other.closed).code, 1000);
    });

    it("simultaneously: each end learns the other's code, and both ends are clean", async (test) => {
      const { openline, other } = await join(test, pair);
      // In one turn, so that neither can have read the other's frame.
      openline.close(4001, "by openline");
      other.close(4002, "by the other");
      const [atOpenline, atOther] = await Promise.all([openline.closed, other.closed]);
      assert.deepEqual([atOpenline.code, atOpenline.reason, atOpenline.report?.wasClean], [4002, "by the other", true]);
      assert.deepEqual(atOther, { code: 4001, reason: "by openline" });
    });

    it("§7.1.5: openline's terminate() is 1006 at the other end", async (test) => {
      const { openline, other } = await join(test, pair);
      openline.native.terminate();
      const [atOpenline, atOther] = await Promise.all([openline.closed, other.closed]);
      assert.equal(atOther.code, 1006);
      assert.deepEqual(
        [atOpenline.report?.outcome, atOpenline.code, atOpenline.report?.wasClean, atOpenline.report?.initiator],
        ["dropped", 1006, false, "us"],
      );
    });
  });
}

for (const pair of [wsToOpenline, openlineToWs]) {
  describe(`§7.1.5 an end without a Close frame: ${pair.name}`, { timeout }, () => {
    it("ws's terminate() is reported as dropped, 1006", async (test) => {
      const { openline, other } = await join(test, pair);
      other.native.terminate();
      const { report } = await openline.closed;
      assert.deepEqual(
        [report?.outcome, report?.code, report?.wasClean, report?.initiator],
        ["dropped", 1006, false, "peer"],
      );
    });

    it("ws's terminate() in the middle of a message loses that message only", async (test) => {
      const { openline, other } = await join(test, pair);
      other.send("whole");
      await new Promise((resolve) => other.native.send("half of it", { fin: false }, resolve));
      assert.equal(await openline.next(), "whole");
      const next = openline.next();
      other.native.terminate();
      await assert.rejects(next, /the connection ended/u);
      assert.equal((await openline.closed).report?.outcome, "dropped");
    });
  });
}
