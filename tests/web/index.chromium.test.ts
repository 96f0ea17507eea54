/**
 * The browser build, bundled, in Chromium, against our server.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { type Server, type ServerSocket, serve } from "#src/index.js";
import type * as openline from "#src/web/index.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

declare global {
  /** What the page has loaded. */
  var web: typeof openline;
}

const page = `<!doctype html><script type="module">
  import * as web from "/openline.js";
  globalThis.web = web;
</script>`;

/** Asks for the browser condition, as bundlers for pages do. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "openline";', resolveDir: fileURLToPath(new URL("../../../", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

describe("the browser build in Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout: 120_000 }, () => {
  let browser: Browser;
  let server: Server;
  let tab: Page;
  const sockets: ServerSocket[] = [];

  before(async () => {
    const script = await bundle();
    server = await serve({
      port: 0,
      request(request, response) {
        const isScript = request.url === "/openline.js";
        response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
        response.end(isScript ? script : page);
      },
      accept(request) {
        if (new URL(request.url).pathname === "/refused") return new Response("no", { status: 403 });
        return { protocol: request.protocols[0] };
      },
      open(socket) {
        sockets.push(socket);
        socket.send("welcome");
      },
      async message(socket, message) {
        if (message === "close me") await socket.close(4001, "as you wish");
        else if (message === "cut me") socket.terminate();
        else socket.send(message);
      },
    });
    browser = await launchChromium();
    tab = await browser.newPage();
    await tab.goto(server.url.replace("ws:", "http:"));
    await tab.waitForFunction(() => globalThis.web !== undefined);
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  it("sends, iterates and closes: text, octets, long and short, compressed", async () => {
    const seen = await tab.evaluate(async () => {
      const socket = await web.connect("/", { protocols: ["chat", "news"] });
      const { protocol, extensions } = socket;
      const octets = new Uint8Array([0, 1, 2, 255]).subarray(1);
      const long = "long ".repeat(200_000);
      const results = [socket.send("héllo"), socket.send(octets), socket.send(long), socket.send("")];
      const messages: (string | number[])[] = [];
      for await (const message of socket) {
        messages.push(typeof message !== "string" ? [...message] : message === long ? "the long one" : message);
        if (messages.length === 5) break;
      }
      const report = await socket.close(4000, "bye");
      return { protocol, extensions, statuses: results.map(({ ok }) => ok), messages, report };
    });
    assert.equal(seen.protocol, "chat");
    assert.match(seen.extensions, /^permessage-deflate/);
    assert.deepEqual(seen.statuses, [true, true, true, true]);
    assert.deepEqual(seen.messages, ["welcome", "héllo", [1, 2, 255], "the long one", ""]);
    const { outcome, code, wasClean, initiator, phase } = seen.report;
    assert.deepEqual([outcome, code, wasClean, initiator, phase], ["closed-by-us", 4000, true, "us", "closing"]);
    const report = await sockets.at(-1)?.closed;
    assert.deepEqual([report?.outcome, report?.code, report?.reason], ["closed-by-peer", 4000, "bye"]);
    assert.ok((server.compression?.spentMs ?? 0) > 0, "nothing was compressed");
  });

  it("tells that it was refused, without a reason, since a page gets none", async () => {
    const seen = await tab.evaluate(() =>
      web.connect("/refused").then(
        () => "open",
        (error: unknown) => error instanceof web.ConnectError && error.code,
      ),
    );
    assert.equal(seen, "connect-failed");
  });

  it("tells how the server ended it", async () => {
    const seen = await tab.evaluate(async () => {
      const reports = [];
      for (const wish of ["close me", "cut me"]) {
        const socket = await web.connect(location.href);
        socket.send(wish);
        const { outcome, code, reason, initiator } = await socket.closed;
        reports.push([outcome, code, reason, initiator]);
      }
      return reports;
    });
    assert.deepEqual(seen, [
      ["closed-by-peer", 4001, "as you wish", "peer"],
      ["dropped", 1006, "", "peer"],
    ]);
  });

  it("awaits its handlers, and closes when one fails", async () => {
    const seen = await tab.evaluate(async () => {
      const events: string[] = [];
      const { closed } = await web.connect("/", {
        async open(socket) {
          await new Promise((resolve) => setTimeout(resolve));
          events.push("open");
          socket.send("one");
          socket.send("fail");
        },
        async message(_socket, message) {
          events.push(`begin ${String(message)}`);
          await new Promise((resolve) => setTimeout(resolve));
          if (message === "fail") throw new Error("a bug");
          events.push(`end ${String(message)}`);
        },
        error: (error) => void events.push(String(error)),
      });
      const { outcome, code, cause } = await closed;
      return { events, report: [outcome, code, String(cause)] };
    });
    assert.deepEqual(seen.events, [
      "open",
      "begin welcome",
      "end welcome",
      "begin one",
      "end one",
      "begin fail",
      "Error: a bug",
    ]);
    assert.deepEqual(seen.report, ["closed-by-us", 4011, "Error: a bug"]);
  });

  it("tells when the server does not read, and when it reads on", async () => {
    const seen = await tab.evaluate(async () => {
      const socket = await web.connect("/", { highWaterMarkBytes: 1000 });
      const octets = new Uint8Array(4_000_000);
      const first = socket.send(octets).status;
      await socket.ready();
      const { bufferedBytes } = socket;
      await socket.close();
      return { first, bufferedBytes };
    });
    assert.equal(seen.first, "buffered");
    assert.ok(seen.bufferedBytes <= 1000, String(seen.bufferedBytes));
  });

  it("closes when more waits than maxInboxBytes", async () => {
    const [outcome, cause] = await tab.evaluate(async () => {
      const socket = await web.connect("/", { maxInboxBytes: 1000 });
      socket.send("x".repeat(2000));
      const { outcome, cause } = await socket.closed;
      return [outcome, cause instanceof web.InboxFullError && cause.limit];
    });
    assert.deepEqual([outcome, cause], ["closed-by-us", 1000]);
    const report = await sockets.at(-1)?.closed;
    assert.deepEqual([report?.code, report?.reason], [4008, "inbox-full"]);
  });

  it("tells what a page cannot do", async () => {
    const codes = await tab.evaluate(async () => {
      const codeOf = (error: unknown): unknown => error instanceof web.UsageError && error.code;
      const wrong: object = { headers: { authorization: "Bearer x" } };
      const socket = await web.connect("/");
      const found = [
        await web.connect("/", wrong).catch(codeOf),
        await web.connect("/", { protocols: "a b" }).catch(codeOf),
        await web.connect("ftp://localhost/").catch(codeOf),
        await socket.ping().catch(codeOf),
        await Promise.resolve()
          .then(() => socket.close(1001))
          .catch(codeOf),
        await Promise.resolve()
          .then(() => socket.send("secret", { compress: false }))
          .catch(codeOf),
      ];
      await socket.close();
      return found;
    });
    assert.deepEqual(codes, [
      "unsupported-by-platform",
      "protocol-invalid",
      "url-invalid",
      "unsupported-by-platform",
      "close-code-not-sendable",
      "unsupported-by-platform",
    ]);
  });

  it("runs in a worker, too", async () => {
    const answer = await tab.evaluate(async () => {
      const source = `
        import { connect } from "${location.origin}/openline.js";
        const socket = await connect("${location.href}");
        for await (const message of socket) { postMessage(message); break; }
        await socket.close();
        postMessage("closed");
      `;
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), {
        type: "module",
      });
      const answers: unknown[] = [];
      await new Promise<void>((resolve, reject) => {
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.onmessage = ({ data }) => {
          answers.push(data);
          if (data === "closed") resolve();
        };
      });
      worker.terminate();
      return answers;
    });
    assert.deepEqual(answer, ["welcome", "closed"]);
  });

  it("has the platform's own classes", async () => {
    const own = await tab.evaluate(() => [
      web.WebSocket === WebSocket,
      typeof web.WebSocketStream,
      web.CloseCode.normalClosure,
    ]);
    assert.deepEqual(own, [true, "function", 1000]);
  });
});
