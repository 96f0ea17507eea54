/**
 * The server's side of docs/protocol.md, "Without WebSockets", request by request.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { type ServeOptions, serve } from "#src/index.js";
import { createRealtime, log, type PlainRealtimeOptions } from "#src/realtime/index.js";

const protocol = { "openline-protocol": "openline.v1.json" };

async function started(t: TestContext, options: PlainRealtimeOptions<unknown> = {}, more: Partial<ServeOptions> = {}) {
  const realtime = createRealtime(options);
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers, ...more });
  const abort = new AbortController();
  t.after(async () => {
    abort.abort();
    await realtime.close();
    await server.close();
  });
  const url = server.url.replace("ws", "http");
  const { signal } = abort;
  const ask: Ask = (method, headers, body) =>
    fetch(url, {
      method,
      headers: { ...protocol, ...headers },
      signal,
      // For a body that comes in pieces.
      duplex: "half",
      ...(body !== undefined && { body }),
    } as RequestInit);
  return { realtime, server, url, ask, opened: (headers = {}) => Opened.by(ask, headers) };
}

type Ask = (
  method: string,
  headers: Record<string, string>,
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream,
) => Promise<Response>;

/** A connection, as somebody has it who speaks the protocol by hand. */
class Opened {
  id = "";
  opening: unknown;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #ask: Ask;
  #text = "";

  private constructor(ask: Ask, body: ReadableStream<Uint8Array>) {
    this.#ask = ask;
    this.#reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  }

  static async by(ask: Ask, headers: Record<string, string>): Promise<Opened> {
    const response = await ask("GET", { accept: "text/event-stream", ...headers });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.match(response.headers.get("cache-control") ?? "", /no-store.*no-transform/u);
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    assert.ok(response.body !== null);
    const opened = new Opened(ask, response.body);
    const { type, data } = (await opened.next()) ?? {};
    assert.equal(type, "open");
    opened.opening = data;
    ({ id: opened.id } = data as { id: string });
    return opened;
  }

  /** The next event; undefined at the end. */
  async next(): Promise<{ type: string; data: unknown } | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const lines = this.#text.slice(0, end).split("\n");
        this.#text = this.#text.slice(end + 2);
        const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
        const type = lines.find((line) => line.startsWith("event: "))?.slice(7) ?? "message";
        if (data === undefined) continue;
        return { type, data: JSON.parse(data) as unknown };
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  async post(sequence: number, ...frames: unknown[]): Promise<number> {
    const headers = { "openline-connection": this.id, "openline-sequence": String(sequence) };
    return (await this.#ask("POST", headers, JSON.stringify(frames))).status;
  }

  /** @returns what the server says next, as frames */
  async frames(): Promise<unknown[]> {
    const { type, data } = (await this.next()) ?? {};
    assert.equal(type, "message");
    return (Array.isArray((data as unknown[])[0]) ? data : [data]) as unknown[];
  }
}

describe("the fallback's server", () => {
  it("opens with an id that nobody guesses, and speaks the protocol from there on", async (t) => {
    const { opened } = await started(t, { calls: { greet: (name) => `hello ${String(name)}` } });
    const [one, other] = [await opened(), await opened()];
    assert.ok(one.id.length >= 20);
    assert.notEqual(one.id, other.id);
    assert.deepEqual(one.opening, {
      id: one.id,
      protocol: "openline.v1.json",
      pingMs: 25_000,
      maxMessageBytes: 1_048_576,
    });
    assert.equal(await one.post(1, ["hello", {}], ["call", 1, "greet", "Ann"]), 204);
    const said = [...(await one.frames())];
    while (said.length < 2) said.push(...(await one.frames()));
    assert.equal((said[0] as unknown[])[0], "welcome");
    assert.deepEqual(said[1], ["ok", 1, "hello Ann"]);
  });

  it("does what a request says once, however often it comes, and nothing before its turn", async (t) => {
    let calls = 0;
    const { opened } = await started(t, { calls: { count: () => ++calls } });
    const one = await opened();
    assert.equal(await one.post(2, ["call", 1, "count"]), 409);
    assert.equal(await one.post(1, ["hello", {}]), 204);
    for (let times = 0; times < 3; times++) assert.equal(await one.post(2, ["call", 1, "count", null]), 204);
    assert.equal(await one.post(1, ["call", 2, "count", null]), 204);
    assert.equal(await one.post(3, ["call", 3, "count", null]), 204);
    const said: unknown[] = [];
    while (said.length < 3) said.push(...(await one.frames()));
    assert.deepEqual(said.slice(1), [
      ["ok", 1, 1],
      ["ok", 3, 2],
    ]);
    assert.equal(calls, 2);
  });

  it("holds no more than two messages of somebody of whom it has not decided who that is", async (t) => {
    let decide: (answer: { user: string }) => void = () => undefined;
    const { opened } = await started(t, { authenticate: () => new Promise((resolve) => (decide = resolve)) });
    const one = await opened();
    // They come by connections of their own, in any order.
    const insist = async (sequence: number, frame: unknown[]): Promise<number> => {
      for (;;) {
        const status = await one.post(sequence, frame);
        if (status === 204) return status;
      }
    };
    const first = insist(1, ["hello", {}]);
    const second = insist(2, ["ping", 1]);
    let status = 409;
    while (status === 409) status = await one.post(4, ["ping", 4]);
    assert.equal(status, 429);
    decide({ user: "ann" });
    assert.deepEqual(await Promise.all([first, second]), [204, 204]);
    assert.equal(await one.post(3, ["ping", 3]), 204);
  });

  it("takes a body in the smallest pieces", async (t) => {
    const { ask, opened } = await started(t, { calls: { length: (text) => String(text).length } });
    const one = await opened();
    const octets = new TextEncoder().encode(
      JSON.stringify([
        ["hello", {}],
        ["call", 1, "length", "é".repeat(300)],
      ]),
    );
    let offset = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (offset === octets.length) controller.close();
        else controller.enqueue(octets.subarray(offset, (offset += Math.min(7, octets.length - offset))));
      },
    });
    const headers = { "openline-connection": one.id, "openline-sequence": "1" };
    assert.equal((await ask("POST", headers, body)).status, 204);
    const said = [...(await one.frames())];
    while (said.length < 2) said.push(...(await one.frames()));
    assert.deepEqual(said[1], ["ok", 1, 300]);
  });

