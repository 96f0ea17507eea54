import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { floodBytes, stuckAtBytes } from "../support/flood.js";

const timeout = 120_000;
const mebibyte = 1024 * 1024;

// A server that does not stop reading holds nearly the whole flood; the client holds what it is stuck with.
// Steady below 2 MiB; an echo server that did not stop reading was seen beyond 30.
const maxServerGrownBytes = 12 * mebibyte;
const maxClientGrownBytes = stuckAtBytes + 8 * mebibyte;

/**
 * Runs a script of support/ until the test ends.
 *
 * @returns {{ next: () => Promise<any>, ask: () => void }} `next` is what it sends next
 */
function start(test, script, ...args) {
  const child = fork(fileURLToPath(new URL(`../support/${script}`, import.meta.url)), args, {
    execArgv: ["--expose-gc"],
  });
  test.after(() => child.kill());
  return {
    ask: () => child.send("report"),
    async next() {
      const waiting = new AbortController();
      const ended = once(child, "exit", { signal: waiting.signal }).then(([code]) => {
        throw new Error(`${script} ${args[0]} ended with ${code}`);
      });
      try {
        const [message] = await Promise.race([once(child, "message", { signal: waiting.signal }), ended]);
        return message;
      } finally {
        ended.catch(() => undefined);
        waiting.abort();
      }
    },
  };
}

describe("backpressure between processes", { timeout }, () => {
  for (const [clientLibrary, serverLibrary] of [
    ["ws", "openline"],
    ["openline", "ws"],
  ]) {
    it(`${floodBytes / mebibyte} MiB each way, ${clientLibrary} client and ${serverLibrary} server, in bounded memory`, async (test) => {
      const server = start(test, "flood-server.js", serverLibrary);
      const { url } = await server.next();
      const client = start(test, "flood-client.js", clientLibrary, url);
      const atClient = await client.next();
      server.ask();
      const atServer = await server.next();
      const inMebibytes = (bytes) => `${(bytes / mebibyte).toFixed(1)} MiB`;
      test.diagnostic(
        `grown: client ${inMebibytes(atClient.grownBytes)}, server ${inMebibytes(atServer.grownBytes)}; stuck ${atClient.timesStuck} times`,
      );
      assert.ok(atClient.timesStuck > 0, "the client was never stuck: the server did not stop reading");
      assert.ok(atServer.grownBytes < maxServerGrownBytes, `the server grew by ${inMebibytes(atServer.grownBytes)}`);
      assert.ok(atClient.grownBytes < maxClientGrownBytes, `the client grew by ${inMebibytes(atClient.grownBytes)}`);
    });
  }
});
