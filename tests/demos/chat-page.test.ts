import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";
import { ChatSite } from "./chat-site.js";

const TIMEOUT_MS = 180_000;
/**
 * What Chromium itself prints when a server is away, which is the point of these tests: also of a stream that is cut, where a
 * page has failed to connect so often that it came by the fallback.
 */
const SERVER_IS_AWAY =
  /WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|ERR_INCOMPLETE_CHUNKED_ENCODING|503 \(Service Unavailable\)/;

describe("the chat page in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let chat: ChatSite;
  const errors: string[] = [];
  const contexts: BrowserContext[] = [];

  before(async () => {
    [browser, chat] = await Promise.all([launchChromium(), ChatSite.start()]);
  });
  after(async () => {
    await browser.close();
    await chat.close();
  });

  /** A page of a visitor, in a room. */
  async function open(context: BrowserContext, room = "lobby"): Promise<Page> {
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`${chat.origin}/chat/#${room}`);
    await page.locator("#room-heading").waitFor();
    return page;
  }

  /** A visitor with a browser profile of their own, connected and in a room. */
  async function visit(name: string, room = "lobby", options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    contexts.push(context);
    const page = await open(context, room);
    await page.locator("#connection[data-state=open]").waitFor();
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#people .person", { hasText: name }).locator(".you").waitFor();
    return page;
  }

  async function leave(): Promise<void> {
    for (const context of contexts.splice(0)) await context.close();
    assert.deepEqual(
      errors.splice(0).filter((error) => !SERVER_IS_AWAY.test(error)),
      [],
    );
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.locator("#say").fill(text);
    await page.locator("#say").press("Enter");
  }

  const said = (page: Page, text: string): Locator => page.locator("#log .text").getByText(text, { exact: true });
  const badge = (page: Page, room: string): Locator => page.locator(`.rooms [data-room=${room}] .badge`);

  /** A figure of a room's ledger. */
  async function figure(page: Page, room: string, name: string): Promise<string> {
    return (await page.locator(`.ledger[data-room=${room}] [data-figure=${name}]`).textContent()) ?? "";
  }

  /** Waits until a page's ledger of a room says that nothing is lost and nothing doubled, by the server's sum. */
  async function sound(page: Page, room: string): Promise<void> {
    await page.locator(`.ledger[data-room=${room}][data-verdict=equal]`).waitFor();
  }

  async function bots(page: Page, areOn: boolean): Promise<void> {
    await page.getByRole("switch").setChecked(areOn);
    await page.locator(`[role=switch]:${areOn ? "checked" : "not(:checked)"}:enabled`).waitFor();
  }

  it("lets two talk, see each other type, and shows what is unread elsewhere", async () => {
    const ada = await visit("Ada");
    await bots(ada, false);
    const bob = await visit("Bob", "kitchen");
    await bob.locator("#people-count", { hasText: /^1$/ }).waitFor();
    await say(ada, "Hello, lobby");
    await badge(bob, "lobby").getByText("1").waitFor();
    await bob.waitForFunction(() => document.title.startsWith("(1)"));
    await bob.locator(".rooms [data-room=lobby]").click();
    await said(bob, "Hello, lobby").waitFor();
    // It is told where that begins, and is read now.
    await bob.locator("#new-since + .message", { hasText: "Hello, lobby" }).waitFor();
    await badge(bob, "lobby").waitFor({ state: "detached" });
    await ada.locator("#people .person", { hasText: "Bob" }).waitFor();

    await bob.locator("#say").pressSequentially("Hel");
    await ada.locator(".typing", { hasText: "Bob is typing" }).waitFor();
    await say(bob, "Hello, Ada <b>& all</b>");
    await said(ada, "Hello, Ada <b>& all</b>").waitFor();
    assert.equal(await ada.locator("#log b").count(), 0);
    await ada.locator(".typing:empty").waitFor();
    await bob.getByLabel("Your name").fill("Robert");
    await bob.getByRole("button", { name: "Save" }).click();
    await ada.locator("#log .author", { hasText: "Robert" }).waitFor();
    await bob.context().close();
    await ada.locator("#people-count", { hasText: /^1$/ }).waitFor();
    await leave();
  });

  it("keeps what is written while the server is away, over a reload, and sends it once", async () => {
    const ada = await visit("Ada", "workshop");
    const bob = await visit("Bob", "workshop");
    await say(ada, "before");
    await said(bob, "before").waitFor();
    chat.stayAway();
    await chat.kill();
    await ada.locator("#connection:not([data-state=open])").waitFor();
    await say(ada, "meanwhile 1");
    await say(ada, "meanwhile 2");
    await ada.locator("#pending li", { hasText: "in the outbox" }).nth(1).waitFor();
    await ada.reload();
    // Nobody has been told who this is, and what was written is there.
    await ada.locator("#pending .text", { hasText: "meanwhile 2" }).waitFor();
    // A second page of the same browser finds it, too.
    const again = await open(ada.context(), "workshop");
    await again.locator("#pending .text", { hasText: "meanwhile 2" }).waitFor();
    chat.comeBack();
    for (const page of [ada, again, bob]) {
      await said(page, "meanwhile 2").waitFor();
      await page.locator("#connection[data-state=open]").waitFor();
    }
    await say(bob, "after");
    for (const page of [ada, again, bob]) {
      await said(page, "after").waitFor();
      await page.locator("#pending li").first().waitFor({ state: "detached" });
      assert.deepEqual((await page.locator("#log .text").allTextContents()).slice(-4), [
        "before",
        "meanwhile 1",
        "meanwhile 2",
        "after",
      ]);
      await sound(page, "workshop");
    }
    // Each message was sent by both pages, and was kept once.
    const keptOnce = await Promise.all([ada, again].map((page) => figure(page, "workshop", "kept-once")));
    assert.equal(
      keptOnce.map(Number).reduce((sum, count) => sum + count),
      2,
    );
    // Nothing waits any more.
    await ada.reload();
    await said(ada, "after").waitFor();
    assert.equal(await ada.locator("#pending li").count(), 0);
    await leave();
  });

  it("sends what was written without a network, when there is one again", async () => {
    const ada = await visit("Ada", "workshop");
    await ada.context().setOffline(true);
    // What is open may stay so without a network; it is ended here, and nothing takes its place.
    await chat.kill();
    await ada.locator("#connection:not([data-state=open])").waitFor();
    await say(ada, "from a tunnel");
    await ada.locator("#pending li", { hasText: "in the outbox" }).waitFor();
    await ada.context().setOffline(false);
    await said(ada, "from a tunnel").waitFor();
    await sound(ada, "workshop");
    await leave();
  });

  it("loses nothing and doubles nothing when the server is killed twice while all talk", async () => {
    const pages = [await visit("Ada"), await visit("Bob"), await visit("Eve", "clock")];
    const [ada, bob, eve] = pages as [Page, Page, Page];
    await bots(ada, true);
    let count = 0;
    const talk = async (): Promise<void> => {
      for (let round = 0; round < 2; round++) {
        for (const page of [ada, bob]) await say(page, `sentence ${++count}`);
      }
    };
    const before = Number(/number (\d+)$/.exec((await ada.locator(".process").textContent()) ?? "")?.[1]);
    for (let kill = 1; kill <= 2; kill++) {
      await talk();
      // By one who does not write: a click takes the focus, and the Enter that was meant for a sentence would be a second one.
      await Promise.all([eve.getByRole("button", { name: "Kill the server" }).dblclick(), talk()]);
      await eve.locator(".happenings", { hasText: "SIGKILL" }).waitFor();
      await talk();
      for (const page of pages) {
        await page.locator(".process", { hasText: new RegExp(`number ${before + kill}$`) }).waitFor();
        await page.locator("#connection[data-state=open]").waitFor();
      }
    }
    const numbers = async (): Promise<number[]> => (await eve.locator("#log .text").allTextContents()).map(Number);
    const { length } = await numbers();
    await eve.waitForFunction((least) => document.querySelectorAll("#log .text").length > least + 2, length);
    await bots(ada, false);
    await say(ada, "the end of Ada");
    await say(bob, "the end of Bob");
    const sums = new Map<string, Set<string>>();
    for (const page of pages) {
      if (page !== eve) for (const name of ["Ada", "Bob"]) await said(page, `the end of ${name}`).waitFor();
      for (const room of ["lobby", "clock"]) {
        await sound(page, room);
        for (const name of ["missing", "doubled", "gaps"]) assert.equal(await figure(page, room, name), "0", name);
        const sum = await figure(page, room, "sum");
        assert.equal(await figure(page, room, "server-sum"), sum);
        sums.set(room, (sums.get(room) ?? new Set()).add(sum));
      }
    }
    assert.deepEqual(
      [...sums.values()].map(({ size }) => size),
      [1, 1],
    );
    assert.equal(await figure(ada, "lobby", "acknowledged"), String(count / 2 + 1));
    for (const page of [ada, bob]) {
      const texts = await page.locator("#log .text").allTextContents();
      const sentences = texts.filter((text) => text.startsWith("sentence ")).map((text) => Number(text.slice(9)));
      // Nobody's sentences overtake each other.
      for (const isHers of [1, 0]) {
        const own = sentences.filter((number) => number % 2 === isHers);
        assert.deepEqual(
          own,
          Array.from({ length: count / 2 }, (_, index) => 2 * index + 2 - isHers),
        );
      }
    }
    const counted = await numbers();
    assert.deepEqual(
      counted,
      Array.from(counted, (_, index) => (counted[0] ?? 0) + index),
    );
    await leave();
  });

  it("loads older messages as one scrolls up, and stays where one reads", async () => {
    const ada = chat.visitor("ada");
    const kitchen = ada.channel("room/kitchen");
    await Promise.all(Array.from({ length: 130 }, (_, index) => kitchen.publish({ text: `line ${index + 1}` })));
    const bob = await visit("Bob", "kitchen");
    await said(bob, "line 130").waitFor();
    assert.equal(await said(bob, "line 80").count(), 0);
    const scroller = bob.locator("#log-scroller");
    const line = said(bob, "line 81");
    await scroller.evaluate((element) => element.scrollTo({ top: 200 }));
    const before = await line.evaluate((element) => element.getBoundingClientRect().top);
    await said(bob, "line 80").waitFor();
    const moved = (await line.evaluate((element) => element.getBoundingClientRect().top)) - before;
    assert.ok(Math.abs(moved) < 2, `it moved by ${moved}`);
    await bob.getByRole("button", { name: "To the newest" }).waitFor();
    // Where one reads, nothing that comes below moves it.
    const at = await scroller.evaluate((element) => element.scrollTop);
    await kitchen.publish({ text: "something new" });
    await ada.close();
    await said(bob, "something new").waitFor();
    assert.equal(await scroller.evaluate((element) => element.scrollTop), at);
    await scroller.evaluate((element) => element.scrollTo({ top: 0 }));
    await said(bob, "line 1").waitFor();
    await bob.locator(".older", { hasText: "It began here." }).waitFor();
    await sound(bob, "kitchen");
    assert.equal(await figure(bob, "kitchen", "received"), "131");
    await bob.getByRole("button", { name: "To the newest" }).click();
    await said(bob, "something new").waitFor();
    await badge(bob, "kitchen").waitFor({ state: "detached" });
    await leave();
  });

  it("says what is too long, and takes names as they are", async () => {
    const ada = await visit("<img src=x>", "kitchen");
    assert.equal(await ada.locator("main img").count(), 0);
    await ada.locator("#say").fill("x".repeat(950));
    await ada.locator("#say-hint", { hasText: "50 characters left" }).waitFor();
    await ada.getByLabel("Your name").evaluate((input: HTMLInputElement) => input.removeAttribute("maxlength"));
    await ada.getByLabel("Your name").fill("W".repeat(25));
    await ada.getByRole("button", { name: "Save" }).click();
    await ada.getByRole("alert").getByText("24 characters at most").waitFor();
    await leave();
  });

  it("fits a screen that is 320 pixels wide, dark and light", async () => {
    const options: BrowserContextOptions = {
      viewport: { width: 320, height: 640 },
      isMobile: true,
      colorScheme: "dark",
    };
    const page = await visit("W".repeat(24), "lobby", options);
    await say(page, "unbreakable".repeat(20));
    await said(page, "unbreakable".repeat(20)).waitFor();
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    }
    await leave();
  });
});
