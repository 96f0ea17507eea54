/**
 * Heads that are broken, too large, or mean one thing to one parser and another to the next. `node:http` is the judge of
 * them on every port, so the same octets must get the same answer whichever way they come in; and none of them may be
 * taken for a request that they are not.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { everyChunking } from "../support/chunking.js";
import { startOwnPort, transports } from "../support/own-port.js";
import { connectRaw, requestText } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";
import { TextClient } from "../support/text-client.js";
import { upgradeHeaders } from "../support/upgrades.js";

/** An upgrade request with one line changed or added. */
function upgrading(change: (text: string) => string): string {
  return change(requestText());
}

const withLine = (line: string): string => upgrading((text) => text.replace(/\r\n\r\n$/u, `\r\n${line}\r\n\r\n`));
const insteadOf = (line: RegExp, other: string): string => upgrading((text) => text.replace(line, other));

const smuggled = requestText(["Host", "inside"], "GET /smuggled HTTP/1.1");
const chunkedBody = "5\r\nhello\r\n0\r\n\r\n";

/** What is sent, and the status that answers it; "same" where only both ways have to agree. */
const heads: readonly (readonly [what: string, text: string, status: number | "same"])[] = [
  ["no HTTP at all", "SSH-2.0-OpenSSH_9.6\r\n\r\n", 400],
  ["a ClientHello of TLS", `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\x01".repeat(32)}`, 400],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "same"],
  ["HTTP/0.9", "GET /\r\n\r\n", "same"],
  ["HTTP/2.0 in the request line", insteadOf(/HTTP\/1\.1/u, "HTTP/2.0"), "same"],
  ["HTTP/1.2", insteadOf(/HTTP\/1\.1/u, "HTTP/1.2"), "same"],
  ["HTTP/1.0", insteadOf(/HTTP\/1\.1/u, "HTTP/1.0"), 505],
  ["a version in lower case", insteadOf(/HTTP\/1\.1/u, "http/1.1"), 400],
  ["a method in lower case", insteadOf(/^GET/u, "get"), 400],
  ["a method that is none", insteadOf(/^GET/u, "GETS"), 400],
  ["two spaces in the request line", insteadOf(/^GET \//u, "GET  /"), "same"],
  ["a space at the end of the request line", insteadOf(/HTTP\/1\.1/u, "HTTP/1.1 "), 400],
  ["a space in the target", insteadOf(/^GET \//u, "GET /a b"), 400],
  ["a target with NUL", insteadOf(/^GET \//u, "GET /\0"), 400],
  ["a target with a fragment", insteadOf(/^GET \//u, "GET /a#b"), 400],
  ["a target that is not ASCII", insteadOf(/^GET \//u, "GET /\xe9"), "same"],
  ["an absolute target", insteadOf(/^GET \//u, "GET http://server.example:9000/"), 101],
  ["an absolute target elsewhere", insteadOf(/^GET \//u, "GET http://other.example/"), 400],
  ["the target *", insteadOf(/^GET \//u, "GET *"), 400],
  ["empty lines before the request", `\r\n\r\n${requestText()}`, "same"],
  ["bare line feeds for line ends", upgrading((text) => text.replaceAll("\r\n", "\n")), "same"],
  ["one bare line feed", insteadOf(/\r\nUpgrade/u, "\nUpgrade"), "same"],
  ["a bare carriage return in a value", withLine("X-A: b\rc"), 400],
  ["a bare carriage return for a line end", insteadOf(/\r\nUpgrade/u, "\rUpgrade"), 400],
  ["two carriage returns", insteadOf(/\r\nUpgrade/u, "\r\r\nUpgrade"), 400],
  ["NUL in a value", withLine("X-A: b\0c"), 400],
  ["a control character in a value", withLine("X-A: b\x01c"), 400],
  ["DEL in a value", withLine("X-A: b\x7fc"), 400],
  ["a space before a colon", insteadOf(/Upgrade:/u, "Upgrade :"), 400],
  ["a space in a name", withLine("X A: b"), 400],
  ["a name that is empty", withLine(": b"), 400],
  ["a name that is not ASCII", withLine("X-\xe9: b"), 400],
  ["a line without a colon", withLine("X-A"), 400],
  ["a continued line", withLine("X-A: b\r\n c"), "same"],
  ["a line that continues the request line", insteadOf(/\r\nHost/u, "\r\n Host"), 400],
  ["no Host", insteadOf(/Host: .*\r\n/u, ""), 400],
  ["an empty Host", insteadOf(/Host: .*\r\n/u, "Host:\r\n"), 400],
  ["two Hosts", withLine("Host: other"), 400],
  ["two Hosts that are the same", withLine("Host: server.example:9000"), 400],
  ["a Host with a path", insteadOf(/Host: .*\r\n/u, "Host: a/b\r\n"), 400],
  ["a tab before a value", insteadOf(/Upgrade: /u, "Upgrade:\t"), 101],
  ["tabs in Connection", insteadOf(/Connection: Upgrade/u, "Connection: keep-alive\t,\tUpgrade"), "same"],
  ["Connection in a list", insteadOf(/Connection: Upgrade/u, "Connection: keep-alive, Upgrade"), 101],
  ["Connection in two lines", withLine("Connection: keep-alive"), 101],
  ["Upgrade in a list", insteadOf(/Upgrade: websocket/u, "Upgrade: h2c, WebSocket"), 101],
  ["names in capitals", upgrading((text) => text.replaceAll(/^[\w-]+:/gmu, (name) => name.toUpperCase())), 101],
  ["a value that is not ASCII", withLine("X-A: \xff\x80"), 101],
  ["a length of no body", withLine("Content-Length: 0"), "same"],
  ["a length of a body", `${withLine("Content-Length: 5")}hello`, 400],
  ["a length that hides a request", withLine(`Content-Length: ${smuggled.length}`) + smuggled, 400],
  ["two lengths", `${withLine("Content-Length: 5\r\nContent-Length: 6")}hello`, 400],
  ["a length that is no number", withLine("Content-Length: 5, 5"), 400],
  ["a length with a sign", withLine("Content-Length: +5"), 400],
  ["a body in chunks", withLine("Transfer-Encoding: chunked") + chunkedBody, 400],
  ["chunks and a length", withLine("Transfer-Encoding: chunked\r\nContent-Length: 5") + chunkedBody, 400],
  ["chunks and a request behind", withLine("Transfer-Encoding: chunked") + chunkedBody + smuggled, 400],
  ["an encoding that hides itself", withLine("Transfer-Encoding: xchunked") + chunkedBody, 400],
  ["an encoding behind a tab", withLine("Transfer-Encoding:\tchunked") + chunkedBody, 400],
  ["an encoding before its colon", withLine("Transfer-Encoding : chunked") + chunkedBody, 400],
  ["an expectation", withLine("Expect: 100-continue"), "same"],
  ["another expectation", withLine("Expect: a miracle"), "same"],
  ["POST with an upgrade", insteadOf(/^GET/u, "POST"), 405],
  ["as many headers as are allowed", requestText(upgradeHeaders(...many(123))), 101],
  ["one header too many", requestText(upgradeHeaders(...many(124))), 431],
  ["twice as many headers", requestText(upgradeHeaders(...many(250))), 431],
  ["a head as long as is allowed, nearly", requestText(upgradeHeaders("X-Long", "x".repeat(16_000))), 101],
  ["a value longer than is allowed", requestText(upgradeHeaders("X-Long", "x".repeat(16_400))), 431],
  ["a name longer than is allowed", requestText(upgradeHeaders("x".repeat(17_000), "b")), 431],
  ["a target longer than is allowed", requestText(upgradeHeaders(), `GET /${"x".repeat(17_000)} HTTP/1.1`), 431],
  ["a head without an end", requestText(upgradeHeaders("X-Long", "x".repeat(100_000))), 431],
  ["no version of the protocol", insteadOf(/Sec-WebSocket-Version.*\r\n/u, ""), 400],
  ["an older version of the protocol", insteadOf(/Version: 13/u, "Version: 8"), 426],
];

function many(count: number): string[] {
  return Array.from({ length: 2 * count }, (_, index) => (index % 2 === 0 ? `X-${index >> 1}` : "b"));
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** All of the first answer that does not depend on the moment. */
async function answerTo(client: TextClient): Promise<Answer> {
  // What is accepted, and what is to be kept alive, does not end.
  await client.untilEndOr(/^HTTP\/1\.1 101 .*\r\n\r\n/su);
  const text = client.hasEnded ? await client.untilEnd() : await client.until(/\r\n\r\n/u);
  // A server waits for the end of those it has refused.
  client.socket.destroy();
  const status = Number(/^HTTP\/1\.1 (\d{3}) /u.exec(text)?.[1] ?? 0);
  return { status, text: text.replaceAll(/^Date: .*$/gmu, "Date: now") };
}

describe("the same octets get the same answer whichever way they come in:", () => {
  for (const [what, text, expected] of heads) {
    it(`${what}: ${expected}`, async (t) => {
      const answers: Record<string, Answer> = {};
      for (const transport of transports) {
        const requested: string[] = [];
        const { port } = await startOwnPort(t, {
          transport,
          request: (request, response) => {
            requested.push(String(request.url));
            response.setHeader("Connection", "close");
            response.end("ordinary");
          },
          open: () => undefined,
        });
        // Long ones octet by octet are a matter for the reader's own tests.
        const chunkings = everyChunking(new Uint8Array(Buffer.from(text, "latin1")), 1);
        for (const { name, chunks } of text.length > 2000
          ? chunkings.filter(({ name: n }) => n === "whole")
          : chunkings) {
          const client = await TextClient.connect(t, port);
          for (const chunk of chunks) {
            if (client.hasEnded) break;
            client.socket.write(chunk);
            if (chunks.length > 1) await turns(1);
          }
          const answer = await answerTo(client);
          if (expected !== "same") assert.equal(answer.status, expected, `${transport}, ${name}: ${answer.text}`);
          assert.notEqual(answer.status, 0, `${transport}, ${name}: no answer`);
          answers[`${transport}, ${name}`] = answer;
        }
        assert.ok(!requested.includes("/smuggled"), "what was hidden in a request was taken for one");
      }
      const [[first, answer] = assert.fail(), ...others] = Object.entries(answers);
      for (const [name, other] of others) assert.deepEqual(other, answer, `${name}, unlike ${first}`);
    });
  }
});

describe("a limit of the application's", () => {
  for (const transport of transports) {
    it(`holds on ${transport} for headers and octets`, async (t) => {
      const { port } = await startOwnPort(t, {
        transport,
        limits: { maxHeaderCount: 6, maxHeaderBytes: 1000 },
        open: () => undefined,
      });
      for (const [headers, status] of [
        [[], 101],
        [["X-A", "b"], 101],
        [["X-A", "b", "X-B", "c"], 431],
        [["X-A", "b".repeat(700)], 101],
        [["X-A", "b".repeat(1100)], 431],
      ] as const) {
        const client = await TextClient.connect(t, port);
        client.write(requestText(upgradeHeaders(...headers)));
        assert.equal((await answerTo(client)).status, status, headers.join().slice(0, 20));
      }
    });
  }
});

for (const transport of transports) {
  describe(`RFC 9112 §9.3.2: an upgrade behind a request without an answer, over ${transport}`, () => {
    it("is cut, so that the answer is not written into the midst of frames", async (t) => {
      let waiting: ServerResponse | undefined;
      let opened = 0;
      const server = await startOwnPort(t, {
        transport,
        open: () => {
          opened++;
        },
        request: (_request, response) => {
          waiting = response;
        },
      });
      const socket = await connectRaw(t, server.port);
      let received = "";
      socket.on("data", (chunk) => (received += String(chunk)));
      socket.on("error", () => socket.destroy());
      socket.write(requestText(["Host", "a"], "GET /slow HTTP/1.1") + requestText());
      await Promise.race([once(socket, "end"), once(socket, "close")]);
      waiting?.end("late");
      await turns(5);
      assert.equal(received, "");
      assert.equal(opened, 0);
      assert.equal(server.sockets.size, 0);
    });
  });
}
