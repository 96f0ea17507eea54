import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectRequest, ConnectResponse } from "#src/protocol/index.js";
import type { ServerOptions, UpgradeRefusal } from "#src/server/index.js";
import { ConnectForm, ServerCore } from "#src/server/index.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { RawPeer } from "../support/raw-peer.js";
import { upgrade } from "../support/upgrades.js";

const versionHeaders = ["sec-websocket-version", "13"];

/** Gives an extended CONNECT to a server. */
function ask<Data = undefined>(options: ServerOptions<Data>, changes: Partial<ConnectRequest> = {}) {
  const platform = createFakePlatform();
  const core = new ServerCore<Data>(options, platform);
  const request: ConnectRequest = {
    protocol: "websocket",
    scheme: "https",
    authority: "server.example",
    path: "/chat?room=1",
    rawHeaders: versionHeaders,
    ...changes,
  };
  const responses: ConnectResponse[] = [];
  const form = new ConnectForm(request, (response) => responses.push(response));
  const head = { method: "CONNECT", httpVersion: "2.0", target: "/chat?room=1", rawHeaders: request.rawHeaders };
  return { ...upgrade(core, head, {}, [], { form }), core, responses, platform };
}

describe("RFC 8441 §5 a server asked by extended CONNECT", () => {
  it("answers by the head of the stream, and goes on with frames", async () => {
    const { idle, responses, client, received, core } = ask(
      {
        accept: (request) => ({ protocol: request.protocols[0], headers: { "Set-Cookie": "a=1" } }),
        message: (socket, message) => socket.send(message),
      },
      { rawHeaders: [...versionHeaders, "sec-websocket-protocol", "chat"] },
    );
    await idle();
    assert.deepEqual(responses, [{ status: 200, rawHeaders: ["sec-websocket-protocol", "chat", "set-cookie", "a=1"] }]);
    assert.equal(received.bytes.byteLength, 0);
    const peer = new RawPeer(client, "client");
    peer.sendText("hello");
    await idle();
    assert.deepEqual(peer.lines, ["text hello"]);
    const [socket] = core.sockets;
    assert.equal(socket?.protocol, "chat");
  });

  it("shows accept the request as any other", async () => {
    let url = "";
    const { idle } = ask({
      accept: (request) => {
        url = request.url;
        return undefined;
      },
    });
    await idle();
    assert.equal(url, "http://server.example/chat?room=1");
  });

  it("refuses what breaks a rule, in the head, with the rule in the body, and ends the stream", async () => {
    const refusals: UpgradeRefusal[] = [];
    const { idle, responses, received } = ask(
      { refused: (refusal) => refusals.push(refusal) },
      { protocol: "webtransport" },
    );
    await idle();
    assert.equal(responses[0]?.status, 501);
    assert.equal(Buffer.from(received.bytes).toString(), "the :protocol of the CONNECT request is not websocket\n");
    assert.equal(received.count("ended"), 1);
    assert.equal(refusals[0]?.code, "request-connect-protocol");
  });

  it("refuses with the application's response", async () => {
    const { idle, responses, received } = ask({ accept: () => new Response(null, { status: 401 }) });
    await idle();
    assert.deepEqual(responses, [{ status: 401, rawHeaders: [] }]);
    assert.equal(received.bytes.byteLength, 0);
    assert.equal(received.count("ended"), 1);
  });

  it("answers 500 where the application's response would be taken for a tunnel", async () => {
    const errors: unknown[] = [];
    const { idle, responses } = ask({
      accept: () => new Response("no", { status: 200 }),
      error: (error) => errors.push(error),
    });
    await idle();
    assert.equal(responses[0]?.status, 500);
    assert.match(String(errors[0]), /below 300 makes a tunnel/u);
  });
});
