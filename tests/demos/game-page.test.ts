import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createGame } from "../../demos/game/game.js";
import { type Site, startSite } from "../../demos/site/site.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

const TIMEOUT_MS = 180_000;
const SMALL = { width: 640, height: 480 };

describe("the game's page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let site: Site;
  const errors: string[] = [];

  before(async () => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    // Bots that are few leave the machine its time, and people in peace.
    const demos = [createGame({ bots: 24 })];
    [browser, site] = await Promise.all([
      launchChromium(),
      startSite({ port: 0, host: "127.0.0.1", demos, publicFolder }),
    ]);
  });
  after(async () => {
    await browser.close();
    await site.close();
  });

  /** Somebody who plays under a name. */
  async function play(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: SMALL, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${site.port}/game/`);
    await page.locator("#connection[data-state=open]").waitFor();
    await page.locator("#arena canvas").first().waitFor();
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Play" }).click();
    await page.locator("#arena[data-playing=true]").waitFor();
    await page.locator("#where[data-x]").waitFor({ state: "attached" });
    return page;
  }

  function place(page: Page): Promise<string> {
    return page.locator("#where").evaluate((where) => `${where.dataset["x"] ?? ""},${where.dataset["y"] ?? ""}`);
  }

  function choose(page: Page, name: string | RegExp): Promise<void> {
    // The input lies, without being seen, over what is seen.
    return page.getByRole("radio", { name }).check({ force: true });
  }

  /** Waits until one page shows somebody where their own page does, to the last digit. */
  async function agree(watcher: Page, flier: Page, name: string): Promise<void> {
    const deadlineMs = performance.now() + 60_000;
    for (;;) {
      const own = await place(flier);
      const seen = await watcher.evaluate((wanted) => {
        const item = document.querySelector<HTMLElement>(`#near li[data-name="${wanted}"]`);
        return `${item?.dataset["x"] ?? ""},${item?.dataset["y"] ?? ""}`;
      }, name);
      // The same before and after: it has come to rest.
      if (own === seen && own === (await place(flier))) return;
      assert.ok(performance.now() < deadlineMs, `${name} is at ${own}, and is seen at ${seen}`);
      await watcher.waitForFunction(
        ([wanted, before]) => {
          const item = document.querySelector<HTMLElement>(`#near li[data-name="${wanted}"]`);
          return `${item?.dataset["x"] ?? ""},${item?.dataset["y"] ?? ""}` !== before || performance.now() % 500 < 50;
        },
        [name, seen] as const,
      );
    }
  }

  it("has two who see each other, and agree where they are after lag, jitter and stalls", async () => {
    const [ann, bob] = [await play("Ann"), await play("Bob")];
    await bob.locator('#near li[data-name="Ann"]').waitFor();
    await ann.locator('#near li[data-name="Bob"]').waitFor();
    const before = await place(ann);
    await choose(ann, /stalls/);
    await ann.locator("#arena").focus();
    // It flies at once, whatever the network does.
    await ann.keyboard.down("ArrowRight");
    await ann.waitForFunction((was) => {
      const { x, y } = document.querySelector<HTMLElement>("#where")?.dataset ?? {};
      return `${x ?? ""},${y ?? ""}` !== was;
    }, before);
    await ann.keyboard.down("ArrowDown");
    // Beside her, or she would be out of sight where what follows takes long.
    await bob.locator("#arena").focus();
    for (const key of ["ArrowRight", "ArrowDown"]) await bob.keyboard.down(key);
    await ann.waitForFunction(() => Number.parseFloat(document.querySelector("#round-trip")?.textContent ?? "") > 200);
    // Others are shown further in the past, since updates come unevenly.
    await ann.waitForFunction(() => Number.parseFloat(document.querySelector("#delay")?.textContent ?? "") > 250);
    for (const page of [ann, bob]) {
      for (const key of ["ArrowRight", "ArrowDown"]) await page.keyboard.up(key);
    }
    await agree(bob, ann, "Ann");
    assert.notEqual(await place(ann), before);
    // The seat is held over a reload, and the ship is where it was.
    const rested = await place(ann);
    await ann.reload();
    await ann.locator("#connection[data-state=open]").waitFor();
    await ann.getByRole("button", { name: "Play" }).click();
    await ann.locator("#where[data-x]").waitFor({ state: "attached" });
    const [x = 0, y = 0] = (await place(ann)).split(",").map(Number);
    const [restedX = 0, restedY = 0] = rested.split(",").map(Number);
    // A bot may have thrown it a little meanwhile.
    assert.ok(Math.hypot(x - restedX, y - restedY) < 16 * 300, `${x},${y} after ${rested}`);
    // What is drawn is not one color.
    const colors = await bob
      .locator("#arena canvas")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const copy = document.createElement("canvas");
        [copy.width, copy.height] = [canvas.width, canvas.height];
        const context = copy.getContext("2d");
        context?.drawImage(canvas, 0, 0);
        const { data } = context?.getImageData(0, 0, copy.width, copy.height) ?? { data: [] };
        const found = new Set<number>();
        for (let at = 0; at < data.length; at += 4 * 97) {
          found.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
        }
        return found.size;
      });
    assert.ok(colors > 3, `${colors} colors`);
    for (const page of [ann, bob]) await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("measures what area of interest saves", async () => {
    const page = await play("Cid");
    // Something has come: without that there is nothing to compare with.
    await page.locator("#rate-seen", { hasText: /[1-9].* kB\/s/ }).waitFor();
    await page.getByLabel(/whole arena/).check();
    await page.locator("#rate-all", { hasText: "kB/s" }).waitFor();
    await page.waitForFunction(() => Number(document.querySelector("#in-sight-count")?.textContent) >= 25);
    const rate = async (id: string): Promise<number> => Number.parseFloat((await page.locator(id).textContent()) ?? "");
    assert.ok((await rate("#rate-all")) > (await rate("#rate-seen")));
    await page.locator("#reduction", { hasText: "times fewer" }).waitFor();
    await page.locator("#tick-time", { hasText: /\d ms/ }).waitFor();
    await page.getByLabel(/whole arena/).uncheck();
    await page.waitForFunction(() => Number(document.querySelector("#in-sight-count")?.textContent) < 20);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("is played by thumbs on a screen that is 320 pixels wide, in light and dark", async () => {
    const options = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true } as const;
    const page = await play("Dan", { ...options, colorScheme: "dark" });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    const before = await place(page);
    const stick = page.locator("#stick");
    await stick.scrollIntoViewIfNeeded();
    const box = (await stick.boundingBox())!;
    const touch = await page.context().newCDPSession(page);
    const at = { x: box.x + box.width * 0.9, y: box.y + box.height / 2 };
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
    await page.waitForFunction((was) => {
      const { x, y } = document.querySelector<HTMLElement>("#where")?.dataset ?? {};
      return `${x ?? ""},${y ?? ""}` !== was;
    }, before);
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    assert.ok(Number((await place(page)).split(",")[0]) > Number(before.split(",")[0]));
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--game-ground"));
    const dark = await ground();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await ground(), dark);
    await page.waitForFunction(() => Number(document.querySelector("#in-sight-count")?.textContent) > 0);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });
});
