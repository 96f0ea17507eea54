/**
 * Attempts to connect that are given up at any moment: whatever the way and the step, there is one outcome, and nothing
 * stays open.
 *
 * A moment is a number of callbacks of the event loop, promise continuations included, counted from the call on. Which
 * are chosen follows from a seed.
 */
import assert from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ConnectOptions } from "#src/index.js";
import { connect, UpgradeRefusedError } from "#src/index.js";
import { acceptValue } from "#src/protocol/index.js";
import { startConnectProxy, startSocksProxy } from "../support/proxies.js";
import { seededRandom } from "../support/random.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const seed = 8305;
const attemptCount = 1000;
const tls = { ca: testOnlyCertificate };

/** Calls `action` at the `count`th callback from now on. */
function atStep(count: number, action: () => void): { readonly steps: () => number; readonly stop: () => void } {
  let steps = 0;
  const types = new Map<number, string>();
  const hook = createHook({
    init: (id, type) => void types.set(id, type),
    before: (id) => {
      steps++;
      if (steps !== count) return;
      // Within a continuation it is as any code there; within a native callback, right behind it.
      if (types.get(id) === "PROMISE") action();
      else process.nextTick(action);
    },
  });
  hook.enable();
  return { steps: () => steps, stop: () => void hook.disable() };
}

