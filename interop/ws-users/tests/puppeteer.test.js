import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import puppeteer from "puppeteer-core";
import { assertOurs, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

const executablePath = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((file) => existsSync(file));
const skip =
  executablePath === undefined && "wants Chromium: apt-get install -y --no-install-recommends chromium-headless-shell";

describe("puppeteer-core", { skip }, () => {
  const userDataDir = mkdtempSync(path.join(tmpdir(), "chromium-"));
  let browser;
  let server;
  before(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
    await once(server, "listening");
    browser = await puppeteer.launch({
      executablePath,
      headless: true,
      userDataDir,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  after(async () => {
    await browser?.close();
    await closeSockets(server);
    rmSync(userDataDir, { recursive: true, force: true });
  });

  it("gets ours", () => assertOurs("puppeteer-core"));

  it("drives a browser through it", async () => {
    assert.match(browser.wsEndpoint(), /^ws:/);
    const page = await browser.newPage();
    await page.setContent("<title>page</title><p>text</p>");
    assert.equal(await page.title(), "page");
    assert.equal(await page.evaluate("6 * 7"), 42);
    // Longer than what comes in one read.
    assert.equal((await page.evaluate("'a'.repeat(3_000_000)")).length, 3_000_000);
    const image = await page.screenshot();
    assert.equal(Buffer.from(image.subarray(1, 4)).toString(), "PNG");
  });

  it("has a page whose WebSocket talks to ours", async () => {
    const page = await browser.newPage();
    const answer = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          socket.onopen = () => socket.send("from the page");
          socket.onmessage = ({ data }) => resolve(data);
        }),
      `ws://127.0.0.1:${server.address().port}`,
    );
    assert.equal(answer, "from the page");
  });
});
