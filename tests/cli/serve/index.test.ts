/**
 * `openline serve`, as a process of its own.
 */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient, type UntypedClient } from "#src/realtime/client/node/index.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const command = path.join(root, "dist/cli/main.js");
// Inside the package, so that "openline" is the package itself.
const folder = mkdtempSync(path.join(root, "build", "serve-"));
after(() => rmSync(folder, { recursive: true }));

function module(name: string, source: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, source);
  return file;
}

const pidApp = module(
  "pid.mjs",
  `import { createRealtime } from "openline/realtime";
export default ({ engine, serve }) => serve(createRealtime({ engine, calls: { pid: () => process.pid } }));
`,
);

type Child = ChildProcessByStdio<null, Readable, Readable>;

function run(t: TestContext, ...given: readonly string[]): Child {
  const child = spawn(process.execPath, [command, "serve", "--port", "0", ...given], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: folder,
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** Its lines on standard error, as they come. */
class Lines {
  readonly #all: string[] = [];
  #changed: () => void = () => undefined;

  constructor(child: Child) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#all.push(line);
      this.#changed();
    });
  }

  /** Resolves when there is such a line. */
  async until(expected: RegExp): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.#all.some((line) => expected.test(line))) resolve();
      };
      this.#changed();
    });
  }
}

async function start(
  t: TestContext,
  ...given: readonly string[]
): Promise<{ child: Child; url: string; lines: Lines }> {
  const child = run(t, ...given);
  const lines = new Lines(child);
  const line = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { child, url: String(line.value), lines };
}

function client(t: TestContext, url: string): UntypedClient {
  const created = createClient(url, { reconnect: { minDelayMs: 1, maxDelayMs: 50 } });
  t.after(() => created.close());
  return created;
}

async function end(child: Child): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
}

/** What it prints when it does not start. */
async function complaint(t: TestContext, ...given: readonly string[]): Promise<string> {
  const child = run(t, ...given);
  const [errors] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.equal(child.exitCode, 1);
  return errors;
}

describe("openline serve", () => {
  it("serves any channel to whoever is on this machine, with health checks, and ends in order", async (t) => {
    const { child, url, lines } = await start(t);
    assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+$/u);
    await lines.until(/^openline: whoever can reach 127\.0\.0\.1 may read and publish everything/u);
    const heard: unknown[] = [];
    const one = client(t, url);
    const came = new Promise<void>((resolve) => {
      one.channel("room", { last: 10 }).listen((event) => {
        if (event.type === "message") heard.push(event.value);
        if (heard.length === 2) resolve();
      });
    });
    for (const value of [{ text: "hello" }, 2]) await client(t, url).channel("room").publish(value);
    await came;
    assert.deepEqual(heard, [{ text: "hello" }, 2]);
    const http = url.replace("ws:", "http:");
    const ready = await fetch(`${http}/health/ready`);
    assert.deepEqual(
      [ready.status, await ready.json()],
      [200, { status: "ok", checks: { engine: "ok", draining: "ok" } }],
    );
    assert.equal((await fetch(`${http}/other`)).status, 404);
    await end(child);
  });

  it("serves an application in several processes, and replaces them on SIGHUP", async (t) => {
    const { child, url, lines } = await start(t, pidApp, "--workers", "2");
    await lines.until(/^openline: 2 workers share the port/u);
    const pids = new Set<unknown>();
    const clients: UntypedClient[] = [];
    // Connections are given to the workers in turn.
    while (pids.size < 2) {
      const next = client(t, url);
      clients.push(next);
      pids.add(await next.call("pid"));
    }
    const [first] = clients;
    assert.ok(first !== undefined && !pids.has(child.pid));
    child.kill("SIGHUP");
    await lines.until(/^openline: all workers have been replaced/u);
    assert.ok(!pids.has(await first.call("pid")));
    await Promise.all(clients.map((it) => it.close()));
    await end(child);
  });

  it("takes a function that is exported as start, of a CommonJS module, too, and does with it as cluster() does", async (t) => {
    const source = `
exports.start = async ({ id, port, host, engine }) => {
  const { serve } = await import("openline");
  const { createRealtime } = await import("openline/realtime");
  const realtime = createRealtime({ engine, calls: { id: () => id } });
  const server = await serve({ port, host, ...realtime.handlers });
  process.stdout.write(server.url + "\\n");
  return async () => {
    await realtime.close();
    await server.close();
    process.stdout.write("ended by itself\\n");
  };
};`;
    const { child, url } = await start(t, module("start.cjs", source));
    assert.equal(await client(t, url).call("id"), 1);
    await end(child);
  });

  it("says in one line what is wrong with what it is given", async (t) => {
    const complaints = await Promise.all([
      complaint(t, "missing.js"),
      complaint(t, module("empty.mjs", "export const other = 1;")),
      complaint(t, module("endless.mjs", "export default async () => undefined;")),
      complaint(t, "--host", "0.0.0.0"),
      complaint(t, "--engine", "mongodb://127.0.0.1"),
      complaint(t, "--engine", "redis://127.0.0.1:1,redis://127.0.0.1:2"),
    ]);
    const expected = [
      /^openline: there is no file .*missing\.js\n$/u,
      /^openline: .*empty\.mjs exports no function to start: .*\n$/u,
      /^openline: what .*endless\.mjs exports has to resolve to a function that ends it.*\n$/u,
      /^openline: on 0\.0\.0\.0 others could reach it.*--anyone\n$/u,
      /^openline: --engine is "memory", .*\n$/u,
      /^openline: --engine is "memory", .*\n$/u,
    ];
    for (const [index, line] of complaints.entries()) assert.match(line, expected[index] ?? /^$/u);
    assert.match(await complaint(t, "--workers", "0"), /Workers are "auto", or a whole number from 1 to 1024/u);
  });

  it("says so when the port is taken, in one process and in several", async (t) => {
    const holder = createServer().listen(0, "127.0.0.1");
    t.after(() => holder.close());
    await once(holder, "listening");
    const port = String((holder.address() as AddressInfo).port);
    const taken = /port \d+ of 127\.0\.0\.1 is taken: another process listens there\n$/u;
    const [one, several] = await Promise.all([
      complaint(t, "--port", port),
      complaint(t, "--port", port, "--workers", "2"),
    ]);
    assert.match(one, taken);
    assert.match(several, /^openline: a worker did not start: port [^\n]*\n$/u);
  });

  it("says so when the engine cannot be reached, without what is secret in its URL", async (t) => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    const errors = await Promise.all(
      ["nats", "redis"].map((scheme) => complaint(t, "--engine", `${scheme}://user:secret@127.0.0.1:${String(port)}`)),
    );
    assert.match(errors[0] ?? "", /^openline: NATS cannot be reached: .*\n$/u);
    assert.match(errors[1] ?? "", /^openline: Redis cannot be reached: .*\n$/u);
    for (const line of errors) assert.doesNotMatch(line, /secret/u);
  });
});
