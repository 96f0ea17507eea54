/**
 * What a server, or whoever stands between, must not get out of a client, and what an application's own input must not
 * bring into a request.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import type { ConnectOptions } from "#src/index.js";
import { ConnectError, connect, observe, serve, UpgradeRefusedError, UpgradeResponseError } from "#src/index.js";
import { replying, requestText, serveRaw } from "../support/raw-http.js";
import { startHostileServer } from "../support/raw-server.js";
import { testOnlyCertificate, testOnlyKey } from "../support/test-only-certificate.js";
import { TextClient } from "../support/text-client.js";

describe("parameters of compression that make no sense (CVE-2026-2229)", () => {
  const values = ["0", "7", "16", "99", "-1", "1e1", "12.0", "08", "0x0c", "8192", "999999999999999999999", "abc"];
  const lines = [
    ...values.map((value) => `server_max_window_bits=${value}`),
    ...values.map((value) => `client_max_window_bits=${value}`),
    "server_max_window_bits",
    "server_no_context_takeover=1",
    "server_max_window_bits=12; server_max_window_bits=12",
  ];

  it("are a rejection of connect(): nothing is thrown at once, and nothing later", async (t) => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on("uncaughtExceptionMonitor", note);
    t.after(() => process.off("uncaughtExceptionMonitor", note));
    for (const line of lines) {
      const url = await startHostileServer(t, [`Sec-WebSocket-Extensions: permessage-deflate; ${line}`]);
      const connecting = connect(url).then(
        () => assert.fail(`accepted: ${line}`),
        (error: unknown) => error,
      );
      const error = await connecting;
      assert.ok(error instanceof UpgradeResponseError, line);
      assert.equal(error.code, "response-extension-parameters", line);
    }
    assert.deepEqual(uncaught, []);
  });
});

/** What a server was sent. */
async function headsAt(t: TestContext): Promise<{ readonly url: string; readonly heads: string[] }> {
  const heads: string[] = [];
  const port = await serveRaw(
    t,
    replying((head) => {
      heads.push(head);
      return "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    }),
  );
  return { url: `ws://127.0.0.1:${port}`, heads };
}

describe("line ends in what an application passes on (CVE-2026-1527)", () => {
  const injected = "x\r\nX-Injected: 1";
  const attempts: readonly (readonly [string, ConnectOptions])[] = [
    ["a header's value", { headers: { "X-Room": injected } }],
    ["a header's name", { headers: { [injected]: "1" } }],
    ["a header's value, by a bare line feed", { headers: { "X-Room": "x\nX-Injected: 1" } }],
    ["a header's value, by a bare carriage return", { headers: { "X-Room": "x\rX-Injected: 1" } }],
    [
      "a header's value, by a character that ends in the octet of one",
      { headers: { "X-Room": "x\u010d\u010aX-Injected: 1" } },
    ],
    ["a cookie", { headers: [["Cookie", injected]] }],
    ["a subprotocol", { protocols: injected }],
    ["one of several subprotocols", { protocols: ["chat", injected] }],
  ];

  it("are refused before anything is sent", async (t) => {
    const { url, heads } = await headsAt(t);
    for (const [what, options] of attempts) {
      await assert.rejects(connect(url, options), (error: Error) => {
        assert.ok(["UsageError", "TypeError"].includes(error.name), `${what}: ${error.name}`);
        return true;
      });
    }
    assert.deepEqual(heads, []);
  });

  it("do not get through a URL either", async (t) => {
    const { url, heads } = await headsAt(t);
    for (const path of [
      `/${injected}`,
      `/?q=${injected}`,
      "/%0d%0aX-Injected:%201",
      "/x HTTP/1.1\r\nX-Injected: 1\r\n",
    ]) {
      await assert.rejects(connect(`${url}${path}`), UpgradeRefusedError, path);
    }
    assert.equal(heads.length, 4);
    for (const head of heads) {
      assert.equal(head.indexOf("HTTP/1.1\r\n"), head.indexOf("\r\n") - 8, head);
      assert.doesNotMatch(head, /^X-Injected/mu);
    }
  });

  it("do not let an application replace the handshake's own headers", async (t) => {
    const { url, heads } = await headsAt(t);
    for (const name of ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Content-Length", "Transfer-Encoding"]) {
      await assert.rejects(connect(url, { headers: { [name]: "x" } }), { code: "header-not-allowed" }, name);
    }
    assert.deepEqual(heads, []);
  });
});

describe("line ends in what an application passes on to a proxy (CVE-2026-1527)", () => {
  it("are refused before anything is sent", async (t) => {
    const { url, heads } = await headsAt(t);
    const at = url.slice("ws://".length);
    const injected = "x\r\nX-Injected: 1";
    const proxies: readonly ConnectOptions["proxy"][] = [
      `http://user:${encodeURIComponent(injected)}@${at}`,
      `http://${encodeURIComponent(injected)}:x@${at}`,
      `http://user%0a:x@${at}`,
      { url: `http://${at}`, headers: { "X-Team": injected } },
      { url: `http://${at}`, headers: { [injected]: "x" } },
      { url: `http://${at}`, headers: [["Proxy-Authorization", injected]] },
    ];
    for (const [index, proxy] of proxies.entries()) {
      await assert.rejects(connect("ws://service.example/", proxy === undefined ? {} : { proxy }), (error: Error) => {
        assert.ok(["UsageError", "TypeError"].includes(error.name), `${String(index)}: ${error.name}`);
        return true;
      });
    }
    assert.deepEqual(heads, []);
  });

  it("do not get through a URL either", async (t) => {
    const { url, heads } = await headsAt(t);
    const proxy = url.replace("ws:", "http:");
    for (const host of ["a%0d%0ab", "a%20b", "a b", "a\r\nb", "a%00b"]) {
      await assert.rejects(connect(`ws://${host}/`, { proxy }), (error: Error) =>
        ["UsageError", "ProxyError"].includes(error.name),
      );
    }
    for (const head of heads) assert.match(head, /^CONNECT ab:80 HTTP\/1\.1\r\nHost: ab:80\r\n\r\n$/);
  });
});

describe("a server whose certificate nobody vouches for (CVE-2020-15133)", () => {
  it("is not connected to, unless its certificate was asked for by name, or nobody cares", async (t) => {
    const server = await serve({ port: 0, host: "127.0.0.1", tls: { key: testOnlyKey, cert: testOnlyCertificate } });
    t.after(() => server.close());
    const causeOf = async (url: string, tls: ConnectOptions["tls"]): Promise<unknown> => {
      const error: unknown = await connect(url, tls === undefined ? {} : { tls }).then(
        (socket) => socket.terminate(),
        (reason: unknown) => reason,
      );
      return error instanceof ConnectError ? (error.cause as NodeJS.ErrnoException).code : error;
    };
    assert.equal(await causeOf(server.url, undefined), "DEPTH_ZERO_SELF_SIGNED_CERT");
    // Trusted, but another's: a certificate is for a name.
    const other = { ca: testOnlyCertificate, servername: "other.example" };
    assert.equal(await causeOf(server.url, other), "ERR_TLS_CERT_ALTNAME_INVALID");
    assert.equal(await causeOf(server.url, { ca: testOnlyCertificate }), undefined);
    assert.equal(await causeOf(server.url, { rejectUnauthorized: false }), undefined);
  });
});

describe("a redirect to another server", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`is not followed (${status}): nobody else gets the credentials`, async (t) => {
      const other = await headsAt(t);
      const port = await serveRaw(
        t,
        replying(() => `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${other.url}/\r\nContent-Length: 0\r\n\r\n`),
      );
      const headers = { Authorization: "Bearer secret", Cookie: "session=secret" };
      await assert.rejects(connect(`ws://127.0.0.1:${port}`, { headers }), (error) => {
        assert.ok(error instanceof UpgradeRefusedError);
        assert.equal(error.status, status);
        // Where it points to is for the application to judge.
        assert.equal(error.headers.get("location"), `${other.url}/`);
        return true;
      });
      assert.deepEqual(other.heads, []);
    });
  }
});

