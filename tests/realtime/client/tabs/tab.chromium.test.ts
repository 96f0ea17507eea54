/**
 * Three tabs of Chromium with one connection, of which the one that leads is closed, and crashes.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Server, serve } from "#src/index.js";
import type { UntypedClient } from "#src/realtime/client/index.js";
import { createRealtime } from "#src/realtime/index.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../../../support/chromium.js";

declare global {
  /** The page's client. */
  var client: UntypedClient;
  /** What it has had of the room. */
  var texts: unknown[];
}

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

const program = `
  import { createSharedClient } from "openline/realtime/tabs";
  globalThis.client = createSharedClient("/realtime");
  globalThis.texts = [];
  client.channel("room", { last: 1 }).listen((event) => {
    if (event.type === "message") texts.push(event.value);
    if (event.type === "gap") texts.push("gap");
  });
`;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

describe("tabs of Chromium that share a connection", { skip: SKIP_WITHOUT_CHROMIUM, timeout: 120_000 }, () => {
  let browser: Browser;
  let context: BrowserContext;
  let realtime: ReturnType<typeof createRealtime>;
  let server: Server;
  /** How many connections there have been. */
  let connections = 0;
  let answer: () => void = () => undefined;
  const runs = { slow: 0, once: 0 };

  before(async () => {
    const script = await bundle();
    const slow = (): Promise<string> => {
      runs.slow++;
      return new Promise(() => undefined);
    };
    const once = (): Promise<number> => {
      runs.once++;
      return new Promise((resolve) => {
        answer = () => resolve(runs.once);
      });
    };
    realtime = createRealtime({ calls: { slow, once } });
    const { handlers } = realtime;
    server = await serve({
      port: 0,
      host: "127.0.0.1",
      ...handlers,
      open: (socket) => {
        connections++;
        handlers.open(socket);
      },
      request(request, response) {
        const isScript = request.url === "/program.js";
        response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
        response.end(isScript ? script : '<!doctype html><script type="module" src="/program.js"></script>');
      },
    });
    browser = await launchChromium();
    context = await browser.newContext();
  });
  after(async () => {
    await browser.close();
    await server.close();
    await realtime.close();
  });

  async function openTab(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(server.url.replace("ws:", "http:"));
    await page.waitForFunction(() => globalThis.client?.state.name === "open");
    return page;
  }

  const has = async (page: Page, count: number): Promise<unknown[]> => {
    await page.waitForFunction((wanted) => texts.length >= wanted, count);
    return await page.evaluate(() => texts);
  };

  it("have one; what it had is another's when its tab is closed, or crashes", async () => {
    await realtime.publish("room", 0);
    const first = await openTab();
    const others = [await openTab(), await openTab()] as const;
    for (const page of [first, ...others]) assert.deepEqual(await has(page, 1), [0]);
    assert.deepEqual([server.sockets.size, connections, [...realtime.sessions].length], [1, 1, 3]);

    // In the middle of a conversation.
    const ends = others[0].evaluate(async () => {
      const once = client.call("once", null, { idempotencyKey: "k" });
      const slow = await client.call("slow").catch((error: unknown) => (error as { readonly code: string }).code);
      return [slow, await once];
    });
    while (runs.slow === 0 || runs.once === 0) await others[0].evaluate(() => client.serverTimeMs());
    const published = others[1].evaluate(async () => {
      for (let index = 1; index <= 50; index++) await client.channel("room").publish(index);
    });
    await first.close();
    await published;
    answer();
    assert.deepEqual(await ends, ["connection-lost", 1]);
    const upTo = (count: number): number[] => Array.from({ length: count + 1 }, (_, index) => index);
    for (const page of others) assert.deepEqual(await has(page, 51), upTo(50));
    assert.deepEqual([server.sockets.size, connections, [...realtime.sessions].length], [1, 2, 2]);
    assert.deepEqual(runs, { slow: 1, once: 1 });

    // Whoever leads now crashes, and another comes.
    const third = await openTab();
    const leads = await Promise.all(others.map((page) => page.evaluate(() => navigator.locks.query())));
    const name = leads[0]?.held?.map((lock) => lock.name ?? "").find((held) => held.endsWith("/realtime")) ?? "";
    const holder = leads[0]?.held?.find((lock) => lock.name === name)?.clientId;
    const ids = await Promise.all(
      others.map((page) =>
        page.evaluate(
          () =>
            new Promise<string | undefined>((resolve) => {
              void navigator.locks.request("who am I", async () => {
                const { held = [] } = await navigator.locks.query();
                resolve(held.find((lock) => lock.name === "who am I")?.clientId);
              });
            }),
        ),
      ),
    );
    const leader = others[ids.indexOf(holder)];
    const follower = others.find((page) => page !== leader);
    assert.ok(leader !== undefined && follower !== undefined, name);
    const crashed = leader.waitForEvent("crash");
    void leader.goto("chrome://crash").catch(() => undefined);
    await crashed;
    await realtime.publish("room", 51);
    assert.deepEqual(await has(follower, 52), upTo(51));
    assert.deepEqual(await has(third, 2), [50, 51]);
    assert.deepEqual([server.sockets.size, connections, [...realtime.sessions].length], [1, 3, 2]);
  });
});
