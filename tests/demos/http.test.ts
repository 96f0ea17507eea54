import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { answer } from "../../demos/live/http.js";
import { HEAD_BYTES_HEADER } from "../../demos/live/shared/limits.js";
import { UpdateStream } from "../../demos/live/updates.js";
import type { RunningDemo } from "../../demos/site/demo.js";
import { createRequestListener } from "../../demos/site/request-listener.js";

const INDEX = { body: Buffer.from("<!doctype html>"), contentType: "text/html; charset=utf-8", etag: '"e1"' };

describe("the site and the live page over HTTP", () => {
  const updates = new UpdateStream(10, () => 0.5);
  updates.next(1_000);
  updates.next(1_100);
  let server: Server;
  let port: number;

  before(async () => {
    const files = new Map([
      ["/", INDEX],
      ["/other/", INDEX],
    ]);
    const live: RunningDemo = {
      request: (request, response, url) => answer(request, response, url, updates),
      close: () => Promise.resolve(),
    };
    server = createServer(createRequestListener(files, [live])).listen(0, "127.0.0.1");
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

  it("answers a plain request to the WebSocket's path with 426", async () => {
    assert.match(await get("/live"), /^HTTP\/1\.1 426 /);
  });

  it("hands out the updates after the one named", async () => {
    const body = async (target: string): Promise<unknown> => JSON.parse((await get(target)).split("\r\n\r\n")[1] ?? "");
    const second = { sequence: 2, value: 100, serverTimeMs: 1_100 };
    assert.deepEqual(await body("/updates?after=1"), [second]);
    assert.deepEqual(await body("/updates?after=2"), []);
    assert.deepEqual(await body("/updates"), [second]);
    assert.deepEqual(await body("/updates?after=-1"), [second]);
  });

  it("says how many octets both heads of a poll took, its own line left out", async () => {
    const request = "GET /updates?after=1 HTTP/1.1\r\nHost: x\r\nX-Filler: ümläut\r\nConnection: close\r\n\r\n";
    const response = await exchange(request);
    const head = response.slice(0, response.indexOf("\r\n\r\n") + 4);
    const [line, reported] = new RegExp(`${HEAD_BYTES_HEADER}: (\\d+)\\r\\n`).exec(head) ?? [];
    assert.ok(line !== undefined);
    assert.equal(Number(reported), Buffer.byteLength(request) + Buffer.byteLength(head) - Buffer.byteLength(line));
  });
});