describe("credentials across a redirect that is followed", () => {
  const secrets = {
    Authorization: "Bearer secret",
    Cookie: "session=secret",
    "Proxy-Authorization": "Basic secret",
    "X-Api-Key": "secret",
  };

  /** A server that redirects; what it was asked for goes along where `location` is on the same one. */
  async function redirectingTo(t: TestContext, location: string, status = 302): Promise<string> {
    const port = await serveRaw(
      t,
      replying(() => `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`),
    );
    return `ws://ada:secret@127.0.0.1:${port}/`;
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`do not go to another origin (${status}): not those of headers, URL, subprotocols, nor unknown ones`, async (t) => {
      const other = await headsAt(t);
      const url = await redirectingTo(t, `${other.url}/`, status);
      const bearer = { protocols: ["chat", "bearer.secret"], redirects: {} };
      for (const options of [{ ...bearer, headers: secrets }, bearer]) {
        await assert.rejects(connect(url, options), { name: "UpgradeRefusedError", status: 403 });
      }
      assert.equal(other.heads.length, 2);
      for (const head of other.heads) {
        assert.doesNotMatch(head, /secret|authorization|cookie/iu);
        assert.doesNotMatch(head, new RegExp(btoa("ada:secret"), "u"));
      }
    });
  }

  it("cannot be planted by the server that redirects, nor a line end", async (t) => {
    const other = await headsAt(t);
    const authority = other.url.slice("ws://".length);
    const planted: readonly (readonly [string, string])[] = [
      [`ws://eve:pass@${authority}/`, "redirect-credentials"],
      [`ws://${authority}/a b`, "redirect-location-invalid"],
      [`ws://${authority}/\tb`, "redirect-location-invalid"],
      [`file:///etc/passwd`, "redirect-scheme"],
    ];
    for (const [location, code] of planted) {
      await assert.rejects(connect(await redirectingTo(t, location), { redirects: {} }), { code }, location);
    }
    assert.deepEqual(other.heads, []);
    // Encoded, they are characters of a path as any other.
    await assert.rejects(connect(await redirectingTo(t, `${other.url}/%0d%0aX-Injected:%201`), { redirects: {} }));
    assert.match(other.heads[0] ?? "", /^GET \/%0d%0aX-Injected:%201 HTTP\/1\.1\r\n/u);
  });

  it("are in no error, and in nothing that is observed", async (t) => {
    const told: string[] = [];
    t.after(observe("openline:client:handshake-refused", (event) => void told.push(inspect(event, { depth: 5 }))));
    const loop = await redirectingTo(t, "/again");
    await assert.rejects(connect(loop, { redirects: {}, headers: secrets }), (error: Error) => {
      assert.equal(error.name, "RedirectError");
      assert.doesNotMatch(inspect(error), /secret|ada/u);
      return true;
    });
    assert.ok(told.length > 0);
    assert.doesNotMatch(told.join("\n"), /secret|ada/u);
  });
});

