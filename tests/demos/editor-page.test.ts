import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { editor } from "../../demos/editor/editor.js";
import { type Site, startSite } from "../../demos/site/site.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

const TIMEOUT_MS = 180_000;

describe("the editor's page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let site: Site;
  let url: string;
  const errors: string[] = [];

  before(async () => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    [browser, site] = await Promise.all([
      launchChromium(),
      startSite({ port: 0, host: "127.0.0.1", demos: [editor], publicFolder }),
    ]);
    url = `http://127.0.0.1:${site.port}`;
  });
  after(async () => {
    await browser.close();
    await site.close();
  });

  async function visit(document: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 820, height: 600 }, ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) errors.push(`asked for ${request.url()}`);
    });
    await page.goto(`${url}/editor/#${document}`);
    await page.locator("#opened[data-state=opened]").waitFor();
    return page;
  }

  function textOf(page: Page, side: "left" | "right"): Locator {
    return page.locator(`#${side}-view .cm-content`);
  }

  /** Types at the beginning of an editor. */
  async function type(page: Page, side: "left" | "right", text: string): Promise<void> {
    await textOf(page, side).click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type(text);
  }

  /** Waits until a text is in an editor. */
  function seen(page: Page, side: "left" | "right", text: string): Promise<void> {
    return textOf(page, side).filter({ hasText: text }).waitFor();
  }

  async function sumOf(page: Page): Promise<string> {
    await page.locator("#proof[data-state=right]").waitFor();
    return (await page.locator("#proof-server").textContent()) ?? "";
  }

  /** Waits until two pages show the same sum. One may not have heard yet of what the other has typed. */
  async function agreed(one: Page, other: Page): Promise<void> {
    while ((await sumOf(one)) !== (await sumOf(other))) {
      await other.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
  }

  it("has one text in four editors, two of which type at once and one of which was offline", async () => {
    const [one, other] = await Promise.all([visit("notes"), visit("notes")]);
    await one.locator("#people li:nth-child(4)").waitFor();
    await one.getByRole("switch", { name: "Offline" }).nth(1).check();
    await type(one, "right", "was offline ");
    await one.locator("#right-status", { hasText: /Offline, \d+ changes wait/ }).waitFor();
    await Promise.all([type(one, "left", "from the left "), type(other, "right", "from elsewhere ")]);
    await seen(one, "left", "from elsewhere");
    await seen(other, "left", "from the left");
    assert.equal(await textOf(other, "left").filter({ hasText: "was offline" }).count(), 0);
    await one.getByRole("switch", { name: "Offline" }).nth(1).uncheck();
    await seen(other, "left", "was offline");
    await type(one, "left", "again ");
    await seen(one, "right", "again ");
    await seen(one, "right", "from elsewhere");
    // The cursor of somebody else, with a name.
    await one.locator("#left-view .other-name").first().waitFor({ state: "attached" });
    await one.locator("#latency-figures", { hasText: /p50 \d+ ms/ }).waitFor();
    await one.locator("#sent-each", { hasText: /\d+ B/ }).waitFor();
    await agreed(one, other);
    // Back goes what this side has typed, and nothing else.
    await one.locator("#right-undo").click();
    await textOf(other, "left").filter({ hasText: "was offline" }).waitFor({ state: "detached" });
    await seen(other, "left", "from elsewhere");
    await Promise.all([one.context().close(), other.context().close()]);
    assert.deepEqual(errors.splice(0), []);
  });

  it("refuses whoever may only read, and has the versions that were kept", async () => {
    const page = await visit("code");
    const before = await sumOf(page);
    await page.getByLabel("Name of the version").fill("as it was");
    await page.getByRole("button", { name: "Keep a version" }).click();
    await page.locator("#versions li", { hasText: "as it was" }).waitFor();
    await type(page, "left", "changed ");
    await seen(page, "right", "changed");
    // The last of it, too: it would be refused.
    await page.locator("#left-status", { hasText: /^Up to date$/ }).waitFor();
    await page.getByRole("switch", { name: "May only read" }).first().check();
    await page.locator("#left-status", { hasText: "read-only" }).waitFor();
    await type(page, "left", "not taken");
    await page.locator("#left-refuse").click();
    await page.locator("#left-note", { hasText: "read-only for you" }).waitFor();
    assert.equal(await textOf(page, "left").filter({ hasText: "not taken" }).count(), 0);
    await page.getByRole("switch", { name: "May only read" }).first().uncheck();
    await page.locator("#left-status", { hasText: /^Up to date$/ }).waitFor();
    await page.getByRole("button", { name: "View as it was" }).click();
    // It is asked for when the button is pressed.
    await page.locator("#version-text", { hasText: /^\/\/ Whoever edits this/ }).waitFor();
    await page.getByRole("button", { name: "Restore", exact: true }).last().click();
    await textOf(page, "left").filter({ hasText: "changed" }).waitFor({ state: "detached" });
    // The text is the same again, and more is known.
    const [textSum = ""] = before.split(" ");
    const same = page.locator("#proof[data-state=right] #proof-server", { hasText: textSum });
    await same.filter({ hasNotText: before }).waitFor();
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("opens a document of 5 MB, and answers meanwhile", async () => {
    const page = await visit("notes");
    await page.getByRole("link", { name: "5 MB" }).click();
    // Something that the page does while the document comes: in one turn, since what is asked of it from here takes its time.
    await page.waitForFunction(() => {
      const { value } = document.querySelector<HTMLProgressElement>("#left-progress") ?? { value: 0 };
      const isOpened = document.querySelector("#opened[data-state=opened]") !== null;
      return value > 0 && value < 1 && !isOpened;
    });
    await page.locator("#opened", { hasText: /Opened twice in \d+ ms, 5,0\d\d,\d{3} characters/ }).waitFor();
    await type(page, "left", "typed into much ");
    await seen(page, "right", "typed into much");
    await sumOf(page);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("fits a screen that is 320 pixels wide, and follows the color scheme", async () => {
    const page = await visit("notes", { viewport: { width: 320, height: 640 }, colorScheme: "dark" });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    const color = (): Promise<string> =>
      page.locator("#left-view .cm-editor").evaluate((element) => getComputedStyle(element).backgroundColor);
    const dark = await color();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await color(), dark);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });
});
