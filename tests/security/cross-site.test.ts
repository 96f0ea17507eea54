/**
 * What the pages of others must not get out of a server by way of its visitor's browser. A real one attacks, where there
 * is one; each attack also runs against a server that lets it happen, and succeeds there.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { ServeOptions } from "#src/index.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";
import { startOwnPort } from "../support/own-port.js";
import { listen, requestText, upgradeRaw } from "../support/raw-http.js";
import { upgradeHeaders } from "../support/upgrades.js";

const secret = "the source code";
const timeout = 120_000;

/** A development server: whoever is let in gets everything. */
async function startDevelopmentServer(t: TestContext, options: Partial<ServeOptions> = {}): Promise<number> {
  const { port } = await startOwnPort(t, {
    request: (_request, response) => response.setHeader("Content-Type", "text/html").end("<title>a page</title>"),
    open: (socket) => void socket.send(secret),
    closeTimeoutMs: 100,
    ...options,
  });
  return port;
}

/** What a client that names this host and origin gets: the secret, or a status. */
async function loot(t: TestContext, port: number, host: string, origin: string): Promise<string> {
  const headers = upgradeHeaders("Origin", origin);
  headers[1] = host;
  const { reply, peer, socket } = await upgradeRaw(t, port, requestText(headers));
  if (reply.status !== 101) return String(reply.status);
  await peer.untilFrames(1);
  socket.destroy();
  return peer.lines[0] ?? "";
}

describe("cross-site WebSocket hijacking (CVE-2018-14732, CVE-2025-30360)", () => {
  it("gets a page of another origin nothing, unless the server lets every page in", async (t) => {
    for (const [options, expected] of [
      [{}, "403"],
      [{ origins: "*" }, `text ${secret}`],
    ] as const) {
      const port = await startDevelopmentServer(t, options);
      for (const origin of [
        "http://evil.example",
        "https://localhost",
        `http://localhost:${port + 1}`,
        `http://localhost.evil.example:${port}`,
        "http://192.0.2.1",
        "null",
      ]) {
        assert.equal(await loot(t, port, `localhost:${port}`, origin), expected, origin);
      }
    }
  });

  it("is told from a page of the server's own", async (t) => {
    const port = await startDevelopmentServer(t);
    assert.equal(await loot(t, port, `localhost:${port}`, `http://localhost:${port}`), `text ${secret}`);
  });
});

describe("DNS rebinding", () => {
  it("gets a page nothing whose name leads to this machine, unless the server answers to every name", async (t) => {
    for (const [options, expected] of [
      [{}, "421"],
      [{ hosts: "*" }, `text ${secret}`],
    ] as const) {
      const port = await startDevelopmentServer(t, options);
      const host = `evil.example:${port}`;
      assert.equal(await loot(t, port, host, `http://${host}`), expected);
    }
  });
});

describe("Chromium as the attacker's tool", { skip: SKIP_WITHOUT_CHROMIUM, timeout }, () => {
  it("gets nothing for a page of another origin, nor for one that was rebound", async (t) => {
    // Any name leads here, as names of an attacker's do when they like.
    const browser = await launchChromium(["--host-resolver-rules=MAP *.example 127.0.0.1"]);
    t.after(() => browser.close());
    const evil = createServer((_request, response) => void response.end("<title>evil</title>"));
    t.after(() => {
      evil.closeAllConnections();
      evil.close();
    });
    const evilPort = await listen(evil);

    const port = await startDevelopmentServer(t);
    const open = await startDevelopmentServer(t, { origins: "*", hosts: "*" });
    const crossSite = (target: number): Promise<string> =>
      lootByPage(browser, `http://evil.example:${evilPort}/`, `ws://localhost:${target}/`);
    const rebound = (target: number): Promise<string> =>
      lootByPage(browser, `http://evil.example:${target}/`, `ws://evil.example:${target}/`);
    assert.deepEqual([await crossSite(port), await crossSite(open)], ["nothing", secret]);
    assert.deepEqual([await rebound(port), await rebound(open)], ["nothing", secret]);
    const own = await lootByPage(browser, `http://localhost:${port}/`, `ws://localhost:${port}/`);
    assert.equal(own, secret);
  });
});

/** Has a page connect. */
async function lootByPage(browser: Browser, page: string, url: string): Promise<string> {
  const visited = await browser.newPage();
  try {
    await visited.goto(page);
    return await visited.evaluate(
      (target) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(target);
          socket.onmessage = ({ data }) => resolve(String(data));
          socket.onclose = () => resolve("nothing");
        }),
      url,
    );
  } finally {
    await visited.close();
  }
}
