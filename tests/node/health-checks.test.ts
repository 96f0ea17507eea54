import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { type HealthCheckOptions, healthChecks } from "#src/index.js";

async function start(t: TestContext, options: HealthCheckOptions): Promise<string> {
  const health = healthChecks(options);
  const http = createServer((request, response) => {
    if (!health(request, response)) response.writeHead(404).end("a page");
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  t.after(() => {
    http.close();
    http.closeAllConnections();
  });
  return `http://127.0.0.1:${String((http.address() as AddressInfo).port)}`;
}

describe("health checks", () => {
  it("tell that the process lives whatever else is, and whether it is ready", async (t) => {
    const engine: { reason?: string } = {};
    const url = await start(t, { ready: { engine: () => engine.reason, disk: () => undefined } });
    const get = async (path: string): Promise<unknown[]> => {
      const response = await fetch(url + path);
      return [response.status, (await response.json()) as unknown];
    };
    assert.deepEqual(await get("/health/ready?x"), [200, { status: "ok", checks: { engine: "ok", disk: "ok" } }]);
    engine.reason = "NATS cannot be reached";
    const checks = { engine: "NATS cannot be reached", disk: "ok" };
    assert.deepEqual(await get("/health/ready"), [503, { status: "unavailable", checks }]);
    assert.deepEqual(await get("/health/live"), [200, { status: "ok", checks: {} }]);
  });

  it("take a check that throws for one that fails", async (t) => {
    const ready = {
      one: () => {
        throw new Error("no such file");
      },
    };
    const response = await fetch((await start(t, { ready, readyPath: "/ready" })) + "/ready");
    assert.deepEqual(await response.json(), { status: "unavailable", checks: { one: "no such file" } });
  });

  it("answer GET and HEAD, are not to be kept, and leave other paths alone", async (t) => {
    const url = await start(t, {});
    const head = await fetch(`${url}/health/live`, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("cache-control"), await head.text()], [200, "no-store", ""]);
    const post = await fetch(`${url}/health/live`, { method: "POST" });
    assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    const other = await fetch(`${url}/health/lively`);
    assert.deepEqual([other.status, await other.text()], [404, "a page"]);
  });
});
