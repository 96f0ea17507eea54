import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWebSocketNetwork, headerOf, record } from "../../support/web-socket-network.js";

const syntaxError = { name: "SyntaxError", constructor: DOMException };

describe("WebSockets §3.1 the constructor", () => {
  it("parses its URL, and takes http and https for ws and wss (steps 2 to 6)", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork();
    const cases = [
      { given: "ws://example.com/a b?ü", url: "ws://example.com/a%20b?%C3%BC", port: 80, secure: false },
      { given: "http://example.com", url: "ws://example.com/", port: 80, secure: false },
      { given: new URL("https://example.com:8443/x"), url: "wss://example.com:8443/x", port: 8443, secure: true },
      { given: "HTTPS://example.com", url: "wss://example.com/", port: 443, secure: true },
    ];
    for (const { given, url, port, secure } of cases) {
      assert.equal(new WebSocket(given).url, url);
      await idle();
      assert.deepEqual([dials.at(-1)?.address.port, dials.at(-1)?.address.secure], [port, secure]);
    }
  });

  it("throws a SyntaxError for what is no URL of a WebSocket (steps 3, 6 and 7)", () => {
    const { WebSocket, dials } = createWebSocketNetwork();
    for (const url of ["", "/relative", "ws://", "ftp://a/", "mailto:a", "ws://a/#", "ws://a/#b", "http://a/#"]) {
      assert.throws(() => new WebSocket(url), syntaxError, url);
    }
    assert.equal(dials.length, 0);
  });

  it("takes a relative URL where there is a location, and sends its origin (step 1)", async (t) => {
    const { WebSocket, dials, idle } = createWebSocketNetwork();
    const location = { href: "https://site.example/folder/page", origin: "https://site.example" };
    Object.defineProperty(globalThis, "location", { value: location, configurable: true });
    t.after(() => Reflect.deleteProperty(globalThis, "location"));
    assert.equal(new WebSocket("chat?x").url, "wss://site.example/folder/chat?x");
    await idle();
    assert.equal(headerOf(dials[0]!, "origin"), "https://site.example");
  });

  it("throws a SyntaxError for a subprotocol that is no token or comes twice (step 9)", () => {
    const { WebSocket } = createWebSocketNetwork();
    for (const protocols of ["", "a b", "a,b", "é", ["a", "a"], ["a", "A"], ["a", ""]]) {
      assert.throws(() => new WebSocket("ws://a/", protocols), syntaxError, JSON.stringify(protocols));
    }
  });

  it("asks for a string, an array or any iterable of subprotocols (step 8)", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork();
    for (const [index, protocols] of ["chat", ["chat", "v1"], new Set(["chat", "v1"])].entries()) {
      const socket = new WebSocket(`ws://host${index}/`, protocols);
      await idle();
      assert.equal(headerOf(dials[index]!, "sec-websocket-protocol"), index === 0 ? "chat" : "chat, v1");
      assert.equal(socket.protocol, "chat");
    }
  });

  it("tells of its own options that make no sense at once, and ignores an argument that is none", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork();
    assert.throws(() => new WebSocket("ws://a/", [], { handshakeTimeoutMs: -1 }), { code: "invalid-limit" });
    assert.throws(() => new WebSocket("ws://a/", [], { limits: { maxMessageBytes: -1 } }), { code: "invalid-limit" });
    assert.throws(() => new WebSocket("ws://a/", [], { headers: { "bad name": "x" } }), TypeError);
    const stray = Reflect.construct(WebSocket, ["ws://a/", [], "stray"]) as object;
    assert.ok(stray instanceof WebSocket);
    const given = new WebSocket("ws://b/", [], { headers: { "X-Token": "1" } });
    await idle();
    assert.equal(headerOf(dials[1]!, "x-token"), "1");
    assert.equal(given.readyState, 1);
  });

  it("puts credentials of the URL into a header, as Fetch does", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork();
    const socket = new WebSocket("ws://ada:l%C3%B6ve%3A@a/");
    await idle();
    assert.equal(socket.url, "ws://ada:l%C3%B6ve%3A@a/");
    assert.equal(headerOf(dials[0]!, "authorization"), `Basic ${Buffer.from("ada:löve:").toString("base64")}`);
  });
});

