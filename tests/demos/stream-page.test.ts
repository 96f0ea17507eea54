import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type Site, startSite } from "../../demos/site/site.js";
import { stream } from "../../demos/stream/stream.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

const TIMEOUT_MS = 300_000;
const SMALL = { width: 700, height: 480 };
// A camera of test pictures, and nobody who has to allow it.
const ARGUMENTS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

describe("the streaming page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let site: Site;
  const errors: string[] = [];

  before(async () => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    [browser, site] = await Promise.all([
      launchChromium(ARGUMENTS),
      startSite({ port: 0, host: "127.0.0.1", demos: [stream], publicFolder }),
    ]);
  });
  after(async () => {
    await browser.close();
    await site.close();
  });

  /** A visitor with a browser profile of their own. */
  async function visit(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: SMALL, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${site.port}/stream/`);
    await page.locator("#connection[data-state=open]").waitFor();
    return page;
  }

  /** The number that an element shows, once it is at least `least`. */
  async function numberFrom(page: Page, selector: string, least: number): Promise<number> {
    const handle = await page.waitForFunction(
      ([selected, from]) => {
        const shown = Number.parseFloat(document.querySelector(selected)?.textContent ?? "");
        return shown >= from && [shown];
      },
      [selector, least] as const,
    );
    return ((await handle.jsonValue()) as [number])[0];
  }

  async function number(page: Page, selector: string): Promise<number> {
    return Number.parseFloat((await page.locator(selector).textContent()) ?? "");
  }

  function choose(page: Page, name: string | RegExp): Promise<void> {
    // The input lies, without being seen, over what is seen.
    return page.getByRole("radio", { name }).first().check({ force: true });
  }

  /** Starts a stream of the made-up picture, or of the camera. */
  async function broadcast(
    page: Page,
    title: string,
    mode: "Low latency" | "Robust",
    picture = "Made up",
  ): Promise<void> {
    await page.getByLabel("Title").fill(title);
    for (const wanted of [picture, mode]) {
      await page.locator("#broadcast-form").getByRole("radio", { name: wanted }).check({ force: true });
    }
    await page.getByRole("button", { name: "Start streaming" }).click();
    await page.getByRole("button", { name: "End the stream" }).waitFor();
  }

  async function watch(page: Page, title: string): Promise<void> {
    await choose(page, new RegExp(title));
    await page.locator("#stage-heading", { hasText: title }).waitFor();
    await numberFrom(page, "#frames", 2);
  }

  /** The picture that is shown, without the clock's strip, in so few pixels that they can be compared. */
  function pixels(page: Page, selector: string): Promise<string> {
    return page.locator(selector).evaluate((shown: HTMLCanvasElement | HTMLVideoElement) => {
      const small = document.createElement("canvas");
      [small.width, small.height] = [32, 16];
      const context = small.getContext("2d")!;
      context.drawImage(shown, 0, 0, 640, 300, 0, 0, 32, 16);
      return context.getImageData(0, 0, 32, 16).data.join();
    });
  }

  async function showsMovingPictures(page: Page, selector: string): Promise<void> {
    const [frames, before] = [await number(page, "#frames"), await pixels(page, selector)];
    await numberFrom(page, "#frames", frames + 10);
    // A camera may be slower than the pictures of it.
    let later = before;
    while (later === before) later = await pixels(page, selector);
    assert.ok(new Set(later.split(",")).size > 10, "it is not of one color");
  }

  /** What the page read from the clock in the picture. */
  async function isPlausiblyLate(page: Page): Promise<void> {
    const latencyMs = await numberFrom(page, "#latency", 0);
    assert.ok(latencyMs < 20_000, `${latencyMs} ms`);
  }

  it("shows moving pictures and how late they are; a slowed viewer skips and stays within its bound, and no other does", async () => {
    const [publisher, viewer, slow] = [await visit(), await visit(), await visit()];
    await broadcast(publisher, "Hills", "Low latency");
    await watch(viewer, "Hills");
    await watch(slow, "Hills");
    await showsMovingPictures(viewer, "#canvas");
    await isPlausiblyLate(viewer);
    const framesBefore = await number(viewer, "#frames");
    await choose(slow, /150 ms/);
    await numberFrom(slow, "#skips", (await number(slow, "#skips")) + 1);
    await slow.locator("#lag[data-within=true]").waitFor();
    assert.match((await slow.locator("#lag-bound").textContent()) ?? "", /of 1400 ms at most/);
    await showsMovingPictures(slow, "#canvas");
    await numberFrom(viewer, "#frames", framesBefore + 30);
    // A busy machine may make others wait, too; but of what was sent to them, nothing was kept back.
    const skipped = await viewer.locator("#skipped").textContent();
    assert.match(skipped ?? "", /, 0 of them by the server/);
    assert.ok(Number.parseFloat(skipped ?? "") < (await number(slow, "#skipped")));

    await slow.context().close();

    // Who comes late begins with a key frame that is there already.
    const late = await visit();
    await watch(late, "Hills");
    await showsMovingPictures(late, "#canvas");
    await late.locator("#joined", { hasText: /\d ms after you came/ }).waitFor();
    await late.locator("#viewers", { hasText: "3 viewers" }).waitFor();

    // What is said belongs to a moment, and is there for everybody when that has been shown.
    await viewer.getByLabel("Message", { exact: true }).fill("Look at the hand");
    await viewer.keyboard.press("Enter");
    await viewer.getByRole("button", { name: "React with 🎉" }).click();
    for (const page of [publisher, late]) {
      await page.locator("#messages li", { hasText: "Look at the hand" }).waitFor();
      await page.getByRole("button", { name: "React with 🎉" }).filter({ hasText: "1" }).waitFor();
    }

    // A publisher that vanishes and comes back goes on with its stream.
    await publisher.reload();
    await publisher.locator("#connection[data-state=open]").waitFor();
    await publisher.locator("#streams [data-status=interrupted]", { hasText: "Hills" }).waitFor();
    const before = await number(viewer, "#frames");
    await broadcast(publisher, "Hills", "Low latency");
    await numberFrom(viewer, "#frames", before + 10);
    await publisher.getByRole("button", { name: "End the stream" }).click();
    await viewer.locator("#stage-note", { hasText: "has ended" }).waitFor();
    for (const page of [publisher, viewer, late]) await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("plays the robust way, a camera with sound, for who comes late", async () => {
    const publisher = await visit();
    await publisher.getByLabel(/With sound/).check();
    await broadcast(publisher, "Room", "Robust", "Camera");
    await numberFrom(publisher, "#sent-frames", 12);
    const viewer = await visit();
    await watch(viewer, "Room");
    await showsMovingPictures(viewer, "#video");
    await isPlausiblyLate(viewer);
    await viewer.getByRole("button", { name: "Turn the sound on" }).waitFor();
    for (const page of [publisher, viewer]) await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("fits a screen that is 320 pixels wide, and follows the color scheme", async () => {
    const page = await visit({
      viewport: { width: 320, height: 640 },
      isMobile: true,
      hasTouch: true,
      colorScheme: "dark",
    });
    await page.locator("#film").or(page.locator("#streams label")).first().waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    const color = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await color();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await color(), dark);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });
});
