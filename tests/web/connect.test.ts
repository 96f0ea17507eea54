import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { ConnectError, connect, HandshakeTimeoutError, UsageError } from "#src/web/index.js";
import { fakePlatform, settled } from "../support/fake-web-socket.js";

const url = "ws://localhost:9000/";

describe("connect over a platform's WebSocket", () => {
  it("resolves to a socket when the platform has opened it", async (t) => {
    const made = fakePlatform(t);
    const connecting = connect("http://localhost:9000/path?query", { protocols: ["chat", "news"] });
    const [webSocket] = made;
    assert.ok(webSocket);
    assert.equal(webSocket.url, "ws://localhost:9000/path?query");
    assert.deepEqual(webSocket.protocols, ["chat", "news"]);
    assert.equal(webSocket.binaryType, "arraybuffer");
    webSocket.protocol = "news";
    webSocket.extensions = "permessage-deflate";
    webSocket.opens();
    const socket = await connecting;
    assert.equal(socket.url, "ws://localhost:9000/path?query");
    assert.equal(socket.readyState, "open");
    assert.equal(socket.protocol, "news");
    assert.equal(socket.extensions, "permessage-deflate");
    assert.equal(socket.remoteAddress, undefined);
    assert.equal(socket.droppedMessages, 0);
  });

  it("has a URL that tells no user name and password", async (t) => {
    const made = fakePlatform(t);
    const connecting = connect("ws://me:secret@localhost:9000/@me?to=you@there");
    made[0]?.opens();
    assert.equal((await connecting).url, "ws://localhost:9000/@me?to=you@there");
  });

  it("sets no timer that outlives the handshake", async (t) => {
    const made = fakePlatform(t);
    const connecting = connect(url, { handshakeTimeoutMs: 100 });
    made[0]?.opens();
    const socket = await connecting;
    t.mock.timers.tick(1000);
    assert.equal(socket.readyState, "open");
    assert.deepEqual(made[0]?.closes, []);
  });

  it("rejects with a ConnectError when there is no connection, with the cause where the platform tells it", async (t) => {
    const made = fakePlatform(t);
    const refused = connect(url);
    made[0]?.ends();
    await assert.rejects(refused, (error) => error instanceof ConnectError && error.cause === undefined);
    const cause = new Error("no route");
    const failed = connect(url);
    made[1]?.fails(cause);
    made[1]?.ends();
    await assert.rejects(failed, (error) => error instanceof ConnectError && error.cause === cause);
  });

  it("rejects with a ConnectError when the platform allows no connection there", async (t) => {
    const insecure = new DOMException("an insecure connection from a secure page", "SecurityError");
    fakePlatform(t, () => {
      throw insecure;
    });
    await assert.rejects(connect(url), (error) => error instanceof ConnectError && error.cause === insecure);
  });

  it("gives up after handshakeTimeoutMs, and hears nothing of it afterwards", async (t) => {
    const made = fakePlatform(t);
    const connecting = connect(url, { handshakeTimeoutMs: 250, open: () => assert.fail("opened late") });
    t.mock.timers.tick(249);
    assert.deepEqual(made[0]?.closes, []);
    t.mock.timers.tick(1);
    await assert.rejects(connecting, (error) => error instanceof HandshakeTimeoutError && error.limit === 250);
    assert.deepEqual(made[0]?.closes, [[]]);
    made[0]?.opens();
    made[0]?.ends();
    await settled();
  });

  it("waits ten seconds by default", async (t) => {
    fakePlatform(t);
    const connecting = connect(url);
    t.mock.timers.tick(10_000);
    await assert.rejects(connecting, { code: "handshake-timeout", limit: 10_000 });
  });

  it("gives up when its signal is aborted, with the signal's reason", async (t) => {
    const made = fakePlatform(t);
    const controller = new AbortController();
    const connecting = connect(url, { signal: controller.signal });
    const reason = new Error("the user left");
    controller.abort(reason);
    await assert.rejects(connecting, reason);
    assert.deepEqual(made[0]?.closes, [[]]);
    made[0]?.ends();
    t.mock.timers.tick(20_000);
  });

  it("connects nowhere when its signal is aborted already", async (t) => {
    const made = fakePlatform(t);
    const reason = new Error("too late");
    await assert.rejects(connect(url, { signal: AbortSignal.abort(reason) }), reason);
    assert.equal(made.length, 0);
  });

  it("leaves an open socket alone when its signal is aborted later", async (t) => {
    const made = fakePlatform(t);
    const controller = new AbortController();
    const connecting = connect(url, { signal: controller.signal });
    made[0]?.opens();
    const socket = await connecting;
    controller.abort();
    assert.equal(socket.readyState, "open");
  });

  it("calls the open handler before any message is delivered", async (t) => {
    const made = fakePlatform(t);
    const seen: string[] = [];
    let letGo: () => void = () => undefined;
    const connecting = connect(url, {
      open: async () => {
        seen.push("open");
        await new Promise<void>((resolve) => {
          letGo = resolve;
        });
        seen.push("opened");
      },
      message: (_socket, message) => seen.push(String(message)),
    });
    made[0]?.opens();
    made[0]?.receives("first");
    await connecting;
    await settled();
    assert.deepEqual(seen, ["open"]);
    letGo();
    await settled();
    assert.deepEqual(seen, ["open", "opened", "first"]);
  });

  it("rejects a subprotocol that the platform does not take", async (t) => {
    fakePlatform(t, () => {
      throw new DOMException("The subprotocol 'a b' is invalid", "SyntaxError");
    });
    await assert.rejects(
      connect(url, { protocols: "a b" }),
      (error) => error instanceof UsageError && error.code === "protocol-invalid" && error.observed === "a b",
    );
  });

  const rejects = async (t: TestContext, options: object, expected: object): Promise<void> => {
    const made = fakePlatform(t);
    await assert.rejects(connect(url, options), (error) => {
      assert.ok(error instanceof UsageError);
      const { code, message } = error;
      assert.deepEqual({ code, message }, { ...{ code, message }, ...expected });
      return true;
    });
    assert.equal(made.length, 0);
  };

  it("names an option that only Node has, and what to do in place of headers", async (t) => {
    await rejects(
      t,
      { headers: { authorization: "Bearer x" } },
      { message: "unsupported-by-platform: headers; use protocols, cookies or the URL" },
    );
  });

  it("takes options of Node's that are undefined", async (t) => {
    const made = fakePlatform(t);
    const options: object = { headers: undefined, tls: undefined };
    const connecting = connect(url, options);
    made[0]?.opens();
    await connecting;
  });

  it("names a limit that is none", async (t) => {
    await rejects(
      t,
      { maxInboxBytes: -1 },
      { message: "invalid-limit: maxInboxBytes: got -1, the limit is 2147483647" },
    );
  });

  it("says so where there is no WebSocket", async (t) => {
    fakePlatform(t);
    Object.defineProperty(globalThis, "WebSocket", { value: undefined, configurable: true, writable: true });
    await assert.rejects(connect(url), (error) => error instanceof ConnectError && error.cause instanceof TypeError);
  });
});
