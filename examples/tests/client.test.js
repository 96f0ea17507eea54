import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { startExample } from "./support/example.js";

const script = fileURLToPath(new URL("../client.js", import.meta.url));

/** The client as a user starts it. */
function startClient(t, ...args) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { input: child.stdin, exited, next: async () => (await lines.next()).value };
}

describe("the client", { timeout: 60_000 }, () => {
  for (const framework of ["express", "fastify"]) {
    it(`logs in, says what is typed and prints what comes, at ${framework}`, async (t) => {
      const example = await startExample(t, `${framework}/server.js`);
      const client = startClient(t, "grace", example.url);
      assert.equal(await client.next(), "hello, grace");
      client.input.write("hi\n");
      assert.equal(await client.next(), "grace: hi");
      client.input.end();
      assert.equal(await client.next(), "closed: 1000");
      assert.deepEqual(await client.exited, [0, null]);
    });
  }

  it("ends when the server does", async (t) => {
    const example = await startExample(t, "express/server.js");
    const client = startClient(t, "ada", example.url);
    assert.equal(await client.next(), "hello, ada");
    assert.equal(await example.stop(), 0);
    assert.equal(await client.next(), "closed: 1012");
    assert.deepEqual(await client.exited, [0, null]);
  });
});
