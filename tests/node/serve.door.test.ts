/**
 * Upgrades and ordinary HTTP on one port, which must look the same from outside whichever way they come in.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { Agent, request as httpRequest } from "node:http";
import { describe, it } from "node:test";
import { connect } from "#src/index.js";
import { everyChunking } from "../support/chunking.js";
import { deferred } from "../support/endpoints.js";
import { frame, sampleKey } from "../support/frames.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { connectRaw, requestText, upgradeRaw } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";
import { TextClient } from "../support/text-client.js";
import { sampleHandshakeAccept, upgradeHeaders } from "../support/upgrades.js";

const get = (target: string, ...headers: readonly string[]): string =>
  requestText(["Host", "localhost", ...headers], `GET ${target} HTTP/1.1`);

const textFrame = (payload: string): Uint8Array => frame({ opcode: 1, payload, key: sampleKey });

/** Answers a request with its method, its target and its body. */
const page: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const told = body.byteLength > 100 ? `${body.byteLength} octets` : body.toString();
    response.end(`<${String(request.method)} ${String(request.url)} ${told}>`);
  });
};

const echo = {
  message: (socket: { send(message: string | Uint8Array): unknown }, message: string | Uint8Array) =>
    void socket.send(message),
};

for (const transport of transports) {
  describe(`an upgrade on a port over ${transport}`, () => {
    it("is let in however its octets arrive, with the frames behind it", async (t) => {
      const { port } = await startOwnPort(t, { transport, ...echo });
      const octets = Buffer.concat([Buffer.from(requestText()), textFrame("one"), textFrame("two")]);
      for (const { name, chunks } of everyChunking(new Uint8Array(octets), 3)) {
        const client = await TextClient.connect(t, port);
        for (const chunk of chunks) {
          client.socket.write(chunk);
          await turns(1);
        }
        const head = await client.until(/\r\n\r\n/u);
        assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/u, name);
        assert.ok(head.includes(sampleHandshakeAccept));
        assert.equal(await client.until(/two/u), "\x81\x03one\x81\x03two", name);
      }
    });

    it("keeps everything that arrives while accept thinks about it, across segments and past a pause", async (t) => {
      const gate = deferred<undefined>();
      const asked = deferred();
      const received: string[] = [];
      const { port } = await startOwnPort(t, {
        transport,
        accept: () => {
          asked.resolve();
          return gate.promise;
        },
        message: (socket, message) => {
          received.push(String(message));
          if (received.length === 43) socket.send("all of them");
        },
      });
      const socket = await connectRaw(t, port);
      socket.write(
        Buffer.concat([Buffer.from(requestText()), textFrame("with it"), textFrame("half of this")]).subarray(0, -5),
      );
      await asked.promise;
      socket.write(textFrame("half of this").subarray(-5));
      await turns(5);
      const large = "x".repeat(5000);
      // More than is kept: reading has to stop and go on.
      for (let index = 0; index < 40; index++) socket.write(textFrame(large + String(index)));
      await turns(20);
      assert.deepEqual(received, []);
      gate.resolve(undefined);
      socket.write(textFrame("after it"));
      let text = "";
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        text += chunk.toString("latin1");
        if (text.includes("all of them")) break;
      }
      assert.deepEqual(received, [
        "with it",
        "half of this",
        ...Array.from({ length: 40 }, (_, index) => large + String(index)),
        "after it",
      ]);
    });

    it("is given to accept as a web Request, the same by every way in", async (t) => {
      const seen: unknown[] = [];
      const { port } = await startOwnPort(t, {
        transport,
        request: page,
        accept: ({ url, method, headers, remoteAddress, protocols }) => {
          seen.push([url, method, [...headers], remoteAddress, protocols]);
          return { protocol: "b" };
        },
      });
      const headers = upgradeHeaders(
        ...["Cookie", "a=1; b=2", "Sec-WebSocket-Protocol", "a, b", "X-Two", "1", "X-Two", "2", "X-Latin", "caf\xe9"],
      );
      const text = requestText(headers, "GET /chat?room=1&x=%20 HTTP/1.1");
      const first = await TextClient.connect(t, port);
      first.write(text);
      assert.match(await first.until(/\r\n\r\n/u), /\r\nSec-WebSocket-Protocol: b\r\n/u);
      // The same behind an ordinary request comes by the HTTP server.
      const second = await TextClient.connect(t, port);
      second.write(get("/before"));
      await second.until(/<GET \/before >/u);
      second.write(text);
      await second.until(/101 Switching Protocols\r\n.*\r\n\r\n/su);
      assert.equal(seen.length, 2);
      assert.deepEqual(seen[1], seen[0]);
    });

    it("has an end that is told: of a peer that half-closes, and of one that resets", async (t) => {
      const reports: string[] = [];
      const closed = [deferred(), deferred()];
      const { port } = await startOwnPort(t, {
        transport,
        message: () => undefined,
        close: (_socket, { outcome, code }) => {
          reports.push(`${outcome} ${code}`);
          closed[reports.length - 1]?.resolve();
        },
      });
      const ending = await upgradeRaw(t, port);
      ending.socket.end();
      await closed[0]?.promise;
      const resetting = await upgradeRaw(t, port);
      resetting.socket.resetAndDestroy();
      await closed[1]?.promise;
      assert.deepEqual(reports, ["dropped 1006", "dropped 1006"]);
    });
  });

  describe(`ordinary HTTP on a port over ${transport}`, () => {
    it("goes to the option request, kept alive, and may upgrade in the end", async (t) => {
      const { port } = await startOwnPort(t, { transport, request: page, ...echo });
      const client = await TextClient.connect(t, port);
      for (const target of ["/first", "/second?x=1"]) {
        client.write(get(target));
        const answer = await client.until(/<.*>/u);
        assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*Connection: keep-alive\r\n/su);
        assert.ok(answer.endsWith(`<GET ${target} >`));
      }
      client.socket.write(Buffer.concat([Buffer.from(requestText()), textFrame("early")]));
      assert.ok((await client.until(/101 Switching Protocols\r\n.*early/su)).endsWith("\r\n\r\n\x81\x05early"));
      client.socket.write(textFrame("later"));
      assert.equal(await client.until(/later/u), "\x81\x05later");
    });

    it("may be pipelined, with an upgrade behind", async (t) => {
      const { port } = await startOwnPort(t, { transport, request: page, ...echo });
      const client = await TextClient.connect(t, port);
      client.write(get("/1") + get("/2") + get("/3"));
      for (const target of ["/1", "/2", "/3"]) await client.until(new RegExp(`<GET ${target} >`, "u"));
      client.write(requestText());
      await client.until(/101 Switching Protocols/u);
    });

    it("may have a body: by its length, in chunks, large, and asked for first", async (t) => {
      const { port } = await startOwnPort(t, { transport, request: page });
      const post = (body: string, ...headers: string[]): string =>
        requestText(["Host", "a", ...headers], "POST /form HTTP/1.1") + body;
      const cases = [
        [post("hello", "Content-Length", "5"), "<POST /form hello>"],
        [
          post("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", "Transfer-Encoding", "chunked"),
          "<POST /form hello world>",
        ],
        [post("", "Content-Length", "0"), "<POST /form >"],
        [post("x".repeat(1_000_000), "Content-Length", "1000000"), "<POST /form 1000000 octets>"],
      ] as const;
      for (const [text, answer] of cases) {
        const whole = await TextClient.connect(t, port);
        whole.write(text);
        assert.ok((await whole.until(/<.*>/u)).endsWith(answer));
        if (text.length > 1000) continue;
        const slow = await TextClient.connect(t, port);
        for (const octet of text) {
          slow.write(octet);
          await turns(1);
        }
        assert.ok((await slow.until(/<.*>/u)).endsWith(answer));
      }
      const asking = await TextClient.connect(t, port);
      asking.write(post("", "Content-Length", "3", "Expect", "100-continue"));
      assert.equal(await asking.until(/\r\n\r\n/u), "HTTP/1.1 100 Continue\r\n\r\n");
      asking.write("abc");
      await asking.until(/<POST \/form abc>/u);
    });

    it("may ask for a head alone", async (t) => {
      const { port } = await startOwnPort(t, { transport, request: page });
      const client = await TextClient.connect(t, port);
      client.write(requestText(["Host", "a"], "HEAD /page HTTP/1.1") + get("/next"));
      const answer = await client.until(/<.*?>/u);
      assert.equal(answer.match(/HTTP\/1\.1 200 OK/gu)?.length, 2);
      assert.ok(answer.endsWith("<GET /next >"));
    });

    it("goes over agents that keep connections, side by side with WebSockets", async (t) => {
      const { port, url } = await startOwnPort(t, { transport, request: page, ...echo });
      const agent = new Agent({ keepAlive: true, maxSockets: 3 });
      t.after(() => agent.destroy());
      const sockets = await Promise.all(Array.from({ length: 5 }, () => connect(url)));
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const asking = httpRequest({ port, host: "127.0.0.1", path: `/${index}`, agent }).end();
          const [answer] = (await once(asking, "response")) as [IncomingMessage];
          let text = "";
          for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
          return text;
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 20 }, (_, index) => `<GET /${index} >`),
      );
      for (const socket of sockets) {
        socket.send("hi");
        assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hi");
        await socket.close();
      }
    });

    it("knows the addresses of its peer", async (t) => {
      const { port } = await startOwnPort(t, {
        transport,
        request: ({ socket }, response) =>
          response.end(
            `<${[socket.remoteAddress, socket.localPort === port, socket.remotePort !== undefined].join()}>`,
          ),
      });
      const client = await TextClient.connect(t, port);
      client.write(get("/"));
      await client.until(/<127\.0\.0\.1,true,true>/u);
    });

    it("is answered with 426 and the end where there is no request option (RFC 9110 §15.5.22)", async (t) => {
      const { port } = await startOwnPort(t, { transport });
      for (const text of [
        get("/"),
        `${requestText(["Host", "a", "Content-Length", "2"], "POST / HTTP/1.1")}{}`,
        requestText(["Host", "a"], "HEAD / HTTP/1.1"),
        requestText(["Host", "a"], "OPTIONS * HTTP/1.1"),
      ]) {
        const client = await TextClient.connect(t, port);
        client.write(text);
        const answer = await client.untilEnd();
        assert.match(
          answer,
          /^HTTP\/1\.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n/u,
        );
        assert.equal(answer.includes("This port speaks WebSocket.\n"), !text.startsWith("HEAD"));
      }
    });

    it("has an error in its listener for itself: it is the application's, as with node:http", async (t) => {
      const { port, url } = await startOwnPort(t, {
        transport,
        request: (_request, response) => response.destroy(new Error("gone")),
        ...echo,
      });
      const client = await TextClient.connect(t, port);
      client.write(get("/"));
      assert.equal(await client.untilEnd(), "");
      const socket = await connect(url);
      assert.equal((await socket.close()).wasClean, true);
    });
  });
}
