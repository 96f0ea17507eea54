import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serve } from "openline";
import { runChecks, runtimes, skipWithout } from "../support/runtimes.js";

const timeout = 120_000;

describe("a server and clients by themselves", () => {
  for (const runtime of runtimes) {
    it(`do on ${runtime.name} what they do on Node`, { skip: skipWithout(runtime), timeout }, async () => {
      assert.deepEqual(await runChecks(runtime, "both-ends.js"), {
        "echoes text and octets, compressed": [true, true, "closed-by-us", 4000],
        "awaits handlers, and loses no message": [
          ["open", "begin a", "end a", "begin b", "end b"],
          "closed-by-peer",
          "peer",
        ],
        "refuses with a status and a body": [true, 401, "who are you?"],
        "sends headers and subprotocols": [["Bearer x", ["a", "b"]], "b"],
        "answers ordinary HTTP on the same port": "this is /health",
        pings: true,
        "tells how a connection ends that is cut": ["dropped", 1006, "peer", [["dropped", "us"]]],
        "waits for a peer that reads slowly": [16_777_216, 4001],
        publishes: ["to all", "to all"],
        "closes, and tells its clients": ["closed-by-peer", 1001],
        encrypts: ["wss:", true, "secret", "connect-failed"],
        "cannot connect where nobody listens": "connect-failed",
      });
    });
  }
});

describe("the build for browsers", () => {
  let server;

  before(async () => {
    server = await serve({
      port: 0,
      accept(request) {
        if (new URL(request.url).pathname === "/refused") return new Response("no", { status: 403 });
        return { protocol: request.protocols[1] };
      },
      async message(socket, message) {
        if (message === "close me") await socket.close(4001, "as you wish");
        else if (message === "cut me") socket.terminate();
        else socket.send(message);
      },
    });
  });
  after(() => server.close());

  for (const runtime of runtimes) {
    it(`is a client over the WebSocket of ${runtime.name}`, { skip: skipWithout(runtime), timeout }, async () => {
      assert.deepEqual(await runChecks(runtime, "web-client.js", { conditions: ["browser"], args: [server.url] }), {
        "wraps the platform's own": [true, 1000],
        "sends, iterates and closes": [
          ["héllo", [1, 2, 255], [0, 0], "the long one", ""],
          "b",
          "closed-by-us",
          4000,
          true,
        ],
        "tells that it was refused": [true, "connect-failed"],
        "tells how the server ended it": [
          ["closed-by-peer", 4001, "as you wish"],
          ["dropped", 1006, ""],
        ],
        "tells what the platform cannot do": [
          "close-code-not-sendable",
          "unsupported-by-platform",
          "unsupported-by-platform",
          "protocol-invalid",
          "url-invalid",
        ],
        "awaits its handlers, and closes when one fails": [
          ["begin a", "end a", "begin fail", "a bug"],
          "closed-by-us",
          4011,
        ],
        "closes when more waits than maxInboxBytes": [true, 4008],
        "waits for room": [true, true],
        "comes back by itself": [["again"], "closed"],
        "lets go at once": ["dropped", 1006, "us", "closed"],
      });
    });
  }
});