describe("line ends in what a cookie jar gives", () => {
  it("are an error before anything is sent", async (t) => {
    const { url, heads } = await headsAt(t);
    for (const cookies of ["a=1\r\nX-Injected: 1", "a=1\nX-Injected: 1", "a=1\u010d\u010aX-Injected: 1"]) {
      const cookieJar = { getCookieString: () => cookies, setCookie: () => undefined };
      await assert.rejects(connect(url, { cookieJar }), { code: "cookie-jar-invalid" });
    }
    assert.deepEqual(heads, []);
  });
});

describe("proxies that were not asked for (SSRF)", () => {
  it("a client goes where the URL says, whatever the environment names", async (t) => {
    const proxy = await headsAt(t);
    const target = await headsAt(t);
    const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    const before = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) process.env[name] = proxy.url.replace("ws:", "http:");
    t.after(() => {
      for (const [name, value] of before) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    });
    await assert.rejects(connect(target.url), UpgradeRefusedError);
    assert.deepEqual([proxy.heads.length, target.heads.length], [0, 1]);
  });

  it("a CGI program goes nowhere that a request's Proxy header says (CVE-2016-5385)", async (t) => {
    const proxy = await headsAt(t);
    const before = { HTTP_PROXY: process.env["HTTP_PROXY"], REQUEST_METHOD: process.env["REQUEST_METHOD"] };
    t.after(() => {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    });
    process.env["HTTP_PROXY"] = proxy.url.replace("ws:", "http:");
    process.env["REQUEST_METHOD"] = "GET";
    const lookup: ConnectOptions["lookup"] = async () => "127.0.0.1";
    const target = await headsAt(t);
    const url = target.url.replace("127.0.0.1", "service.example");
    await assert.rejects(connect(url, { proxy: "environment", lookup }), UpgradeRefusedError);
    assert.deepEqual([proxy.heads.length, target.heads.length], [0, 1]);
  });

  it("a server goes nowhere for a request that names another, and is no tunnel", async (t) => {
    const inside = await headsAt(t);
    const server = await serve({ port: 0, host: "127.0.0.1", handshakeTimeoutMs: 200, closeTimeoutMs: 50 });
    t.after(() => server.close());
    const authority = inside.url.slice("ws://".length);
    const tail = requestText().slice("GET / HTTP/1.1".length);
    for (const line of [`GET http://${authority}/ HTTP/1.1`, `CONNECT ${authority} HTTP/1.1`]) {
      assert.doesNotMatch(await answerOf(t, server.port, `${line}${tail}`), /^HTTP\/1\.1 [12]/u);
    }
    assert.deepEqual(inside.heads, []);
  });
});

/** What comes back until the end. */
async function answerOf(t: TestContext, port: number, request: string): Promise<string> {
  const client = await TextClient.connect(t, port);
  client.write(request);
  const answer = await client.untilEnd();
  client.socket.destroy();
  return answer;
}
