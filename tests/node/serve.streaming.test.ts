import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openRaw, sendLarge } from "../support/large-message.js";
import { LineProcess } from "../support/line-process.js";

const mib = 1024 * 1024;
// More with `node scripts/stream-large.js 4096`.
const length = Number(process.env["OPENLINE_LARGE_MIB"] ?? 256) * mib;

describe("a message that is larger than what a process may hold", () => {
  it("flows through a reader that takes its time, in one frame and in 65,536 fragments", async (test) => {
    const server = LineProcess.start(test, new URL("../support/streaming-process.js", import.meta.url));
    const { port } = (await server.next("port")) as { readonly port: number };
    const socket = await openRaw(port);
    for (const fragments of [1, 65_536]) {
      const digest = await sendLarge(socket, length, fragments);
      const told = await server.next("octets");
      assert.equal(told["octets"], length);
      assert.equal(told["digest"], digest);
      assert.ok(Number(told["mostHeldBytes"]) < 512 * 1024, `holds ${String(told["mostHeldBytes"])} octets`);
      assert.ok(Number(told["grownBytes"]) < 160 * mib, `grew by ${String(told["grownBytes"])} octets`);
    }
    socket.destroy();
    server.endInput();
    await server.exited;
  });
});
