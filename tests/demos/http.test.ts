import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { RunningDemo } from "../../demos/site/demo.js";
import { createRequestListener } from "../../demos/site/request-listener.js";
import { refuse } from "../../demos/site/responses.js";

const INDEX = { body: Buffer.from("<!doctype html>"), contentType: "text/html; charset=utf-8", etag: '"e1"' };

describe("the site over HTTP", () => {
  let server: Server;
  let port: number;

  before(async () => {
    const files = new Map([
      ["/", INDEX],
      ["/other/", INDEX],
    ]);
    const demo: RunningDemo = {
      request(_request, response, url) {
        if (url.pathname !== "/asked") return false;
        refuse(response, 426, `asked for ${url.search}`, { Upgrade: "websocket" });
        return true;
      },
      close: () => Promise.resolve(),
    };
    server = createServer(createRequestListener(files, [demo])).listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  /** Sends a request as it is written here, and returns the response as it is on the wire. */
  const exchange = async (head: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    socket.end(head);
    return text(socket);
  };
  const get = (target: string, ...headers: string[]): Promise<string> =>
    exchange(["GET " + target + " HTTP/1.1", "Host: x", "Connection: close", ...headers, "", ""].join("\r\n"));

  it("serves the page with a strict policy and an entity tag", async () => {
    const response = await get("/");
    assert.match(response, /^HTTP\/1\.1 200 /);
    assert.match(response, /Content-Type: text\/html; charset=utf-8\r\n/);
    assert.match(response, /Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(response, /unsafe-/);
    assert.match(response, /X-Content-Type-Options: nosniff\r\n/);
    assert.ok(response.endsWith("\r\n\r\n<!doctype html>"));
  });

  it("answers 304 when the browser has the file already", async () => {
    const response = await get("/", 'If-None-Match: "e1"');
    assert.match(response, /^HTTP\/1\.1 304 /);
    assert.ok(response.endsWith("\r\n\r\n"));
  });

  it("knows no path but its own, however it is written", async () => {
    for (const target of [
      "/index.html",
      "/../package.json",
      "/..%2fpackage.json",
      "//x/package.json",
      "/package.json",
    ]) {
      assert.match(await get(target), /^HTTP\/1\.1 404 /, target);
    }
    assert.match(await get("http://["), /^HTTP\/1\.1 400 /);
  });

  it("leads to a page whose slash was forgotten", async () => {
    const response = await get("/other");
    assert.match(response, /^HTTP\/1\.1 308 /);
    assert.match(response, /Location: \/other\/\r\n/);
  });

  it("takes GET and HEAD only", async () => {
    const response = await exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert.match(response, /^HTTP\/1\.1 405 /);
    assert.match(response, /Allow: GET, HEAD\r\n/);
    const head = await exchange("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.ok(head.endsWith("\r\n\r\n"));
  });

  it("leaves what is no file to the demos", async () => {
    const response = await get("/asked?for=this");
    assert.match(response, /^HTTP\/1\.1 426 /);
    assert.match(response, /Upgrade: websocket\r\n/);
    assert.match(response, /asked for \?for=this\n/);
  });
});
