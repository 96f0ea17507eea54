/** Redirects, cookies and credentials of the URL over real ports. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { CookieJar } from "tough-cookie";
import type { ServeOptions, Server } from "#src/index.js";
import { connect, RedirectError, serve, UpgradeRefusedError } from "#src/index.js";
import { headerOf, replying, serveRaw } from "../support/raw-http.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";

const tls = { key: testOnlyKey, cert: testOnlyCertificate };
const trusting = { tls: { ca: testOnlyCertificate } };

async function start(t: TestContext, options: Partial<ServeOptions> = {}): Promise<Server> {
  const server = await serve({ port: 0, host: "127.0.0.1", message: () => undefined, ...options });
  t.after(() => server.close());
  return server;
}

/** A server that redirects everybody, and keeps the heads of their requests. */
async function redirecting(t: TestContext, location: string, status = 302, ...lines: readonly string[]) {
  const heads: string[] = [];
  const port = await serveRaw(
    t,
    replying((head) => {
      heads.push(head);
      const more = [`Location: ${location}`, ...lines].map((line) => `${line}\r\n`).join("");
      return `HTTP/1.1 ${status} Elsewhere\r\n${more}Content-Length: 5\r\n\r\nwhere`;
    }),
  );
  return { url: `ws://127.0.0.1:${port}/from`, heads };
}

describe("redirects over real ports", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`are followed to another server (${status}), over which messages go`, async (t) => {
      const server = await start(t, { message: (socket, message) => socket.send(message) });
      const from = await redirecting(t, `${server.url.replace("ws:", "http:")}/to?a=b`, status);
      const socket = await connect(from.url, { redirects: {} });
      assert.equal(socket.url, `${server.url}/to?a=b`);
      socket.send("there");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "there");
      assert.equal((await socket.close()).wasClean, true);
      assert.equal(from.heads.length, 1);
    });
  }

  it("lead from ws to wss", async (t) => {
    const server = await start(t, { tls });
    const from = await redirecting(t, server.url);
    const socket = await connect(from.url, { ...trusting, redirects: {} });
    assert.equal(socket.url, `${server.url}/`);
    await socket.close();
  });

  it("do not lead from wss to ws, unless that is allowed in so many words", async (t) => {
    const server = await start(t);
    const from = await start(t, { tls, accept: () => Response.redirect(server.url.replace("ws:", "http:"), 307) });
    await assert.rejects(connect(from.url, { ...trusting, redirects: {} }), {
      name: "RedirectError",
      code: "redirect-insecure",
      status: 307,
    });
    assert.equal(server.sockets.size, 0);
    const socket = await connect(from.url, { ...trusting, redirects: { allowInsecure: true } });
    assert.equal(socket.url, `${server.url}/`);
    await socket.close();
  });

  it("end where they go in a circle, and every connection of theirs is closed", async () => {
    const sockets = new Set<string>();
    const http = createServer((socket) => {
      sockets.add(`${String(socket.remoteAddress)} ${String(socket.remotePort)}`);
      socket.on("error", () => socket.destroy());
      socket.on("data", () => socket.write("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"));
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
    await assert.rejects(connect(`${url}/first`, { redirects: { max: 3 } }), (error: unknown) => {
      assert.ok(error instanceof RedirectError);
      assert.equal(error.code, "too-many-redirects");
      assert.deepEqual(error.urls, [`${url}/first`, `${url}/again`, `${url}/again`, `${url}/again`]);
      return true;
    });
    assert.equal(sockets.size, 4);
    // Comes back when the last connection is gone.
    http.close();
    await once(http, "close");
  });

  it("are given up with the signal, also when another server is asked already", async (t) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const silent = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", () => controller.abort(reason));
    });
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const from = await redirecting(t, `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    await assert.rejects(connect(from.url, { redirects: {}, signal: controller.signal }), reason);
    silent.close();
    await once(silent, "close");
  });

  it("take cookies along through tough-cookie's jar, where they belong", async (t) => {
    const seen: (string | null)[] = [];
    const server = await start(t, {
      accept: (request) => {
        seen.push(request.headers.get("cookie"));
        return { headers: { "Set-Cookie": "c=3" } };
      },
    });
    const cookies = [
      "Set-Cookie: a=1; HttpOnly",
      "Set-Cookie: b=2; Path=/elsewhere",
      "Set-Cookie: d=4; Domain=other.example",
    ];
    const from = await redirecting(t, server.url, 302, ...cookies);
    const cookieJar = new CookieJar();
    // Cookies know no ports (RFC 6265 §8.5): another port is another origin, and the same jar.
    const socket = await connect(from.url, { redirects: {}, cookieJar, headers: { Cookie: "own=1" } });
    await socket.close();
    assert.deepEqual(seen, ["a=1"]);
    assert.match(from.heads[0] ?? "", /^cookie: own=1\r$/imu);
    assert.equal(await cookieJar.getCookieString(server.url.replace("ws:", "http:")), "a=1; c=3");
  });
});

describe("user name and password of a URL over a real port", () => {
  it("arrive as Basic authentication, and nowhere else", async (t) => {
    const seen: Request[] = [];
    const server = await start(t, {
      accept(request) {
        seen.push(request);
        return request.headers.has("authorization") ? undefined : new Response(null, { status: 401 });
      },
    });
    const url = server.url.replace("ws://", "ws://ada:correct%20horse@");
    const socket = await connect(url);
    assert.equal(socket.url, `${server.url}/`);
    await socket.close();
    assert.equal(seen[0]?.headers.get("authorization"), `Basic ${btoa("ada:correct horse")}`);
    assert.equal(seen[0]?.headers.get("host"), `127.0.0.1:${server.port}`);
    await assert.rejects(connect(url, { urlCredentials: "ignore" }), { status: 401 });
  });

  it("are in no error, neither of the network nor of the URL", async (t) => {
    const refusing = await start(t, { accept: () => new Response(null, { status: 403 }) });
    const gone = await start(t);
    await gone.close();
    for (const server of [refusing, gone]) {
      const url = server.url.replace("ws://", "ws://ada:horse@");
      await assert.rejects(connect(url), (error: Error) => {
        assert.doesNotMatch(`${error.message} ${String(error.cause)} ${String(error.stack)}`, /ada|horse/u);
        return true;
      });
    }
    await assert.rejects(connect(`${refusing.url.replace("ws://", "ws://ada:horse@")}9`), (error: Error) => {
      assert.equal(error.name, "UsageError");
      assert.doesNotMatch(error.message, /ada|horse/u);
      return true;
    });
  });
});

describe("a server that asks for patience", () => {
  it("is heard with retryAfterMs", async (t) => {
    const { url, heads } = await redirecting(t, "/", 503, "Retry-After: 5");
    await assert.rejects(connect(url, { redirects: {} }), (error: unknown) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.equal(error.retryAfterMs(), 5000);
      return true;
    });
    assert.equal(headerOf(heads[0] ?? "", "Authorization"), undefined);
  });
});
