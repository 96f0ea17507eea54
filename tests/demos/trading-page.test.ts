import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";
import { LiveProcess } from "./live-process.js";

const TIMEOUT_MS = 180_000;
const SMALL = { width: 760, height: 480 };

describe("the trading page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
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

  /** A visitor with a browser profile of their own, who looks at a book. */
  async function visit(options: BrowserContextOptions = {}): Promise<Page> {
    // What is drawn and what flashes costs a machine without a graphics card most of its time.
    const context = await browser.newContext({ viewport: SMALL, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`${url}/trading/`);
    await page.locator("#connection[data-state=open]").waitFor();
    await page.locator("#bids li .price", { hasText: /\d/ }).first().waitFor();
    return page;
  }

  /** The number that an element shows, once it is at least `least`. */
  async function numberFrom(page: Page, selector: string, least: number): Promise<number> {
    const handle = await page.waitForFunction(
      ([selected, from]) => {
        const shown = Number.parseFloat(document.querySelector(selected)?.textContent?.replaceAll(",", "") ?? "");
        return shown >= from && [shown];
      },
      [selector, least] as const,
    );
    return ((await handle.jsonValue()) as [number])[0];
  }

  async function number(page: Page, selector: string): Promise<number> {
    return Number((await page.locator(selector).textContent())?.replaceAll(",", ""));
  }

  function choose(page: Page, name: string | RegExp): Promise<void> {
    // The input lies, without being seen, over what is seen.
    return page.getByRole("radio", { name, exact: true }).check({ force: true });
  }

  /** Presses the button, and resolves to what is said when the order has been answered. */
  async function order(page: Page): Promise<string> {
    await page.locator("#submit").click();
    const outcome = page.locator("#outcome", { hasText: /Order \d+/ });
    await outcome.waitFor();
    return (await outcome.textContent()) ?? "";
  }

  function orderNumber(outcome: string): string {
    return /Order (\d+)/.exec(outcome)?.[1] ?? "";
  }

  it("lists 200 instruments whose prices move, and shows the one that is chosen", async () => {
    const page = await visit();
    assert.equal(await page.locator("#symbols label").count(), 200);
    await page.waitForFunction(() => document.querySelectorAll("#symbols [data-flash]").length > 5);
    await page.getByLabel("Filter by symbol or name").fill("harbor");
    const shown = page.locator("#symbols label:visible");
    assert.equal(await shown.count(), 10);
    const symbol = (await shown.nth(3).locator("b").textContent()) ?? "";
    await shown.nth(3).click();
    await page.locator("#symbol", { hasText: symbol }).waitFor();
    await page.locator("#submit", { hasText: `Buy ${symbol}` }).waitFor();
    await page.waitForFunction(
      (name) => location.hash === `#${name}` && /\d/.test(document.querySelector("#bids .price")?.textContent ?? ""),
      symbol,
    );
    // By the keyboard: the next one of those that are shown.
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction((name) => document.querySelector("#symbol")?.textContent !== name, symbol);
    const chart = page.locator("#chart canvas");
    const before = await chart.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    await choose(page, "1 min");
    await page.waitForFunction(
      (earlier) => document.querySelector<HTMLCanvasElement>("#chart canvas")?.toDataURL() !== earlier,
      before,
    );
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("has the server's book, fast and slow, and nobody else notices who is slow", async () => {
    const [fast, slow] = [await visit(), await visit()];
    for (const page of [fast, slow]) await numberFrom(page, "#updates-received", 4);
    await choose(slow, /250 ms/);
    const before = await number(slow, "#checks-right");
    await numberFrom(slow, "#checks-right", before + 4);
    await slow.waitForFunction(() => {
      const rate = Number(document.querySelector("#updates-received")?.textContent);
      return rate > 0 && rate <= 2.5;
    });
    // Several changes of a level for each that was sent.
    await numberFrom(slow, "#conflation-ratio", 1.2);
    const fastRight = await number(fast, "#checks-right");
    await numberFrom(fast, "#checks-right", fastRight + 8);
    assert.ok((await numberFrom(fast, "#updates-received", 4)) > 2 * (await number(slow, "#updates-received")));
    for (const page of [fast, slow]) {
      await numberFrom(page, "#checks-asked", 2);
      assert.equal(await number(page, "#checks-wrong"), 0);
      await page.locator("#checks[data-state=right]").waitFor();
      for (const what of ["book", "call"]) {
        await page.locator(`#${what}-latency-figures`, { hasText: /p50 \d+ ms · p99 \d+ ms/ }).waitFor();
        const heights = await page
          .locator(`#${what}-latency-bars i`)
          .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().height));
        assert.ok(Math.max(...heights) > 40, heights.join(" "));
      }
      await page.context().close();
    }
    assert.deepEqual(errors.splice(0), []);
  });

  it("fills an order that is written into the form, and says what is wrong with one that is not right", async () => {
    const page = await visit();
    await page.getByLabel("Size", { exact: true }).fill("0.0000001");
    await page.locator("#submit").click();
    await page.locator("#size-hint", { hasText: "multiples of" }).waitFor();
    assert.equal(await page.getByLabel("Size", { exact: true }).getAttribute("aria-invalid"), "true");
    await choose(page, "Market");
    const lot = /in steps of (\S+)|multiples of (\S+)/.exec((await page.locator("#size-hint").textContent()) ?? "");
    await page.getByLabel("Size", { exact: true }).fill(lot?.[1] ?? lot?.[2] ?? "");
    const outcome = await order(page);
    assert.match(outcome, /filled\.$/);
    await page.locator(`#order-events .filled[data-order="${orderNumber(outcome)}"]`).waitFor();
    await page.locator("#positions tr .profit", { hasText: /\d/ }).waitFor();
    // Much, and far from the price: it waits, until it is cancelled.
    await choose(page, "Sell");
    await choose(page, "Limit");
    const last = Number(await page.locator("#last").textContent());
    await page.getByLabel("Price", { exact: true }).fill(String(Math.round(last * 2)));
    await page.locator("#submit").click();
    await page.locator("#price-hint", { hasText: "has to be from" }).waitFor();
    await page.getByRole("button", { name: "Take the best ask" }).click();
    const ask = await page.getByLabel("Price", { exact: true }).inputValue();
    const tick = Number(/of (\S+)/.exec((await page.locator("#price-hint").textContent()) ?? "")?.[1]);
    const price = (Math.round((last * 1.1) / tick) * tick).toFixed((ask.split(".")[1] ?? "").length);
    await page.getByLabel("Price", { exact: true }).fill(price);
    const waiting = orderNumber(await order(page));
    await page.getByRole("button", { name: `Cancel order ${waiting}` }).click();
    await page.locator(`#order-events .cancelled[data-order="${waiting}"]`).waitFor();
    assert.equal(await page.locator("#open-orders tr").count(), 0);
    // What is one's own is there again.
    await page.reload();
    await page.locator("#positions tr .profit", { hasText: /\d/ }).waitFor();
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("has one order, though it was sent twice, and though the connection was cut when it had left", async () => {
    const page = await visit();
    for (const [how, said] of [
      ["Send it twice", "Asked for twice"],
      ["Cut my connection", "connection was cut"],
    ] as const) {
      await choose(page, how);
      await page.getByRole("button", { name: "Take the best bid" }).click();
      await page.locator("#outcome").evaluate((element) => element.replaceChildren());
      const outcome = await order(page);
      assert.ok(outcome.includes(said), outcome);
      assert.match(outcome, /sent 2 times, and one order exists/);
      const id = orderNumber(outcome);
      await page.locator(`#order-events .accepted[data-order="${id}"]`).waitFor();
    }
    await page.locator("#connection[data-state=open]").waitFor();
    const accepted = await page.locator("#order-events .accepted").count();
    assert.equal(accepted, 2);
    // The book goes on from where it was.
    const right = await number(page, "#checks-right");
    await numberFrom(page, "#checks-right", right + 3);
    assert.equal(await number(page, "#checks-wrong"), 0);
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });

  it("fits a screen that is 320 pixels wide, and follows the color scheme", async () => {
    const options = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true } as const;
    const page = await visit({ ...options, colorScheme: "dark" });
    await choose(page, "Market");
    await order(page);
    await page.locator("#positions tr").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    const color = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await color();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await color(), dark);
    assert.equal(await page.locator("#chart canvas").count(), 1);
    // Nothing flashes for who wants less motion.
    await page.waitForFunction(() => document.querySelector("#symbols [data-flash]") !== null);
    const animation = page.locator("#symbols [data-flash]").first();
    assert.equal(await animation.evaluate((element) => getComputedStyle(element).animationName), "none");
    await page.context().close();
    assert.deepEqual(errors.splice(0), []);
  });
});
