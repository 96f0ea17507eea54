import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientOptions } from "#src/client/index.js";
import { ConnectError, HandshakeTimeoutError, openClient, UpgradeRefusedError } from "#src/client/index.js";
import type { HandshakeRequest, WebSocketAddress } from "#src/protocol/index.js";
import { acceptValue, UpgradeResponseError } from "#src/protocol/index.js";
import type { Dialer, DialOptions, DialResult } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "../support/counting-stream.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { RawPeer } from "../support/raw-peer.js";
import { TaskQueue } from "../support/task-queue.js";

/** What was dialed. */
interface Dialed {
  readonly address: WebSocketAddress;
  readonly request: HandshakeRequest;
  readonly options: DialOptions;
}

function headerOf({ request }: Dialed, name: string): string | undefined {
  const at = request.rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : request.rawHeaders[at + 1];
}

/** The network of a test: one server, whose answer is made from the request. */
function network(answer: (dialed: Dialed) => { readonly status?: number; readonly rawHeaders: readonly string[] }) {
  const platform = createFakePlatform();
  const tasks = new TaskQueue();
  const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
  const stream = new CountingStream(ours);
  const peer = new RawPeer(theirs, "server");
  const dials: Dialed[] = [];
  const dialer: Dialer = (address, request, options) => {
    const dialed = { address, request, options };
    dials.push(dialed);
    const { status = 101, rawHeaders } = answer(dialed);
    const response = { status, httpVersion: "1.1", rawHeaders };
    return Promise.resolve<DialResult>({ isUpgraded: true, response, stream });
  };
  const open = (url: string | URL, options: ClientOptions = {}) => openClient(url, options, platform, dialer);
  return { platform, peer, stream, dials, open, idle: () => tasks.idle() };
}

function accepting(dialed: Dialed, ...extra: readonly string[]) {
  const key = headerOf(dialed, "sec-websocket-key") ?? "";
  const rawHeaders = [
    "Upgrade",
    "websocket",
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Accept",
    acceptValue(key),
    ...extra,
  ];
  return { rawHeaders };
}

describe("§4.1 what a client asks for", () => {
  it("is the resource of its URL, at the server of its URL", async () => {
    const cases = [
      { url: "ws://example.com/chat?room=1", secure: false, host: "example.com", port: 80, target: "/chat?room=1" },
      { url: "wss://example.com", secure: true, host: "example.com", port: 443, target: "/" },
      { url: "ws://[::1]:9000/", secure: false, host: "[::1]", port: 9000, target: "/" },
      { url: new URL("https://example.com:8443/x"), secure: true, host: "example.com", port: 8443, target: "/x" },
    ];
    for (const { url, ...address } of cases) {
      const { open, dials } = network((dialed) => accepting(dialed));
      await open(url);
      assert.deepEqual({ ...dials[0]?.address }, address);
      assert.equal(dials[0]?.request.target, address.target);
    }
  });

  it("has its subprotocols, its headers and a fresh key", async () => {
    const { open, dials } = network((dialed) => accepting(dialed));
    await open("ws://example.com/", { protocols: ["v2", "v1"], headers: { Authorization: "Bearer x" } });
    await open("ws://example.com/", { protocols: "chat" });
    assert.ok(dials[0] !== undefined && dials[1] !== undefined);
    assert.equal(headerOf(dials[0], "sec-websocket-protocol"), "v2, v1");
    assert.equal(headerOf(dials[0], "authorization"), "Bearer x");
    assert.equal(headerOf(dials[1], "sec-websocket-protocol"), "chat");
    assert.notEqual(headerOf(dials[0], "sec-websocket-key"), headerOf(dials[1], "sec-websocket-key"));
  });

  it("is refused, and nothing dialed, for a URL or an option that makes no sense", async () => {
    const { open, dials } = network(() => assert.fail("it was dialed"));
    const urls = ["", "example.com", "ftp://example.com/", "ws://example.com/#fragment", "ws://", "ws://[::zz]/"];
    for (const url of urls) await assert.rejects(open(url), { name: "UsageError", code: "url-invalid" }, url);
    const options: (readonly [ClientOptions, string])[] = [
      [{ protocols: ["a", "a"] }, "protocol-invalid"],
      [{ protocols: "two words" }, "protocol-invalid"],
      [{ headers: { "Sec-WebSocket-Key": "x" } }, "header-not-allowed"],
      [{ headers: { Host: "other.example" } }, "header-not-allowed"],
      [{ handshakeTimeoutMs: -1 }, "invalid-limit"],
      [{ limits: { maxMessageBytes: -1 } }, "invalid-limit"],
    ];
    for (const [option, code] of options) await assert.rejects(open("ws://a/", option), { name: "UsageError", code });
    for (const value of ["x\r\nX-Injected: 1", "x\ny", "x\0"]) {
      await assert.rejects(open("ws://a/", { headers: { "X-Header": value } }), TypeError);
    }
    assert.equal(dials.length, 0);
  });
});

