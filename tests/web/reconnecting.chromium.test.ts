/**
 * openline/reconnecting, bundled for pages, in Chromium, against a server that goes away and comes back.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { type Server, serve } from "#src/index.js";
import type * as reconnectingEntry from "#src/web/reconnecting.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

declare global {
  /** What the page has loaded. */
  var live: typeof reconnectingEntry;
  /** What the page's socket has received. */
  var received: unknown[];
  /** The page's socket. */
  var socket: reconnectingEntry.ReconnectingSocket;
}

const page = `<!doctype html><script type="module">
  import * as live from "/openline.js";
  globalThis.live = live;
</script>`;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export * from "openline/reconnecting";',
      resolveDir: fileURLToPath(new URL("../../../", import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

describe("openline/reconnecting in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: 120_000 }, () => {
  let browser: Browser;
  /** Serves the page, and stays. */
  let site: Server;
  /** Comes and goes. */
  let echo: Server;
  let port = 0;
  let tab: Page;

  async function arrive(): Promise<void> {
    echo = await serve({ port, origins: "*", message: (socket, message) => socket.send(message) });
    port = Number(new URL(echo.url).port);
  }

  /** Gone without a word, as far as the page can tell. */
  async function leave(): Promise<void> {
    for (const socket of echo.sockets) socket.terminate();
    await echo.close();
  }

  before(async () => {
    const script = await bundle();
    site = await serve({
      port: 0,
      request(request, response) {
        const isScript = request.url === "/openline.js";
        response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
        response.end(isScript ? script : page);
      },
    });
    await arrive();
    browser = await launchChromium();
    tab = await browser.newPage();
    await tab.goto(site.url.replace("ws:", "http:"));
    await tab.waitForFunction(() => globalThis.live !== undefined);
  });
  after(async () => {
    await browser.close();
    await Promise.all([site.close(), echo.close()]);
  });

  /** Opens the page's socket. `delayMs` is the wait between attempts. */
  async function open(delayMs: number): Promise<void> {
    await tab.evaluate(
      async ([url, delay]) => {
        globalThis.received = [];
        globalThis.socket = live.reconnecting(url, {
          reconnect: { retry: () => delay, minDelayMs: 0 },
          message: (_socket, message) => void received.push(message),
        });
        await socket.ready();
      },
      [echo.url, delayMs] as const,
    );
  }

  it("comes back by itself when the server does, on the same port, and sends what has waited", async () => {
    await open(50);
    await tab.evaluate(() => void socket.send("before"));
    await tab.waitForFunction(() => received.includes("before"));
    await leave();
    await tab.waitForFunction(() => socket.state.name === "waiting");
    const status = await tab.evaluate(() => socket.send("meanwhile").status);
    assert.equal(status, "buffered");
    await arrive();
    await tab.waitForFunction(() => received.includes("meanwhile"));
    const seen = await tab.evaluate(async () => {
      const { why } = await socket.close();
      return { received, why, state: socket.state.name };
    });
    assert.deepEqual(seen, { received: ["before", "meanwhile"], why: "closed", state: "closed" });
  });

  it("is woken when the network comes back", async () => {
    await open(3_600_000);
    await leave();
    await tab.waitForFunction(() => socket.state.name === "waiting");
    await arrive();
    await tab.context().setOffline(true);
    await tab.waitForFunction(() => !navigator.onLine);
    assert.equal(await tab.evaluate(() => socket.state.name), "waiting");
    await tab.context().setOffline(false);
    await tab.waitForFunction(() => socket.state.name === "open");
    await tab.evaluate(() => socket.close());
  });

  it("tells what a page cannot do, at once", async () => {
    const code = await tab.evaluate(() => {
      const options: object = { headers: { authorization: "Bearer x" } };
      try {
        live.reconnecting("/", options);
      } catch (error) {
        return (error as { readonly code?: unknown }).code;
      }
      return undefined;
    });
    assert.equal(code, "unsupported-by-platform");
  });
});
