/**
 * The client where pages run it: in a page, in workers of all kinds; and the script of docs/protocol.md in a page of its
 * own.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { serve } from "#src/index.js";
import type { CreateClient } from "#src/realtime/client/index.js";
import { createRealtime } from "#src/realtime/index.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../../../support/chromium.js";
import { type runScenario, scenarioOutcome } from "../../../support/realtime-scenario.js";
import { type ScenarioServer, serveScenario } from "../../../support/realtime-scenario-server.js";

type Codec = "JSON" | "MessagePack";

declare global {
  /** What the page has loaded. */
  var runScenarioHere: (run: string, codec: Codec) => ReturnType<typeof runScenario>;
  /** The same. */
  var createClientHere: CreateClient;
}

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

// Runs in the page and in each worker, which answers through a port of its own.
const program = `
  import { createClient } from "openline/realtime/client";
  import * as contracts from "openline/realtime/contract";
  import { msgpackCodec } from "openline/realtime/msgpack";
  import { runScenario } from "./build/tests/support/realtime-scenario.js";
  globalThis.createClientHere = createClient;
  globalThis.runScenarioHere = (run, codec) =>
    runScenario({ ...contracts, createClient }, "/realtime", run, codec === "JSON" ? undefined : [msgpackCodec]);
  if (!("document" in globalThis)) {
    const answer = ({ data, ports: [port] }) =>
      runScenarioHere(...data).then((outcome) => port.postMessage(outcome), (error) => port.postMessage(String(error)));
    globalThis.onmessage = answer;
    globalThis.onconnect = ({ ports: [port] }) => {
      port.onmessage = answer;
    };
  }
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

const httpOf = (url: string): string => url.replace("ws:", "http:");

function answerPage(script: string, request: IncomingMessage, response: ServerResponse): void {
  const isScript = request.url === "/program.js";
  response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : '<!doctype html><script type="module" src="/program.js"></script>');
}

describe("the real-time client in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: 120_000 }, () => {
  let browser: Browser;
  let scenario: ScenarioServer;
  let page: Page;

  let script: string;

  before(async () => {
    script = await bundle();
    scenario = await serveScenario((request, response) => answerPage(script, request, response));
    browser = await launchChromium();
    page = await browser.newPage();
    await page.goto(httpOf(scenario.url));
    await page.waitForFunction(() => "runScenarioHere" in globalThis);
  });
  after(async () => {
    await browser.close();
    await scenario.close();
  });

  /** What somebody who is spoken to through `postMessage` answers. */
  async function outcomeIn(place: "Worker" | "SharedWorker" | "ServiceWorker", run: string, codec: Codec) {
    return await page.evaluate(
      async ([where, ...data]) => {
        const { port1, port2 } = new MessageChannel();
        const answer = new Promise<unknown>((resolve, reject) => {
          port1.onmessage = (event: MessageEvent<unknown>) => resolve(event.data);
          if (where === "Worker") {
            const worker = new Worker("/program.js", { type: "module" });
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.postMessage(data, [port2]);
          } else if (where === "SharedWorker") {
            const worker = new SharedWorker("/program.js", { type: "module" });
            worker.onerror = () => reject(new Error("the shared worker has not started"));
            worker.port.postMessage(data, [port2]);
          } else {
            const { serviceWorker } = navigator;
            serviceWorker
              .register("/program.js", { type: "module" })
              .then(() => serviceWorker.ready)
              .then(({ active }) => active?.postMessage(data, [port2]))
              .catch(reject);
          }
        });
        return await answer;
      },
      [place, run, codec] as const,
    );
  }

  for (const codec of ["JSON", "MessagePack"] as const) {
    it(`works in a page, in ${codec}`, async () => {
      const run = `page ${codec}`;
      const outcome = await page.evaluate(async ([name, wanted]) => await runScenarioHere(name, wanted), [
        run,
        codec,
      ] as const);
      assert.deepEqual(outcome, scenarioOutcome(run));
    });
  }

  for (const [place, codec] of [
    ["Worker", "JSON"],
    ["SharedWorker", "MessagePack"],
    ["ServiceWorker", "JSON"],
  ] as const) {
    it(`works in a ${place}, in ${codec}`, async () => {
      assert.deepEqual(await outcomeIn(place, place, codec), scenarioOutcome(place));
    });
  }

  it("goes by events where WebSockets do not pass, and does so at once when the page is loaded again", async () => {
    let upgrades = 0;
    const realtime = createRealtime({ calls: { greet: (name) => `hello ${String(name)}` } });
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      request: (request, response) => answerPage(script, request, response),
      ...realtime.handlers,
      accept: () => {
        upgrades++;
        return new Response(undefined, { status: 502 });
      },
    });
    const tab = await browser.newPage();
    const talk = (word: string): Promise<unknown> =>
      tab.evaluate(async (said) => {
        const client = globalThis.createClientHere("/realtime", { reconnect: { minDelayMs: 10, maxDelayMs: 10 } });
        const events = client.channel("room", { last: 10 })[Symbol.asyncIterator]();
        const answer = await client.call("greet", said);
        await client.channel("room").publish(said);
        const texts: unknown[] = [];
        while (texts.at(-1) !== said) {
          const { value } = await events.next();
          if (value?.type === "message") texts.push(value.value);
        }
        const { transport } = client;
        await client.close();
        return { answer, texts, transport };
      }, word);
    await tab.goto(httpOf(server.url));
    await tab.waitForFunction(() => "createClientHere" in globalThis);
    assert.deepEqual(await talk("one"), { answer: "hello one", texts: ["one"], transport: "events" });
    const tried = upgrades;
    assert.ok(tried > 0);
    await tab.reload();
    await tab.waitForFunction(() => "createClientHere" in globalThis);
    assert.deepEqual(await talk("two"), { answer: "hello two", texts: ["one", "two"], transport: "events" });
    assert.equal(upgrades, tried);
    await tab.close();
    await server.close();
    await realtime.close();
  });

  it("is not needed by a page that has twenty lines of its own", async () => {
    const realtime = createRealtime({ limits: { pageMessages: 4 } });
    const markdown = readFileSync(`${root}docs/protocol.md`, "utf8");
    const lines = /^```js\n(.*?)^```$/msu.exec(markdown)?.[1] ?? "";
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      request: (_request, response) => {
        const script = lines.replace("ws://localhost:9000", server.url.replace(/\/$/u, ""));
        response.setHeader("content-type", "text/html");
        response.end(`<!doctype html><script>${script}</script>`);
      },
      ...realtime.handlers,
    });
    const published: number[] = [];
    const publish = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        published.push(published.length);
        await realtime.publish("room/7", published.at(-1));
      }
    };
    const printed: number[] = [];
    const tab = await browser.newPage();
    // What it waits before it connects again is by chance, up to five seconds.
    await tab.addInitScript(() => {
      Math.random = () => 0.002;
    });
    let printedAll: () => void = () => undefined;
    tab.on("console", (message) => {
      printed.push(Number(message.text()));
      if (printed.length >= published.length) printedAll();
    });
    const all = async (): Promise<void> => {
      if (printed.length >= published.length) return;
      await new Promise<void>((resolve) => {
        printedAll = resolve;
      });
    };
    await publish(9);
    await tab.goto(httpOf(server.url));
    await all();
    await publish(2);
    await all();
    for (let round = 0; round < 2; round++) {
      for (const socket of server.sockets) socket.terminate();
      await publish(10);
      await all();
    }
    await publish(1);
    await all();
    assert.deepEqual(printed, published);
    await tab.close();
    await server.close();
    await realtime.close();
  });
});