  it("knows no connection that is over, was never there, or is another page's", async (t) => {
    const { ask, opened, realtime } = await started(t, {}, { origins: ["http://a.test", "http://b.test"] });
    const one = await opened({ origin: "http://a.test" });
    const about = { "openline-connection": one.id, "openline-sequence": "1" };
    assert.equal((await ask("POST", { ...about, "openline-connection": "nobody" }, "[]")).status, 404);
    assert.equal((await ask("POST", { ...about, origin: "http://b.test" }, "[]")).status, 404);
    assert.equal((await ask("POST", about, "[]")).status, 404);
    assert.equal((await ask("POST", { ...about, origin: "http://a.test" }, '[["hello",{}]]')).status, 204);
    await one.next();
    assert.equal([...realtime.sessions].length, 1);
    assert.equal((await ask("DELETE", { ...about, origin: "http://a.test" })).status, 204);
    assert.equal([...realtime.sessions].length, 0);
    assert.equal((await ask("POST", { ...about, origin: "http://a.test" }, "[]")).status, 404);
  });

  it("lets pages in as it does for WebSockets: those of its own origin, or those that are named", async (t) => {
    const { ask, url } = await started(t);
    assert.equal((await ask("GET", { origin: "http://evil.test" })).status, 403);
    assert.equal((await ask("OPTIONS", { origin: "http://evil.test" })).status, 403);
    const own = await ask("GET", { origin: url });
    assert.equal(own.status, 200);
    assert.equal(own.headers.get("access-control-allow-origin"), url);
    const named = await started(t, {}, { origins: ["http://a.test"] });
    const preflight = await fetch(named.url, {
      method: "OPTIONS",
      headers: { origin: "http://a.test", "access-control-request-headers": "Openline-Protocol, content-type" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "http://a.test");
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /openline-sequence/u);
    assert.equal(preflight.headers.get("vary"), "origin");
  });

  it("refuses what is too long, and ends that connection", async (t) => {
    const { opened, ask } = await started(t, { limits: { maxMessageBytes: 100 } });
    for (const isAnnounced of [true, false]) {
      const one = await opened();
      const body = "x".repeat(101);
      const headers = { "openline-connection": one.id, "openline-sequence": "1" };
      const response = await ask("POST", headers, isAnnounced ? body : new Blob([body]).stream());
      assert.equal(response.status, 413);
      assert.deepEqual(await one.next(), {
        type: "close",
        data: { code: 1009, reason: "a message is longer than maxMessageBytes (100)" },
      });
      assert.equal(await one.next(), undefined);
    }
  });

  it("answers what breaks the protocol", async (t) => {
    const { ask, opened } = await started(t);
    assert.equal((await ask("GET", { "openline-protocol": "openline.v9" })).status, 400);
    assert.equal((await ask("PUT", {}, "")).status, 405);
    const one = await opened();
    const headers = { "openline-connection": one.id };
    assert.equal((await ask("POST", headers, "[]")).status, 400);
    assert.equal((await ask("POST", { ...headers, "openline-sequence": "-1" }, "[]")).status, 400);
    assert.equal((await ask("POST", { ...headers, "openline-sequence": "1" }, "[[7]]")).status, 204);
    const { data } = (await one.next()) ?? {};
    assert.equal((data as { code: number }).code, 4400);
    const other = await opened();
    const octets = Uint8Array.of(0x5b, 0xff, 0x5d);
    assert.equal(
      (await ask("POST", { "openline-connection": other.id, "openline-sequence": "1" }, octets)).status,
      400,
    );
    assert.equal(((await other.next())?.data as { code: number }).code, 4400);
  });

  it("leaves ordinary requests to whoever they are for", async (t) => {
    const { url } = await started(t);
    assert.equal((await fetch(url)).status, 426);
    const answering = await started(t, {}, { request: (_request, response) => response.end("a page") });
    assert.equal(await (await fetch(answering.url)).text(), "a page");
    const elsewhere = await started(t, {}, { path: "/live" });
    assert.equal((await elsewhere.ask("GET", {})).status, 404);
  });

  it("stands beside an application's own HTTP server, and takes nobody while it goes away", async (t) => {
    const realtime = createRealtime();
    const takes = realtime.requestTaker();
    const http = createServer((request, response) => {
      if (!takes(request, response)) response.end("a page");
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    t.after(() => http.closeAllConnections());
    const url = `http://127.0.0.1:${String((http.address() as AddressInfo).port)}`;
    assert.equal(await (await fetch(url)).text(), "a page");
    const ask: Ask = (method, headers) => fetch(url, { method, headers: { ...protocol, ...headers } });
    const one = await Opened.by(ask, {});
    await realtime.close();
    assert.equal(((await one.next())?.data as { code: number }).code, 1001);
    const refused = await ask("GET", {});
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    http.close();
  });

  it("counts as many connections as a server may have, with its sockets", async (t) => {
    const { ask, opened, server } = await started(t, {}, { maxConnections: 1 });
    const one = await opened();
    const refused = await ask("GET", {});
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    await ask("DELETE", { "openline-connection": one.id });
    const next = await opened();
    await server.close();
    assert.deepEqual(await next.next(), { type: "close", data: { code: 1001, reason: "" } });
  });

  it("waits for who does not read, holds little, and ends who asks for more", async (t) => {
    const { realtime, server, ask } = await started(t, {
      channel: log({ retain: { count: 40 } }),
      limits: { maxBufferedBytes: 200_000 },
    });
    const socket: Socket = connect(server.port, "127.0.0.1");
    const opening = await new Promise<string>((resolve) => {
      let text = "";
      socket.write(`GET / HTTP/1.1\r\nHost: x\r\nOpenline-Protocol: openline.v1.json\r\n\r\n`);
      socket.on("data", (chunk) => {
        text += String(chunk);
        if (text.includes("pingMs")) resolve(text);
      });
    });
    socket.pause();
    socket.removeAllListeners("data");
    const id = /"id":"([^"]+)"/u.exec(opening)?.[1] ?? "";
    let sequence = 0;
    const post = async (...frames: unknown[]): Promise<number> => {
      const headers = { "openline-connection": id, "openline-sequence": String(++sequence) };
      return (await ask("POST", headers, JSON.stringify(frames))).status;
    };
    assert.equal(await post(["hello", {}], ["sub", 1, "room", {}]), 204);
    // Far more than the kernel and we would hold: the channel stops, and nothing is ended for it.
    const long = "x".repeat(500_000);
    for (let index = 0; index < 40; index++) await realtime.publish("room", long);
    assert.equal([...realtime.sessions].length, 1);
    // Answers it has asked for itself.
    const gone = new Promise((resolve) => socket.on("close", resolve));
    let status = 204;
    for (let r = 2; status === 204 && r < 2000; r++) status = await post(["hist", r, "room", { limit: 100 }]);
    assert.equal(status, 404);
    assert.equal([...realtime.sessions].length, 0);
    socket.resume();
    await gone;
  });
});
