/**
 * Messages that are sent back while they come, by `incoming()` and `sendStream()`, over real connections.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Slow, Way } from "../support/large-echo.js";
import { echoLarge } from "../support/large-echo.js";
import { LineProcess } from "../support/line-process.js";

const mib = 1024 * 1024;
// 4 GiB, and every way, with `node scripts/stream-large.js`.
const length = 256 * mib;
const mostGrownBytes = 32 * mib;

describe("an echo of a message that is larger than what a process may hold", () => {
  const cases: readonly (readonly [Way, Slow])[] = [
    [1, "the reader"],
    [65_536, "nobody"],
    ["sendStream", "the writer"],
  ];
  for (const [way, slow] of cases) {
    const how = typeof way === "number" ? `${String(way)} frames` : way;
    it(`takes 32 MiB at most, sent by ${how}, where ${slow} is slow`, async (test) => {
      const script = new URL("../support/echoing-process.js", import.meta.url);
      const server = LineProcess.start(test, script);
      const { port } = (await server.next("port")) as { readonly port: number };
      await echoLarge({ port, length: mib, way: 1, slow: "nobody" });
      await server.next("idleBytes");
      await echoLarge({ port, length, way, slow });
      const { grownBytes, mostHeldBytes, mostBufferedBytes } = await server.next("grownBytes");
      server.endInput();
      await server.exited;
      assert.ok(Number(grownBytes) <= mostGrownBytes, `grew by ${String(grownBytes)} octets`);
      assert.ok(Number(mostHeldBytes) < 512 * 1024, `held ${String(mostHeldBytes)} octets`);
      assert.ok(Number(mostBufferedBytes) < 256 * 1024, `${String(mostBufferedBytes)} octets waited for the peer`);
    });
  }
});
