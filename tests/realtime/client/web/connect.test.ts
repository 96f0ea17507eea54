/**
 * Connections over a platform's WebSocket.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { ConnectionOptions } from "#src/realtime/client/index.js";
import { connect } from "#src/realtime/client/web/connect.js";
import { fakePlatform, settled } from "../../../support/fake-web-socket.js";

function connecting(t: TestContext) {
  const sockets = fakePlatform(t);
  const abort = new AbortController();
  const messages: unknown[] = [];
  const options: ConnectionOptions = {
    protocols: ["a", "b"],
    signal: abort.signal,
    message: (_connection, message) => messages.push(message),
    error: () => undefined,
  };
  const connection = connect("http://fake.test/realtime", options);
  const [socket] = sockets;
  assert.ok(socket !== undefined);
  return { socket, abort, messages, connection };
}

describe("a connection over a platform's WebSocket", () => {
  it("hands over what comes, and tells how it ended", async (t) => {
    const { socket, messages, connection } = connecting(t);
    assert.equal(socket.url, "ws://fake.test/realtime");
    assert.deepEqual(socket.protocols, ["a", "b"]);
    socket.protocol = "b";
    socket.opens();
    const opened = await connection;
    assert.equal(opened.protocol, "b");
    socket.receives("text");
    socket.receives(Uint8Array.of(1, 2).buffer);
    assert.deepEqual(messages, ["text", Uint8Array.of(1, 2)]);
    assert.deepEqual(opened.send("x"), { ok: true, status: "sent" });
    assert.deepEqual(socket.sent, ["x"]);
    socket.ends(4401, "who", true);
    assert.deepEqual(await opened.closed, { code: 4401, reason: "who", wasClean: true, initiator: "peer" });
    socket.receives("late");
    assert.equal(messages.length, 2);
    assert.deepEqual(opened.send("x"), { ok: false, status: "refused" });
  });

  it("says when there is no room, and when there is again", async (t) => {
    const { socket, connection } = connecting(t);
    socket.opens();
    const opened = await connection;
    socket.isSlow = true;
    assert.deepEqual(opened.send("x".repeat(100_000)), { ok: true, status: "buffered" });
    let hasRoom = false;
    void opened.ready().then(() => {
      hasRoom = true;
    });
    t.mock.timers.tick(50);
    await settled();
    assert.equal(hasRoom, false);
    socket.bufferedAmount = 0;
    t.mock.timers.tick(50);
    await settled();
    assert.equal(hasRoom, true);
    opened.close(4400, "why");
    assert.deepEqual(socket.closes, [[4400, "why"]]);
    socket.ends(4400, "why", true);
    assert.equal((await opened.closed).initiator, "us");
  });

  it("is over at once when it is cut, whatever the platform waits for", async (t) => {
    const { socket, connection } = connecting(t);
    socket.opens();
    const opened = await connection;
    opened.terminate();
    assert.deepEqual(await opened.closed, { code: 1006, reason: "", wasClean: false, initiator: "us" });
  });

  it("is not there where the platform says so, and given up when it is aborted", async (t) => {
    const { socket, abort, connection } = connecting(t);
    abort.abort();
    assert.equal(socket.closes.length, 1);
    socket.ends();
    await assert.rejects(connection, { code: "connection-lost" });
  });

  it("refuses a URL that is none", (t) => {
    fakePlatform(t);
    const options = { protocols: [], signal: new AbortController().signal, message: () => 0, error: () => undefined };
    assert.throws(() => connect("nonsense", options), { code: "url-invalid" });
  });
});