describe("WebSockets §2.2 establishing a connection", () => {
  it("fails where the server chooses none of the subprotocols", async () => {
    const { WebSocket, dials, refusals, idle } = createWebSocketNetwork(false);
    const events = record(new WebSocket("ws://a/", ["chat"]));
    await idle();
    dials[0]!.accept();
    await idle();
    assert.deepEqual(events, ["error in 3", 'close 1006 "" unclean in 3']);
    assert.deepEqual(refusals, ["response-protocol-missing"]);
    assert.equal(dials[0]!.stream.isDestroyed, true);
  });

  it("fails for a blocked port, without a connection (Fetch §2.9)", async () => {
    const { WebSocket, dials, refusals, idle } = createWebSocketNetwork();
    const events = record(new WebSocket("ws://a:6667/"));
    assert.deepEqual(events, []);
    await idle();
    assert.deepEqual(events, ["error in 3", 'close 1006 "" unclean in 3']);
    assert.equal(dials.length, 0);
    assert.deepEqual(refusals, ["port-blocked"]);
  });

  it("tells a script nothing about why it failed (§4), and who observes everything", async () => {
    const { WebSocket, dials, refusals, idle } = createWebSocketNetwork(false);
    const socket = new WebSocket("ws://a/");
    const errors: Event[] = [];
    socket.onerror = (event) => errors.push(event);
    const events = record(socket);
    await idle();
    dials[0]!.fail(new Error("no route to host"));
    await idle();
    assert.deepEqual(events, ["error in 3", 'close 1006 "" unclean in 3']);
    assert.deepEqual(Object.getOwnPropertyNames(errors[0]), Object.getOwnPropertyNames(new Event("error")));
    assert.deepEqual(refusals, ["connect-failed"]);
  });

  it("waits until nobody else is connecting to that host and port (RFC 6455 §4.1)", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork(false);
    const sockets = ["ws://a/1", "ws://a/2", "ws://a:81/3", "ws://b/4", "ws://A:80/5"].map((url) => new WebSocket(url));
    const targets = (): string[] => dials.map(({ address }) => address.target);
    await idle();
    assert.deepEqual(targets(), ["/1", "/3", "/4"]);
    dials[0]!.fail(new Error("gone"));
    await idle();
    assert.deepEqual(targets(), ["/1", "/3", "/4", "/2"]);
    dials[3]!.accept();
    await idle();
    assert.deepEqual(targets(), ["/1", "/3", "/4", "/2", "/5"]);
    assert.deepEqual(
      sockets.map(({ readyState }) => readyState),
      [3, 1, 0, 0, 0],
    );
  });

  it("gives up a place in that line when it is closed", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork(false);
    const [first, second, third] = ["ws://a/1", "ws://a/2", "ws://a/3"].map((url) => new WebSocket(url));
    await idle();
    second!.close();
    first!.close();
    const events = record(second!);
    await idle();
    assert.deepEqual(
      dials.map(({ address }) => address.target),
      ["/1", "/3"],
    );
    assert.deepEqual(events, ["error in 3", 'close 1006 "" unclean in 3']);
    assert.equal(third!.readyState, 0);
  });

  it("does not hold up others longer than its handshake may take", async () => {
    const { WebSocket, dials, platform, idle } = createWebSocketNetwork(false);
    const first = new WebSocket("ws://a/1", [], { handshakeTimeoutMs: 500 });
    const second = new WebSocket("ws://a/2");
    await idle();
    platform.clock.advance(500);
    await idle();
    assert.deepEqual([first.readyState, dials.length], [3, 2]);
    dials[1]!.accept();
    await idle();
    assert.equal(second.readyState, 1);
  });
});

describe("WebSockets §3.1 close", () => {
  it("throws an InvalidAccessError for other codes than 1000 and 3000 to 4999 (step 1)", async () => {
    const { open } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    const refused = [0, 999, 1001, 1005, 2999, 5000, 65_536 + 3000, Number.NaN, -1, 2999.5 - 0.01, null, "x", "1001"];
    for (const code of refused) {
      assert.throws(() => socket.close(code as number), { name: "InvalidAccessError", constructor: DOMException });
    }
    assert.throws(() => socket.close(1n as unknown as number), TypeError);
    assert.deepEqual([socket.readyState, peer.lines, events], [1, [], ["open in 1"]]);
  });

  it("throws a SyntaxError for a reason of more than 123 octets (step 2)", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    assert.throws(() => socket.close(1000, "ü".repeat(62)), syntaxError);
    socket.close(1000, `${"ü".repeat(61)}x`);
    await idle();
    assert.deepEqual(peer.lines, [`close 1000 ${"ü".repeat(61)}x`]);
  });

  const bodies = [
    { given: [], line: "close" },
    { given: [undefined], line: "close" },
    { given: [undefined, ""], line: "close" },
    { given: [1000], line: "close 1000" },
    { given: [3000.5], line: "close 3000" },
    { given: ["4999", "bye"], line: "close 4999 bye" },
    { given: [3001, "\ud807"], line: "close 3001 \ufffd" },
    { given: [undefined, "bye"], line: "close 1000 bye" },
  ];
  for (const { given, line } of bodies) {
    it(`sends "${line}" for close(${given.map((value) => JSON.stringify(value) ?? "undefined").join(", ")})`, async () => {
      const { open, idle } = createWebSocketNetwork();
      const { socket, peer } = await open();
      socket.close(...(given as [number?, string?]));
      assert.equal(socket.readyState, 2);
      await idle();
      assert.deepEqual(peer.lines, [line]);
    });
  }

  it("fails a connection that is not established, and tells later (step 3)", async () => {
    const { WebSocket, dials, refusals, idle } = createWebSocketNetwork(false);
    const socket = new WebSocket("ws://a/");
    const events = record(socket);
    await idle();
    socket.close(3000, "ignored");
    assert.deepEqual([socket.readyState, events], [2, []]);
    assert.equal(dials[0]!.signal.aborted, true);
    await idle();
    assert.deepEqual(events, ["error in 3", 'close 1006 "" unclean in 3']);
    assert.deepEqual(refusals, ["closed-while-connecting"]);
  });

  it("fails a connection that is established, but nobody has been told so", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork(false);
    const socket = new WebSocket("ws://a/");
    const events = record(socket);
    await idle();
    dials[0]!.accept();
    socket.close();
    await idle();
    assert.deepEqual(events, ["error in 3", 'close 1006 "" unclean in 3']);
    assert.equal(dials[0]!.stream.isDestroyed, true);
  });

  it("does nothing when it is closing or closed, whatever the state of the other end", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    socket.close(3000);
    socket.close(3001);
    await idle();
    peer.sendClose(3000, "too");
    peer.stream.end();
    await idle();
    socket.close(3002);
    assert.throws(() => socket.close(1), { name: "InvalidAccessError" });
    assert.deepEqual(peer.lines, ["close 3000"]);
    assert.deepEqual(events, ["open in 1", 'close 3000 "too" clean in 3']);
  });
});
