/**
 * HTTP/2 by every way to a server: through proxies, with TLS within TLS, and over Unix sockets.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createSecureServer, createServer } from "node:http2";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ConnectOptions, Http2Choice, ServeOptions, Server } from "#src/index.js";
import { connect, ProxyError, serve } from "#src/index.js";
import { rejection, startServer } from "../support/http2-servers.js";
import type { TestProxy } from "../support/proxies.js";
import { startConnectProxy, startSocksProxy } from "../support/proxies.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const serverTls = { key: testOnlyKey, cert: testOnlyCertificate };
const tls = { ca: testOnlyCertificate };
const credentials = "ann:s3cret";

interface Proxied {
  readonly proxy: TestProxy;
  readonly options: ConnectOptions;
}

const proxies: Readonly<Record<string, (t: TestContext) => Promise<Proxied>>> = {
  "a CONNECT proxy": async (t) => {
    const proxy = await startConnectProxy(t, { credentials });
    return { proxy, options: { proxy: `http://${credentials}@127.0.0.1:${String(proxy.port)}` } };
  },
  "a CONNECT proxy over TLS": async (t) => {
    const proxy = await startConnectProxy(t, { credentials, tls: true });
    return { proxy, options: { proxy: { url: `https://${credentials}@localhost:${String(proxy.port)}`, tls } } };
  },
  "a SOCKS5 proxy": async (t) => {
    const proxy = await startSocksProxy(t, { credentials });
    return { proxy, options: { proxy: `socks5h://${credentials}@127.0.0.1:${String(proxy.port)}` } };
  },
};

/** A version of HTTP that is wanted, a server's, and the one that it comes to. */
const meetings: readonly {
  readonly http2: Http2Choice;
  readonly secure: boolean;
  readonly server: boolean;
  readonly comesTo: 1 | 2;
}[] = [
  { http2: true, secure: false, server: true, comesTo: 2 },
  { http2: true, secure: true, server: true, comesTo: 2 },
  { http2: "auto", secure: true, server: true, comesTo: 2 },
  { http2: "auto", secure: false, server: true, comesTo: 1 },
  { http2: "auto", secure: true, server: false, comesTo: 1 },
];

function nameOf({ http2, secure, server, comesTo }: (typeof meetings)[number]): string {
  const wanted = `http2: ${JSON.stringify(http2)} ${secure ? "over TLS" : "in clear text"}`;
  return `${wanted} to a server ${server ? "of both versions" : "of HTTP/1.1"} comes to HTTP/${comesTo === 2 ? "2" : "1.1"}`;
}

/** Which version each socket came by: RFC 8441 §5 has no key. */
function counting(versions: (1 | 2)[]): Partial<ServeOptions<unknown>> {
  return {
    accept: (request: Request) => {
      versions.push(request.headers.has("sec-websocket-key") ? 1 : 2);
      return undefined;
    },
    message: (socket, message) => void socket.send(message),
  };
}

/** Opens two sockets, uses them, and closes them. */
async function useTwo(url: string, options: ConnectOptions): Promise<void> {
  const sockets = await Promise.all([connect(url, options), connect(url, options)]);
  for (const [index, socket] of sockets.entries()) {
    const text = `${String(index)} `.repeat(50_000);
    socket.send(text);
    assert.equal((await socket[Symbol.asyncIterator]().next()).value, text);
  }
  for (const socket of sockets) assert.equal((await socket.close()).wasClean, true);
}

for (const [what, start] of Object.entries(proxies)) {
  describe(`connect through ${what}`, () => {
    for (const meeting of meetings) {
      const { http2, secure, server: speaksHttp2, comesTo } = meeting;
      it(nameOf(meeting), async (t) => {
        const versions: (1 | 2)[] = [];
        const server = await startServer(t, {
          host: "127.0.0.1",
          http2: speaksHttp2,
          ...(secure && { tls: serverTls }),
          ...counting(versions),
        });
        const { proxy, options } = await start(t);
        const url = server.url.replace("127.0.0.1", "localhost");
        await useTwo(url, { ...options, http2, tls });
        assert.deepEqual(versions, [comesTo, comesTo]);
        // Those who share a session share a tunnel.
        const tunnels = proxy.asked.filter((head) => !head.startsWith("CONNECT") || head.includes("Basic"));
        assert.equal(tunnels.length, comesTo === 2 ? 1 : 2);
      });
    }

    it("rejects with the proxy's error where there is no tunnel", async (t) => {
      const { options } = await start(t);
      for (const http2 of [true, "auto"] as const) {
        const error = await rejection(connect("wss://localhost:1", { ...options, http2, tls }));
        assert.ok(error instanceof ProxyError, String(error));
      }
    });
  });
}

describe("connect over a Unix socket", { skip: process.platform === "win32" && "it has no Unix sockets" }, () => {
  for (const meeting of meetings) {
    const { http2, secure, comesTo } = meeting;
    if (comesTo === 1) continue;
    it(nameOf(meeting), async (t) => {
      const versions: (1 | 2)[] = [];
      const { socketPath, sessions } = await startOnPath(t, secure, versions);
      await useTwo(`${secure ? "wss" : "ws"}://localhost/`, { socketPath, http2, tls });
      assert.deepEqual(versions, [comesTo, comesTo]);
      assert.equal(sessions(), 1);
      if (secure) return;
      await useTwo(`ws+unix:${socketPath}:/`, { http2 });
      assert.equal(versions.length, 4);
    });
  }
});

/** A server of HTTP/2 on a Unix socket, which is the application's as all servers there are. */
async function startOnPath(
  t: TestContext,
  secure: boolean,
  versions: (1 | 2)[],
): Promise<{ readonly socketPath: string; readonly sessions: () => number }> {
  const folder = mkdtempSync(path.join(tmpdir(), "openline-unix-"));
  const socketPath = path.join(folder, "socket");
  const http = secure ? createSecureServer({ ...serverTls, allowHTTP1: true }) : createServer();
  let sessions = 0;
  http.on("session", () => sessions++);
  const server: Server<unknown> = await serve<unknown>({ server: http, ...counting(versions) });
  await new Promise<void>((resolve) => http.listen(socketPath, resolve));
  t.after(async () => {
    await server.close();
    http.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { socketPath, sessions: () => sessions };
}
