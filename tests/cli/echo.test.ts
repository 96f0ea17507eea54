/**
 * `openline echo`, as a process of its own.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "#src/index.js";
import { requestText } from "../support/raw-http.js";
import { TextClient } from "../support/text-client.js";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

function start(t: TestContext, ...given: readonly string[]) {
  const child = spawn(process.execPath, [command, ...given], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function startEcho(t: TestContext) {
  const child = start(t, "echo", "--port", "0");
  const line = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { child, url: String(line.value) };
}

describe("openline echo", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`prints its URL, sends back what it gets, and drains with 1012 on ${signal}`, async (t) => {
      const { child, url } = await startEcho(t);
      assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+$/u);
      const socket = await connect(url);
      socket.send("hello");
      socket.send(new Uint8Array([1, 2, 3]));
      const messages = socket[Symbol.asyncIterator]();
      assert.equal((await messages.next()).value, "hello");
      assert.deepEqual((await messages.next()).value, new Uint8Array([1, 2, 3]));

      const exited = once(child, "exit");
      child.kill(signal);
      const report = await socket.closed;
      assert.deepEqual([report.outcome, report.code, report.wasClean], ["closed-by-peer", 1012, true]);
      assert.deepEqual(await exited, [0, null]);
    });
  }

  it("ends at once on a second signal", async (t) => {
    const { child, url } = await startEcho(t);
    const silent = await TextClient.connect(t, Number(new URL(url).port));
    silent.write(requestText());
    await silent.until(/\r\n\r\n/u);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    // The Close frame: from here on it waits for an answer.
    await silent.until(/\x88/u);
    child.kill("SIGTERM");
    assert.deepEqual(await exited, [null, "SIGTERM"]);
  });

  it("says so in one line when the port is taken", async (t) => {
    const holder = createServer().listen(0, "127.0.0.1");
    t.after(() => holder.close());
    await once(holder, "listening");
    const child = start(t, "echo", "--port", String((holder.address() as AddressInfo).port));
    const [errors] = await Promise.all([text(child.stderr), once(child, "exit")]);
    assert.match(errors, /^openline: .*EADDRINUSE.*\n$/u);
    assert.equal(child.exitCode, 1);
  });

  it("refuses what is no port, and tells what is", async (t) => {
    const child = start(t, "echo", "--port", "99999");
    const [errors] = await Promise.all([text(child.stderr), once(child, "exit")]);
    assert.match(errors, /A port is a whole number from 0 to 65535/u);
    assert.equal(child.exitCode, 1);
  });

  it("prints its version", async (t) => {
    const child = start(t, "--version");
    const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
    assert.match(output, /^\d+\.\d+\.\d+\n$/u);
    assert.equal(child.exitCode, 0);
  });
});