/** Servers that accept at "/", and refuse with a long body at "/no". */
async function startTarget(
  t: TestContext,
  open: Set<TcpSocket>,
  httpServer: HttpServer,
  where: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<number> {
  httpServer.on("connection", (socket: TcpSocket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  httpServer.on("tlsClientError", () => undefined);
  httpServer.on("upgrade", (request, socket) => {
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end()).resume();
    if (request.url === "/no") {
      socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Length: 20000\r\n\r\n${"x".repeat(10_000)}`);
      setImmediate(() => socket.write("x".repeat(10_000)));
      return;
    }
    const accept = acceptValue(request.headers["sec-websocket-key"] ?? "");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join("\r\n")}\r\n\r\n`);
  });
  httpServer.listen(where);
  await new Promise((resolve) => httpServer.once("listening", resolve));
  t.after(() => httpServer.close());
  return "port" in where ? (httpServer.address() as AddressInfo).port : 0;
}

interface Way {
  readonly name: string;
  readonly url: string;
  readonly options: ConnectOptions;
}

/** Turns of the event loop until something holds; a test that waits for what never comes says so. */
async function settled(what: () => string): Promise<void> {
  for (let turn = 0; turn < 20_000 && what() !== ""; turn++) await new Promise(setImmediate);
  assert.equal(what(), "");
}

function resources(): string {
  return process.getActiveResourcesInfo().sort().join();
}

describe("giving up", () => {
  it(`at ${String(attemptCount)} moments of all ways leaves nothing behind (seed ${String(seed)})`, async (t) => {
    const open = new Set<TcpSocket>();
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    process.on("uncaughtExceptionMonitor", note);
    process.on("warning", note);
    t.after(() => {
      process.off("unhandledRejection", note);
      process.off("uncaughtExceptionMonitor", note);
      process.off("warning", note);
    });
    const folder = mkdtempSync(path.join(tmpdir(), "openline-abort-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const socketPath = path.join(folder, "socket");
    const local = { port: 0, host: "127.0.0.1" };
    const plain = await startTarget(t, open, createHttpServer(), local);
    const key = { key: testOnlyKey, cert: testOnlyCertificate };
    const secure = await startTarget(t, open, createHttpsServer(key), local);
    await startTarget(t, open, createHttpServer(), { path: socketPath });
    const http = await startConnectProxy(t, { credentials: "u:p" });
    const https = await startConnectProxy(t, { tls: true, isSlow: true });
    const socks = await startSocksProxy(t, { credentials: "u:p", isSlow: true });
    const everything = [open, http.open, https.open, socks.open];

    const ws = `ws://localhost:${String(plain)}/`;
    const wss = `wss://localhost:${String(secure)}/`;
    const lookup: ConnectOptions["lookup"] = async () => ["127.0.0.2", "127.0.0.3", "127.0.0.1"];
    const throughHttp = { proxy: `http://u:p@127.0.0.1:${String(http.port)}` };
    const throughHttps = { proxy: { url: `https://localhost:${String(https.port)}`, tls }, lookup };
    const throughSocks = { proxy: async () => `socks5://u:p@127.0.0.1:${String(socks.port)}`, lookup };
    const ways: readonly Way[] = [
      { name: "direct", url: ws, options: { lookup } },
      { name: "direct, net", url: ws, options: { lookup, transport: "net" } },
      { name: "direct, refused", url: `${ws}no`, options: { lookup } },
      { name: "TLS", url: wss, options: { lookup, tls } },
      { name: "TLS, net", url: wss, options: { lookup, tls, transport: "net" } },
      { name: "TLS, not trusted", url: wss, options: { lookup } },
      { name: "Unix", url: "ws://localhost/", options: { socketPath } },
      { name: "CONNECT", url: ws, options: throughHttp },
      { name: "CONNECT, refused", url: `${ws}no`, options: throughHttp },
      { name: "CONNECT and TLS", url: wss, options: { ...throughHttp, tls } },
      { name: "CONNECT over TLS", url: ws, options: throughHttps },
      { name: "CONNECT over TLS and TLS", url: wss, options: { ...throughHttps, tls } },
      { name: "CONNECT, 407", url: ws, options: { proxy: `http://127.0.0.1:${String(http.port)}` } },
      { name: "SOCKS", url: ws, options: throughSocks },
      { name: "SOCKS and TLS", url: wss, options: { ...throughSocks, tls } },
    ];

    const reason = new Error("changed my mind");
    const outcomes = { open: 0, aborted: 0, failed: 0 };
    /** @returns the callbacks that it took */
    const attempt = async ({ name, url, options }: Way, step: number): Promise<number> => {
      const controller = new AbortController();
      const { signal } = controller;
      const moment = atStep(step, () => controller.abort(reason));
      let settlements = 0;
      try {
        const socket = await connect(url, { ...options, signal }).finally(() => settlements++);
        outcomes.open++;
        socket.terminate();
      } catch (error) {
        if (error === reason) outcomes.aborted++;
        else {
          outcomes.failed++;
          const isItsOwn = error instanceof UpgradeRefusedError || /407|TLS, not/.test(name);
          assert.ok(isItsOwn, `${name} at ${String(step)}: ${String(error)}`);
        }
      } finally {
        moment.stop();
      }
      assert.equal(settlements, 1);
      assert.equal(getEventListeners(signal, "abort").length, 0, name);
      return moment.steps();
    };
    const quiet = (): Promise<void> =>
      settled(() => everything.map((sockets) => (sockets.size === 0 ? "" : `${String(sockets.size)} open `)).join(""));

    // Each once to its end: how many moments it has, and whatever the process keeps from then on.
    const stepsOf = new Map<Way, number>();
    for (const round of [1, 2]) {
      for (const way of ways) stepsOf.set(way, await attempt(way, round * Number.MAX_SAFE_INTEGER));
    }
    assert.equal(outcomes.aborted, 0);
    await quiet();
    await settled(() => (resources().includes("Timeout") ? "a timer" : ""));
    const before = resources();

    const random = seededRandom(seed);
    for (let index = 0; index < attemptCount; index++) {
      const way = ways[index % ways.length] as Way;
      await attempt(way, 1 + Math.floor(random() * (stepsOf.get(way) ?? 0)));
    }
    await quiet();
    await settled(() => (resources() === before ? "" : `${resources()} instead of ${before}`));
    assert.deepEqual(unhandled, []);
    // Nearly all were in time; and those that were not are as good.
    assert.ok(outcomes.aborted > attemptCount / 2, JSON.stringify(outcomes));
  });
});
