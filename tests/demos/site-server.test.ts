import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, type Socket, UpgradeRefusedError } from "openline";
import { createClient } from "openline/realtime/client";
import { api } from "../../demos/front/shared/contract.js";
import { LiveProcess } from "./live-process.js";

const TIMEOUT_MS = 90_000;

describe("the demos' server", { timeout: TIMEOUT_MS }, () => {
  let live: LiveProcess;
  let url: string;
  before(async () => {
    live = new LiveProcess("0");
    url = await live.url();
  });
  after(() => live.stop());

  const open = (origin: string, path = "/figures"): Promise<Socket> =>
    connect(url.replace("http:", "ws:") + path, { headers: { Origin: origin } });

  it("serves the page's files and nothing else", async () => {
    for (const [path, type] of [
      ["/", "text/html"],
      ["/page.js", "text/javascript"],
      ["/style.css", "text/css"],
      ["/favicon.svg", "image/svg+xml"],
    ] as const) {
      const response = await fetch(url + path);
      assert.equal(response.status, 200, path);
      assert.ok(response.headers.get("content-type")?.startsWith(type), path);
      assert.ok((await response.text()).length > 0, path);
    }
    assert.equal((await fetch(`${url}/server.js`)).status, 404);
  });

  it("lets its own page connect", async () => {
    await using client = createClient(api, `${url.replace("http:", "ws:")}/figures`, { headers: { Origin: url } });
    assert.equal(await client.call("echo", undefined), null);
  });

  it("refuses other pages with 403, and other paths with 404", async () => {
    const refusedWith = (status: number) => (error: unknown) =>
      error instanceof UpgradeRefusedError && error.status === status;
    await assert.rejects(open("http://evil.test"), refusedWith(403));
    await assert.rejects(connect(`${url.replace("http:", "ws:")}/figures`, {}), refusedWith(403));
    await assert.rejects(open(url, "/elsewhere"), refusedWith(404));
  });

  it("says what to do when the port is taken or makes no sense", async () => {
    const { port } = new URL(url);
    const second = await new LiveProcess(port).ended;
    assert.equal(second.exitCode, 1);
    assert.match(second.output, new RegExp(`^Port ${port} is taken\\. Set PORT to another one`));
    const third = await new LiveProcess("http").ended;
    assert.equal(third.exitCode, 1);
    assert.match(third.output, /^PORT has to be a number/);
  });

  it("says goodbye with 1012 when it is asked to end, and ends well", async () => {
    const other = new LiveProcess("0");
    const origin = await other.url();
    const socket = await connect(`${origin.replace("http:", "ws:")}/figures`, {
      protocols: ["openline.v1.json"],
      headers: { Origin: origin },
    });
    const [report, ended] = await Promise.all([socket.closed, other.stop()]);
    assert.equal(report.code, 1012);
    assert.ok(report.wasClean);
    assert.equal(ended.exitCode, 0, ended.output);
  });
});
