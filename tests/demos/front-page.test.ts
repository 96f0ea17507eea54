import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createChat } from "../../demos/chat/chat.js";
import { docs } from "../../demos/docs/docs.js";
import { front } from "../../demos/front/front.js";
import { type Site, startSite } from "../../demos/site/site.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

const TIMEOUT_MS = 120_000;
const PHONE = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true } as const;

describe("the front page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let site: Site;
  let origin: string;
  const errors: string[] = [];
  const strangers: string[] = [];

  before(async () => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    const demos = [front, createChat(), docs];
    [browser, site] = await Promise.all([
      launchChromium(),
      startSite({ port: 0, host: "127.0.0.1", demos, publicFolder }),
    ]);
    origin = `http://127.0.0.1:${site.port}`;
  });
  after(async () => {
    await browser.close();
    await site.close();
  });

  async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) strangers.push(request.url());
    });
    await page.goto(origin + path);
    return page;
  }

  async function leave(page: Page): Promise<void> {
    await page.context().close();
    assert.deepEqual([errors.splice(0), strangers.splice(0)], [[], []]);
  }

  /** The number that a card shows, once it is above `least`. */
  async function numberAbove(page: Page, card: string, least: number): Promise<number> {
    const handle = await page.waitForFunction(
      ([id, above]) => {
        const shown = Number.parseFloat(document.querySelector(`#${id} .values b`)?.textContent ?? "");
        return shown > above && shown;
      },
      [card, least] as const,
    );
    return Number(await handle.jsonValue());
  }

  it("shows what this server does: figures move when somebody comes to the chat", async () => {
    const page = await visit("/", { viewport: { width: 1280, height: 800 } });
    await page.locator("#connection[data-state=open]").waitFor();
    const connections = await numberAbove(page, "connections", 0);
    for (const card of ["messages", "bytes", "compression", "delay", "round-trip"]) await numberAbove(page, card, 0);
    const before = await page.locator("#messages path").nth(1).getAttribute("d");
    const guest = await visit("/chat/");
    await guest.locator("#connection[data-state=open]").waitFor();
    // That one ends in the chat's own process.
    assert.ok((await numberAbove(page, "connections", connections)) > connections);
    assert.notEqual(await page.locator("#messages path").nth(1).getAttribute("d"), before);
    await guest.context().close();
    // Whoever comes later has at once what has been.
    const late = await visit("/");
    await late.waitForFunction(
      () => (document.querySelector("#messages path")?.getAttribute("d")?.split("L").length ?? 0) > 4,
    );
    await leave(late);
    await leave(page);
  });

  it("leads to what is served here, and says nothing of the rest", async () => {
    const page = await visit("/");
    const links = await page
      .locator("a[href]")
      .evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""));
    assert.ok(links.includes("/chat/") && links.includes("/docs/"));
    assert.ok(!links.includes("/trading/"));
    for (const link of new Set(links)) assert.equal((await fetch(new URL(link, origin))).status, 200, link);
    assert.deepEqual(await page.locator(".demo h3").allTextContents(), ["Chat"]);
    await page.locator(".demo").first().click();
    await page.waitForURL(`${origin}/chat/`);
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "openline" }).click();
    await page.waitForURL(`${origin}/`);
    await leave(page);
  });

  it("fits a screen that is 320 pixels wide, in dark and light, and nothing jumps when figures come", async () => {
    const page = await visit("/", { ...PHONE, colorScheme: "dark" });
    const height = (): Promise<number> => page.evaluate(() => document.documentElement.scrollHeight);
    await page.locator("#connections .values").waitFor();
    const empty = await height();
    await numberAbove(page, "round-trip", 0);
    assert.equal(await height(), empty);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    const color = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await color();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await color(), dark);
    await leave(page);
  });

  it("has the documentation, whose links lead somewhere", async () => {
    const page = await visit("/docs/", PHONE);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await page.locator("main").getByRole("link", { name: "The real-time layer" }).click();
    await page.locator("h1", { hasText: "The real-time layer" }).waitFor();
    assert.ok((await page.locator("pre .hljs-keyword").count()) > 10);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await leave(page);
    const seen = new Set<string>();
    const due = [`${origin}/docs/`];
    for (let url = due.pop(); url !== undefined; url = due.pop()) {
      if (seen.has(url)) continue;
      seen.add(url);
      const response = await fetch(url);
      assert.equal(response.status, 200, url);
      if (!url.startsWith(`${origin}/docs/`) || response.headers.get("content-type")?.startsWith("text/html") !== true)
        continue;
      const html = await response.text();
      for (const [, , target = ""] of html.matchAll(/(href|src)="([^"]+)"/gu)) {
        const found: URL = new URL(target.replaceAll("&amp;", "&"), url);
        if (found.origin !== origin) continue;
        // What is after the number sign is on this page, or on the one that it leads to.
        if (found.hash !== "" && found.href.split("#")[0] === url)
          assert.ok(html.includes(`id="${decodeURIComponent(found.hash.slice(1))}"`), `${url}: ${found.hash}`);
        due.push(found.href.split("#")[0] ?? "");
      }
    }
    assert.ok(seen.size > 30, String(seen.size));
  });
});
