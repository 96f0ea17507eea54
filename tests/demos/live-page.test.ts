import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";
import { LiveProcess } from "./live-process.js";

const TIMEOUT_MS = 120_000;
/** What Chromium itself prints when a server is away, which is the point of one of the tests. */
const SERVER_IS_AWAY = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/;

describe("the live page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let live: LiveProcess;
  let url: string;
  const errors: string[] = [];

  before(async () => {
    live = new LiveProcess("0");
    [browser, url] = await Promise.all([launchChromium(), live.url()]);
  });
  after(async () => {
    await Promise.all([browser.close(), live.stop()]);
  });

  /** A visitor with a browser profile of their own, connected and in the room. */
  async function visit(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(url);
    await page.locator("#connection[data-state=open]").waitFor();
    await page.locator("#people .you").waitFor();
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#people .person", { hasText: name }).waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel("Message", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Send" }).click();
  }

  function message(page: Page, text: string): ReturnType<Page["locator"]> {
    return page.locator("#log .message .text").getByText(text, { exact: true });
  }

  function notice(page: Page, text: string): ReturnType<Page["locator"]> {
    return page.locator("#log .notice", { hasText: text });
  }

  /** The number that an element shows, once it is greater than `above`. */
  async function numberAbove(page: Page, selector: string, above: number): Promise<number> {
    const handle = await page.waitForFunction(
      ([selected, least]) => {
        const shown = Number.parseFloat(document.querySelector(selected)?.textContent?.replaceAll(",", "") ?? "");
        return shown > least && shown;
      },
      [selector, above] as const,
    );
    return Number(await handle.jsonValue());
  }

  it("lets two visitors see each other come, speak and go", async () => {
    const ada = await visit("Ada");
    const bob = await visit("Bob");
    await notice(ada, "Bob").first().waitFor();
    await say(ada, "Hello, Bob");
    await message(bob, "Hello, Bob").waitFor();
    await say(bob, "Hello, Ada");
    await message(ada, "Hello, Ada").waitFor();
    assert.equal(await ada.locator("#pending li").count(), 0);
    await bob.context().close();
    await notice(ada, "Bob left").waitFor();

    const late = await visit("Late");
    await message(late, "Hello, Ada").waitFor();
    await late.context().close();
    await ada.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("remembers a name between visits", async () => {
    const page = await visit("Rosalind");
    await page.reload();
    await page.locator("#people .person", { hasText: "Rosalind" }).locator(".you").waitFor();
    assert.equal(await page.getByLabel("Your name").inputValue(), "Rosalind");
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("shows names and messages as text, whatever they contain", async () => {
    const ada = await visit("<img src=x>");
    const bob = await visit("Bob");
    const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    await say(ada, hostile);
    await message(bob, hostile).waitFor();
    assert.equal(await bob.locator(".chat :is(img, script)").count(), 0);
    assert.equal(await ada.locator(".chat :is(img, script)").count(), 0);
    for (const page of [ada, bob]) await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("keeps what is typed while the server is away, and says it once when the server is back", async () => {
    const ada = await visit("Ada");
    const bob = await visit("Bob");
    await say(ada, "before");
    await message(bob, "before").waitFor();
    const { exitCode, output } = await live.stop();
    assert.equal(exitCode, 0, output);
    await ada.locator("#connection[data-state=waiting]").waitFor();
    await say(ada, "meanwhile 1");
    await say(ada, "meanwhile 2");
    await ada.locator("#pending li").nth(1).waitFor();
    assert.equal(await message(ada, "meanwhile 1").count(), 0);

    live = new LiveProcess(new URL(url).port);
    await live.url();
    await message(bob, "meanwhile 2").waitFor();
    await notice(ada, "The server restarted").waitFor();
    await notice(bob, "The server restarted").waitFor();
    // What is said last arrives last, so after it nothing can come twice any more.
    await say(ada, "after");
    for (const page of [ada, bob]) {
      await message(page, "after").waitFor();
      for (const text of ["before", "meanwhile 1", "meanwhile 2"])
        assert.equal(await message(page, text).count(), 1, text);
      const texts = await page.locator("#log .message .text").allTextContents();
      assert.deepEqual(texts.slice(-3), ["meanwhile 1", "meanwhile 2", "after"]);
      assert.equal(await page.locator("#pending li").count(), 0);
      await page.context().close();
    }
    assert.deepEqual(
      errors.splice(0).filter((error) => !SERVER_IS_AWAY.test(error)),
      [],
    );
  });

  it("compares both ways: counts, figures and charts advance", async () => {
    const page = await visit("Ada");
    for (const way of ["web-socket", "polling"]) {
      const received = await numberAbove(page, `#received-${way}`, 0);
      await numberAbove(page, `#received-${way}`, received);
      await numberAbove(page, `#bytes-${way}`, 20);
    }
    for (const metric of ["latency", "bytes"]) {
      await page.locator(`#${metric}-verdict`, { hasText: "×" }).waitFor();
      const canvas = page.locator(`#${metric}-chart canvas`);
      const before = await canvas.evaluate((chart: HTMLCanvasElement) => chart.toDataURL());
      await page.waitForFunction(
        ([selector, earlier]) => document.querySelector<HTMLCanvasElement>(selector)?.toDataURL() !== earlier,
        [`#${metric}-chart canvas`, before] as const,
      );
    }
    // Asked for one by one, each update pays for two heads.
    await page.getByLabel("100 ms").check({ force: true });
    const polling = await numberAbove(page, "#bytes-polling", 200);
    const webSocket = await numberAbove(page, "#bytes-web-socket", 20);
    assert.ok(polling > webSocket);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("fits a screen that is 320 pixels wide", async () => {
    const page = await visit("W".repeat(24), { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
    await say(page, "unbreakable".repeat(20));
    await message(page, "unbreakable".repeat(20)).waitFor();
    await numberAbove(page, "#received-polling", 0);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 320);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("follows the color scheme without losing a chart", async () => {
    const page = await visit("Ada", { colorScheme: "dark" });
    await page.emulateMedia({ colorScheme: "light" });
    await numberAbove(page, "#received-web-socket", 0);
    assert.equal(await page.locator(".chart canvas").count(), 2);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });
});
