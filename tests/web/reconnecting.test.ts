import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { UsageError } from "#src/web/index.js";
import { ReconnectEndedError, type ReconnectingOptions, reconnecting } from "#src/web/reconnecting.js";
import { type FakeWebSocket, fakePlatform, settled } from "../support/fake-web-socket.js";

const url = "ws://localhost:9000/";
const long = 3_600_000;

/** Only a wake-up ends a wait, and any does at once. */
const patient: ReconnectingOptions = { reconnect: { retry: () => long, minDelayMs: 0 } };

class FakeDocument extends EventTarget {
  hidden = true;
}

/** Makes a page of this process, until the test is over. */
function fakePage(t: TestContext): { readonly scope: EventTarget; readonly document: FakeDocument } {
  const scope = new EventTarget();
  const document = new FakeDocument();
  const names = { addEventListener: scope.addEventListener.bind(scope), document };
  for (const [name, value] of Object.entries(names)) {
    const own = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    t.after(() => {
      if (own === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, own);
    });
  }
  return { scope, document };
}

async function newest(made: readonly FakeWebSocket[], count: number): Promise<FakeWebSocket> {
  await settled();
  assert.equal(made.length, count);
  const webSocket = made.at(-1);
  assert.ok(webSocket);
  return webSocket;
}

describe("reconnecting over a platform's WebSocket", () => {
  it("sends what has waited, and comes back by itself", async (t) => {
    const made = fakePlatform(t);
    const socket = reconnecting(url, { protocols: () => ["chat"], reconnect: { retry: () => 500 } });
    assert.equal(socket.send("early").status, "buffered");
    const first = await newest(made, 1);
    assert.equal(first.url, url);
    assert.deepEqual(first.protocols, ["chat"]);
    first.opens();
    await settled();
    assert.deepEqual(first.sent, ["early"]);
    assert.equal(socket.current?.url, url);
    first.ends();
    await settled();
    assert.equal(socket.state.name, "waiting");
    assert.equal(socket.send("between").status, "buffered");
    t.mock.timers.tick(500);
    const second = await newest(made, 2);
    second.opens();
    await settled();
    assert.deepEqual(second.sent, ["between"]);
    const iterator = socket[Symbol.asyncIterator]();
    second.receives("hello");
    assert.deepEqual(await iterator.next(), { done: false, value: "hello" });
    void socket.close();
    second.ends(1000, "", true);
    assert.equal((await socket.closed).why, "closed");
  });

  it("is woken by the network's return", async (t) => {
    const made = fakePlatform(t);
    const { scope } = fakePage(t);
    const socket = reconnecting(url, patient);
    (await newest(made, 1)).ends();
    await settled();
    scope.dispatchEvent(new Event("online"));
    (await newest(made, 2)).opens();
    await settled();
    assert.equal(socket.state.name, "open");
    await Promise.all([socket.close(), Promise.resolve(made[1]?.ends(1000, "", true))]);
  });

  it("is woken when the page is looked at again, and not when it is left", async (t) => {
    const made = fakePlatform(t);
    const { document } = fakePage(t);
    const socket = reconnecting(url, patient);
    (await newest(made, 1)).ends();
    await settled();
    document.dispatchEvent(new Event("visibilitychange"));
    await newest(made, 1);
    document.hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    await newest(made, 2);
    await socket.close();
  });

  it("listens to nothing any more when it is over, and tells those who wait", async (t) => {
    const made = fakePlatform(t);
    const { scope, document } = fakePage(t);
    document.hidden = false;
    const socket = reconnecting(url, patient);
    const ready = socket.ready();
    (await newest(made, 1)).ends();
    await settled();
    await socket[Symbol.asyncDispose]();
    await assert.rejects(ready, ReconnectEndedError);
    scope.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    t.mock.timers.tick(long);
    await newest(made, 1);
  });

  it("gives up an attempt that takes too long", async (t) => {
    const made = fakePlatform(t);
    const socket = reconnecting(url, { reconnect: { attemptTimeoutMs: 100, maxAttempts: 0 } });
    const webSocket = await newest(made, 1);
    t.mock.timers.tick(100);
    const { why, loss } = await socket.closed;
    assert.equal(why, "too-many-attempts");
    assert.ok(loss?.kind === "attempt-failed" && loss.error instanceof Error);
    assert.equal(loss.error.name, "AttemptTimeoutError");
    assert.equal(webSocket.closes.length, 1);
  });

  it("says at once what makes no sense, and what a page cannot do", (t) => {
    const made = fakePlatform(t);
    const headers: object = { headers: { authorization: "Bearer x" } };
    for (const [address, options, code] of [
      ["ftp://localhost/", {}, "url-invalid"],
      [url, headers, "unsupported-by-platform"],
      [url, { maxInboxBytes: -1 }, "invalid-limit"],
      [url, { reconnect: { factor: 0 } }, "invalid-limit"],
    ] satisfies [string, ReconnectingOptions, string][]) {
      assert.throws(
        () => reconnecting(address, options),
        (error) => error instanceof UsageError && error.code === code,
      );
    }
    assert.equal(made.length, 0);
  });

  it("prints an error of a handler that nobody handles", async (t) => {
    const made = fakePlatform(t);
    const print = t.mock.method(console, "error", () => undefined);
    const bug = new Error("a bug");
    const socket = reconnecting(url, {
      state() {
        throw bug;
      },
    });
    (await newest(made, 1)).opens();
    await settled();
    assert.deepEqual(print.mock.calls[0]?.arguments, ["openline: the state handler failed", bug]);
    await Promise.all([socket.close(), Promise.resolve(made[0]?.ends(1000, "", true))]);
  });

  it("can be disposed of where the platform has no symbol for it", async (t) => {
    const made = fakePlatform(t);
    const { outputFiles } = await build({
      stdin: {
        contents: 'export * from "openline/reconnecting";',
        resolveDir: fileURLToPath(new URL("../../../", import.meta.url)),
      },
      bundle: true,
      format: "esm",
      platform: "browser",
      define: { "Symbol.asyncDispose": "undefined" },
      write: false,
    });
    const source = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
    const old = (await import(`data:text/javascript;base64,${source}`)) as {
      readonly reconnecting: typeof reconnecting;
    };
    const socket = old.reconnecting(url);
    await newest(made, 1);
    const dispose: unknown = Reflect.get(socket, Symbol.for("Symbol.asyncDispose"));
    assert.ok(typeof dispose === "function");
    await dispose.call(socket);
    assert.equal((await socket.closed).why, "closed");
  });
});