describe("§4.1 what a client accepts", () => {
  it("is a proper answer, and then it is open", async () => {
    const { open, peer, idle } = network((dialed) => accepting(dialed, "Sec-WebSocket-Protocol", "v1"));
    const messages: unknown[] = [];
    const order: string[] = [];
    const socket = await open("ws://example.com/", {
      protocols: ["v2", "v1"],
      open: () => void order.push("open"),
      message: (_socket, message) => messages.push(message),
    });
    order.push("connected");
    assert.equal(socket.protocol, "v1");
    assert.equal(socket.readyState, "open");
    assert.equal(socket.data, undefined);
    socket.send("hi");
    peer.sendText("hello");
    await idle();
    assert.deepEqual(order, ["open", "connected"]);
    assert.deepEqual(messages, ["hello"]);
    assert.deepEqual(peer.lines, ["text hi"]);
    assert.equal(peer.frames[0]?.isMasked, true);
  });

  it("loses nothing that came with the answer, for an iterator that is attached late", async () => {
    const { open, peer, idle } = network((dialed) => accepting(dialed));
    peer.sendText("early");
    await idle();
    const socket = await open("ws://example.com/");
    await idle();
    peer.sendText("later");
    await idle();
    const iterator = socket[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).value, "early");
    assert.equal((await iterator.next()).value, "later");
  });

  it("is nothing else: the stream is cut, and the error says which rule was broken", async () => {
    const cases: (readonly [string, Parameters<typeof network>[0]])[] = [
      [
        "response-accept-wrong",
        () => accepting({ request: { rawHeaders: ["sec-websocket-key", "x"] } } as unknown as Dialed),
      ],
      ["response-accept-missing", () => ({ rawHeaders: ["Upgrade", "websocket", "Connection", "Upgrade"] })],
      ["response-upgrade-missing", (dialed) => ({ rawHeaders: accepting(dialed).rawHeaders.slice(2) })],
      ["response-protocol-not-requested", (dialed) => accepting(dialed, "Sec-WebSocket-Protocol", "v3")],
      ["response-extension-not-offered", (dialed) => accepting(dialed, "Sec-WebSocket-Extensions", "x-extension")],
    ];
    for (const [code, answer] of cases) {
      const { open, stream, platform } = network(answer);
      await assert.rejects(open("ws://example.com/", { protocols: "v1" }), (error: unknown) => {
        return error instanceof UpgradeResponseError && error.code === code;
      });
      assert.equal(stream.isDestroyed, true);
      assert.equal(platform.clock.pendingTimers, 0);
    }
  });
});

/** A client whose dialer does what a test says. */
function openWith(dialer: Dialer, options: ClientOptions = {}) {
  const platform = createFakePlatform();
  return { platform, opening: openClient("ws://example.com/", options, platform, dialer) };
}

/** A dialer that waits until it is told to give up. */
const waiting: Dialer = (_address, _request, { signal }) =>
  new Promise<DialResult>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

describe("a client that is not let in", () => {
  it("rejects with the status, the headers and the body", async () => {
    const response = {
      status: 401,
      httpVersion: "1.1",
      rawHeaders: ["WWW-Authenticate", "Bearer", "Set-Cookie", "a=1"],
    };
    const body = Buffer.from("who are you?");
    const { opening, platform } = openWith(() => Promise.resolve({ isUpgraded: false, response, body }));
    await assert.rejects(opening, (error: unknown) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.equal(error.status, 401);
      assert.equal(error.headers.get("www-authenticate"), "Bearer");
      assert.equal(Buffer.from(error.body).toString(), "who are you?");
      return true;
    });
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("calls an answer with 101 that is no upgrade a broken one", async () => {
    const response = { status: 101, httpVersion: "1.1", rawHeaders: [] };
    const { opening } = openWith(() => Promise.resolve({ isUpgraded: false, response, body: new Uint8Array(0) }));
    await assert.rejects(opening, { code: "response-upgrade-missing" });
  });

  it("rejects with the network's error as the cause", async () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const { opening, platform } = openWith(() => Promise.reject(cause));
    await assert.rejects(opening, (error: unknown) => error instanceof ConnectError && error.cause === cause);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("gives up after handshakeTimeoutMs", async () => {
    const { opening, platform } = openWith(waiting, { handshakeTimeoutMs: 3000 });
    let isSettled = false;
    const rejected = assert
      .rejects(opening, (error: unknown) => error instanceof HandshakeTimeoutError && error.limit === 3000)
      .finally(() => {
        isSettled = true;
      });
    await Promise.resolve();
    platform.clock.advance(2999);
    await new Promise(setImmediate);
    assert.equal(isSettled, false);
    platform.clock.advance(1);
    await rejected;
  });

  it("gives up when its signal is aborted, with the signal's reason", async () => {
    const controller = new AbortController();
    const { opening, platform } = openWith(waiting, { signal: controller.signal });
    await Promise.resolve();
    const reason = new Error("changed my mind");
    controller.abort(reason);
    await assert.rejects(opening, reason);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("does not even dial when its signal was aborted before", async () => {
    const reason = new Error("too late");
    const { opening } = openWith(() => assert.fail("it dialed"), { signal: AbortSignal.abort(reason) });
    await assert.rejects(opening, reason);
  });

  it("is not closed by a signal that is aborted when it is open", async () => {
    const controller = new AbortController();
    const { open, peer, idle } = network((dialed) => accepting(dialed));
    const socket = await open("ws://example.com/", { signal: controller.signal });
    controller.abort();
    socket.send("still here");
    await idle();
    assert.deepEqual(peer.lines, ["text still here"]);
  });
});
