/**
 * What a browser makes of a server that speaks HTTP/2: its WebSockets share the connection that the page came over, told
 * by the server and by the browser's own log of its network.
 */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { serve } from "#src/index.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const count = 50;

/** Opens WebSockets, sends a message over each, and resolves with what came back. */
const openAll = `Promise.all(Array.from({ length: ${String(count)} }, (_, index) => new Promise((resolve, reject) => {
  const socket = new WebSocket("wss://" + location.host + "/" + index);
  (window.sockets ??= []).push(socket);
  socket.onopen = () => socket.send("hello " + index);
  socket.onmessage = ({ data }) => resolve(data);
  socket.onerror = () => reject(new Error("failed"));
})))`;

interface NetLog {
  readonly constants: { readonly logEventTypes: Readonly<Record<string, number>> };
  readonly events: readonly {
    readonly type: number;
    readonly source: { readonly id: number };
    readonly params?: { readonly headers?: readonly string[] };
  }[];
}

describe("Chromium and a server that speaks HTTP/2", { skip: SKIP_WITHOUT_CHROMIUM }, () => {
  it(`holds ${String(count)} WebSockets over the one connection that the page came over (RFC 8441)`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "openline-netlog-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const logFile = path.join(folder, "net-log.json");
    const connections = new Set<unknown>();
    const add = (message: unknown): void => void connections.add((message as { socket: unknown }).socket);
    subscribe("net.server.socket", add);
    t.after(() => unsubscribe("net.server.socket", add));
    const keys: (string | null)[] = [];
    const server = await serve({
      port: 0,
      http2: true,
      tls: { key: testOnlyKey, cert: testOnlyCertificate },
      request: (_request, response) => {
        response.setHeader("content-type", "text/html");
        response.end("<!doctype html><title>sockets</title>");
      },
      accept: (request) => {
        keys.push(request.headers.get("sec-websocket-key"));
        return undefined;
      },
      message: (socket, message) => void socket.send(message),
    });
    t.after(() => server.close());
    const browser = await launchChromium(["--ignore-certificate-errors", `--log-net-log=${logFile}`]);
    try {
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      await page.goto(server.url.replace("wss:", "https:").replace("127.0.0.1", "localhost"));
      const before = connections.size;
      const answers = await page.evaluate<string[]>(openAll);
      assert.deepEqual(
        answers,
        Array.from({ length: count }, (_, index) => `hello ${String(index)}`),
      );
      assert.equal(server.sockets.size, count);
      // Not one connection more than the page has needed; and RFC 8441 §5: no key.
      assert.equal(connections.size, before);
      assert.deepEqual(new Set(keys), new Set([null]));
    } finally {
      await browser.close();
    }
    const log = JSON.parse(readFileSync(logFile, "utf8")) as NetLog;
    const type = log.constants.logEventTypes["HTTP2_SESSION_SEND_HEADERS"];
    const asked = log.events.filter(
      (event) => event.type === type && event.params?.headers?.includes(":protocol: websocket") === true,
    );
    assert.equal(asked.length, count);
    assert.equal(new Set(asked.map(({ source }) => source.id)).size, 1);
  });
});
