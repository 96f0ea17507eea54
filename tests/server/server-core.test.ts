import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IncomingRequest, ServerOptions } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { deferred } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { frame, sampleKey } from "../support/frames.js";
import { sampleHandshakeAccept, upgrade, upgradeHeaders } from "../support/upgrades.js";

function createCore<Data = undefined>(options: ServerOptions<Data>) {
  const platform = createFakePlatform();
  return { core: new ServerCore<Data>(options, platform), platform };
}

describe("a server without accept", () => {
  it("accepts every proper handshake, without a subprotocol (§4.2.2)", async () => {
    const { core } = createCore({ message: (socket, message) => socket.send(message) });
    const { idle, reply, switchProtocols } = upgrade(core, {
      rawHeaders: upgradeHeaders("Sec-WebSocket-Protocol", "chat"),
    });
    await idle();
    const { status, headers } = reply();
    assert.equal(status, 101);
    assert.equal(headers.get("Sec-WebSocket-Accept"), sampleHandshakeAccept);
    assert.equal(headers.get("Upgrade"), "websocket");
    assert.equal(headers.has("Sec-WebSocket-Protocol"), false);
    const peer = switchProtocols();
    peer.sendText("hello");
    await idle();
    assert.deepEqual(peer.lines, ["text hello"]);
    assert.equal(core.sockets.size, 1);
    const [socket] = core.sockets;
    assert.equal(socket?.protocol, "");
    assert.equal(socket?.remoteAddress, "192.0.2.7");
    assert.equal(socket?.data, undefined);
  });

  it("writes its answer and what the open handler sends in one write", async () => {
    const { core } = createCore({ open: (socket) => socket.send("welcome") });
    const { idle, stream, switchProtocols } = upgrade(core);
    await idle();
    assert.equal(stream.writes.length, 1);
    assert.deepEqual(switchProtocols().lines, ["text welcome"]);
  });

  it("delivers messages that arrived with the upgrade", async () => {
    const messages: unknown[] = [];
    const { core } = createCore({ message: (_socket, message) => messages.push(message) });
    const { idle } = upgrade(core, {}, {}, [frame({ opcode: 1, payload: "early", key: sampleKey })]);
    await idle();
    assert.deepEqual(messages, ["early"]);
  });

  it("answers what is no proper handshake with its HTTP status, and ends the stream", async () => {
    const { core, platform } = createCore({});
    const { idle, reply, received, client } = upgrade(core, { method: "POST" });
    await idle();
    assert.equal(reply().status, 405);
    assert.equal(reply().headers.get("Connection"), "close");
    assert.ok(reply().body.length > 0);
    assert.equal(received.count("ended"), 1);
    client.end();
    await idle();
    assert.equal(received.count("closed"), 1);
    assert.equal(received.error, undefined);
    assert.equal(platform.clock.pendingTimers, 0);
    assert.deepEqual(platform.reported, []);
  });

  it("cuts a refused peer that does not go, after closeTimeoutMs", async () => {
    const { core, platform } = createCore({ closeTimeoutMs: 700 });
    const { idle, stream } = upgrade(core, { method: "POST" });
    await idle();
    platform.clock.advance(699);
    assert.equal(stream.isDestroyed, false);
    platform.clock.advance(1);
    assert.equal(stream.isDestroyed, true);
  });
});

describe("accept", () => {
  it("gets the client's request", async () => {
    let seen: IncomingRequest | undefined;
    const { core } = createCore({
      origins: ["https://app.example"],
      accept: (request) => {
        seen = request;
        return undefined;
      },
    });
    const { idle, reply } = upgrade(core, {
      rawHeaders: upgradeHeaders("Cookie", "a=1", "Origin", "https://app.example", "Sec-WebSocket-Protocol", "v2, v1"),
    });
    await idle();
    assert.equal(reply().status, 101);
    assert.ok(seen instanceof Request);
    assert.equal(seen.url, "http://server.example:9000/chat?room=1");
    assert.equal(seen.method, "GET");
    assert.equal(seen.headers.get("Cookie"), "a=1");
    assert.equal(seen.headers.get("Origin"), "https://app.example");
    assert.equal(seen.remoteAddress, "192.0.2.7");
    assert.deepEqual(seen.protocols, ["v2", "v1"]);
  });

  for (const how of ["at once", "later"] as const) {
    it(`chooses subprotocol, headers and data ${how}`, async () => {
      const decision = {
        protocol: "v1",
        headers: [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ] as [string, string][],
        data: { user: "ada" },
      };
      const { core } = createCore<{ user: string }>({
        accept: () => (how === "at once" ? decision : Promise.resolve(decision)),
        open: (socket) => socket.send(`${socket.data.user} ${socket.protocol}`),
      });
      const { idle, reply, switchProtocols } = upgrade(core, {
        rawHeaders: upgradeHeaders("Sec-WebSocket-Protocol", "v2, v1"),
      });
      await idle();
      assert.equal(reply().status, 101);
      assert.equal(reply().headers.get("Sec-WebSocket-Protocol"), "v1");
      assert.deepEqual(reply().headers.getSetCookie(), ["a=1", "b=2"]);
      assert.deepEqual(switchProtocols().lines, ["text ada v1"]);
    });

    it(`refuses with a Response ${how}: status, headers, each cookie and body arrive`, async () => {
      const { core, platform } = createCore({
        accept: () => {
          const headers = new Headers({ "WWW-Authenticate": 'Bearer realm="x"', "Content-Type": "text/plain" });
          headers.append("Set-Cookie", "a=1; Path=/");
          headers.append("Set-Cookie", "b=2");
          const response = new Response("who are you? é", { status: 401, statusText: "Unauthorized", headers });
          return how === "at once" ? response : Promise.resolve(response);
        },
      });
      const { idle, reply, received } = upgrade(core);
      await idle();
      const { status, reasonPhrase, headers, body } = reply();
      assert.deepEqual([status, reasonPhrase, body], [401, "Unauthorized", "who are you? é"]);
      assert.equal(headers.get("WWW-Authenticate"), 'Bearer realm="x"');
      assert.equal(headers.get("Content-Length"), String(Buffer.byteLength("who are you? é")));
      assert.equal(headers.get("Connection"), "close");
      assert.deepEqual(headers.getSetCookie(), ["a=1; Path=/", "b=2"]);
      assert.equal(received.count("ended"), 1);
      assert.equal(core.sockets.size, 0);
      assert.deepEqual(platform.reported, []);
    });

    it(`that ${how === "at once" ? "throws" : "rejects"} is answered with 500, which tells nothing, and reported`, async () => {
      const errors: unknown[] = [];
      const failure = new Error("secret");
      const { core } = createCore({
        accept: () => {
          if (how === "at once") throw failure;
          return Promise.reject(failure);
        },
        error: (error, socket) => errors.push(error, socket),
      });
      const { idle, reply } = upgrade(core);
      await idle();
      assert.equal(reply().status, 500);
      assert.doesNotMatch(reply().body, /secret/);
      assert.deepEqual(errors, [failure, undefined]);
    });
  }

  it("that chooses what the client did not ask for is answered with 500, and reported (§4.2.2)", async () => {
    const { core, platform } = createCore({ accept: () => ({ protocol: "v3" }) });
    const { idle, reply } = upgrade(core, { rawHeaders: upgradeHeaders("Sec-WebSocket-Protocol", "v1") });
    await idle();
    assert.equal(reply().status, 500);
    assert.equal((platform.reported[0]?.error as { code?: string }).code, "protocol-not-offered");
    assert.equal(platform.reported[0]?.during, "accept");
  });

  it("that adds a header of the handshake, or half a line, is answered with 500", async () => {
    for (const headers of [{ "Sec-WebSocket-Accept": "x" }, { "X-Header": "a\r\nX-Injected: 1" }]) {
      const { core, platform } = createCore({ accept: () => ({ headers }) });
      const { idle, reply } = upgrade(core);
      await idle();
      assert.equal(reply().status, 500);
      assert.equal(platform.reported.length, 1);
    }
  });

  it("that refuses with a body that breaks off, or with what is no refusal, is answered with 500", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) });
    for (const response of [new Response(broken, { status: 403 }), Response.error()]) {
      const { core, platform } = createCore({ accept: () => response });
      const { idle, reply } = upgrade(core);
      await idle();
      assert.equal(reply().status, 500);
      assert.equal(platform.reported.length, 1);
    }
  });

  it("may refuse with a redirect, or without a body", async () => {
    const cases = [
      { response: Response.redirect("https://other.example/", 307), status: 307 },
      { response: new Response(null, { status: 204 }), status: 204 },
      { response: new Response(null, { status: 403 }), status: 403 },
    ];
    for (const { response, status } of cases) {
      const { core } = createCore({ accept: () => response });
      const { idle, reply } = upgrade(core);
      await idle();
      assert.equal(reply().status, status);
      assert.equal(reply().body, "");
    }
  });

  it("is not asked about a Host that no URL can hold: that is 400, and nobody's error but the peer's", async () => {
    for (const host of ["1.2.3.256", "%00", "[::zz]"]) {
      const { core, platform } = createCore({ accept: () => assert.fail("it was asked") });
      const rawHeaders = upgradeHeaders();
      rawHeaders[1] = host;
      const { idle, reply } = upgrade(core, { rawHeaders });
      await idle();
      assert.equal(reply().status, 400);
      assert.deepEqual(platform.reported, []);
      assert.equal(platform.clock.pendingTimers, 1, "only the refused peer's deadline");
    }
  });

  it("hands on what the peer sent meanwhile, in order", async () => {
    const gate = deferred<undefined>();
    const messages: unknown[] = [];
    const { core } = createCore({ accept: () => gate.promise, message: (_socket, message) => messages.push(message) });
    const { idle, switchProtocols, client, reply } = upgrade(core);
    for (const payload of ["a", "b", "c"]) {
      client.write([frame({ opcode: 1, payload, key: sampleKey })]);
      await idle();
    }
    gate.resolve(undefined);
    await idle();
    assert.equal(reply().status, 101);
    assert.deepEqual(messages, ["a", "b", "c"]);
    const peer = switchProtocols();
    peer.sendText("d");
    await idle();
    assert.deepEqual(messages, ["a", "b", "c", "d"]);
  });

  it("lets a peer that sends meanwhile wait at a bounded amount, and the socket's own bound holds from then on", async () => {
    const gate = deferred<undefined>();
    const handler = deferred();
    let handled = 0;
    const { core } = createCore({
      maxInboxBytes: 1000,
      accept: () => gate.promise,
      message: () => {
        handled++;
        return handler.promise;
      },
    });
    const { idle, client, received, stream } = upgrade(core, {}, { capacityBytes: 20_000 });
    const piece = frame({ opcode: 1, payload: "x".repeat(10_000), key: sampleKey });
    let sent = 0;
    const flood = async (): Promise<void> => {
      while (sent < 30) {
        sent++;
        const drained = received.count("drained");
        if (client.write([piece])) continue;
        await received.untilEvent("drained", drained + 1);
      }
    };
    const flooding = flood();
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(sent < 15, `${sent} were taken`);
    gate.resolve(undefined);
    await idle();
    // The handler is at its first message: still nobody reads on.
    assert.equal(handled, 1);
    assert.equal(stream.isPaused, true);
    assert.ok(sent < 20, `${sent} were taken`);
    handler.resolve();
    await flooding;
    await idle();
    assert.equal(handled, 30);
    assert.equal(stream.isPaused, false);
  });

  it("is told by its signal that the peer has left, and its decision does not count any more", async () => {
    for (const how of ["end", "destroy"] as const) {
      const gate = deferred<undefined>();
      let signal: AbortSignal | undefined;
      const { core, platform } = createCore({
        accept: (_request, context) => {
          ({ signal } = context);
          return gate.promise;
        },
        open: () => assert.fail("the peer has left"),
      });
      const { idle, client, received } = upgrade(core);
      await idle();
      assert.equal(signal?.aborted, false);
      client[how]();
      await idle();
      assert.equal(signal?.aborted, true);
      gate.resolve(undefined);
      await idle();
      assert.equal(core.sockets.size, 0);
      assert.equal(received.receivedBytes, 0);
      assert.deepEqual(platform.reported, []);
      assert.equal(platform.clock.pendingTimers, 0);
    }
  });

  it("that rejects because the peer has left is nobody's error", async () => {
    const { core, platform } = createCore({
      accept: (_request, { signal }) =>
        new Promise<undefined>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        ),
    });
    const { idle, client } = upgrade(core);
    await idle();
    client.destroy();
    await idle();
    assert.deepEqual(platform.reported, []);
  });

  it("has handshakeTimeoutMs, then the peer gets 503 and the signal is aborted", async () => {
    const gate = deferred<undefined>();
    let signal: AbortSignal | undefined;
    const { core, platform } = createCore({
      handshakeTimeoutMs: 2000,
      accept: (_request, context) => {
        ({ signal } = context);
        return gate.promise;
      },
      open: () => assert.fail("it was too late"),
    });
    const { idle, reply, received } = upgrade(core);
    await idle();
    platform.clock.advance(1999);
    assert.equal(signal?.aborted, false);
    platform.clock.advance(1);
    assert.equal(signal.aborted, true);
    await idle();
    assert.equal(reply().status, 503);
    gate.resolve(undefined);
    await idle();
    assert.equal(received.count("ended"), 1);
    assert.equal(core.sockets.size, 0);
    assert.deepEqual(platform.reported, []);
  });

  it("leaves no timer behind once it has decided", async () => {
    const { core, platform } = createCore({ accept: () => Promise.resolve(undefined) });
    const { idle } = upgrade(core);
    await idle();
    assert.equal(platform.clock.pendingTimers, 0);
  });
});

describe("iterating over a server", () => {
  it("yields each socket, with what it received before", async () => {
    const { core } = createCore({});
    const first = upgrade(core);
    await first.idle();
    first.switchProtocols().sendText("early");
    await first.idle();
    const iterator = core[Symbol.asyncIterator]();
    const { value: socket } = await iterator.next();
    assert.ok(socket !== undefined);
    for await (const message of socket) {
      assert.equal(message, "early");
      break;
    }
    const pending = iterator.next();
    const second = upgrade(core);
    await second.idle();
    assert.equal((await pending).done, false);
  });

  it("refuses more than maxWaitingSockets with 503, until some are taken", async () => {
    const { core } = createCore({ maxWaitingSockets: 2 });
    const statuses: number[] = [];
    const tryOnce = async (): Promise<void> => {
      const { idle, reply } = upgrade(core);
      await idle();
      statuses.push(reply().status);
    };
    await tryOnce();
    await tryOnce();
    await tryOnce();
    await core[Symbol.asyncIterator]().next();
    await tryOnce();
    assert.deepEqual(statuses, [101, 101, 503, 101]);
  });

  it("does not hold sockets for it where there are handlers", async () => {
    const { core } = createCore({ maxWaitingSockets: 0, message: () => undefined });
    const { idle, reply } = upgrade(core);
    await idle();
    assert.equal(reply().status, 101);
  });

  it("ends when the server closes", async () => {
    const { core } = createCore({});
    const pending = core[Symbol.asyncIterator]().next();
    await core.close(1001, "");
    assert.equal((await pending).done, true);
    assert.equal((await core[Symbol.asyncIterator]().next()).done, true);
  });
});

describe("closing a server", () => {
  it("closes every socket with the code and the reason, and waits for them", async () => {
    const { core } = createCore({ message: () => undefined });
    const upgrades = [upgrade(core), upgrade(core), upgrade(core)];
    for (const { idle } of upgrades) await idle();
    let isClosed = false;
    const closed = core.close(1001, "maintenance").then(() => {
      isClosed = true;
    });
    for (const { idle, switchProtocols } of upgrades) {
      assert.equal(isClosed, false);
      await idle();
      const peer = switchProtocols();
      assert.deepEqual(peer.lines, ["close 1001 maintenance"]);
      peer.sendClose(1001);
      peer.stream.end();
      await idle();
    }
    await closed;
    assert.equal(core.sockets.size, 0);
  });

  it("answers handshakes under way, and later ones, with 503", async () => {
    let signal: AbortSignal | undefined;
    const { core, platform } = createCore({
      accept: (_request, context) => {
        ({ signal } = context);
        return new Promise<undefined>(() => undefined);
      },
    });
    const early = upgrade(core);
    await early.idle();
    const closed = core.close(1001, "");
    await early.idle();
    assert.equal(early.reply().status, 503);
    assert.equal(signal?.aborted, true);
    const late = upgrade(core);
    await late.idle();
    assert.equal(late.reply().status, 503);
    assert.deepEqual(platform.reported, []);
    early.client.end();
    late.client.end();
    await closed;
  });

  it("does not accept what accept decides afterwards", async () => {
    const gate = deferred<undefined>();
    const { core } = createCore({ accept: () => gate.promise, open: () => assert.fail("the server is closing") });
    const { idle, reply } = upgrade(core);
    await idle();
    void core.close(1001, "");
    gate.resolve(undefined);
    await idle();
    assert.equal(reply().status, 503);
  });

  it("waits for those it has refused, before and since, until closeTimeoutMs", async () => {
    const { core, platform } = createCore({ accept: () => new Response(null, { status: 403 }), closeTimeoutMs: 500 });
    const gone = upgrade(core);
    await gone.idle();
    gone.client.end();
    await gone.idle();
    const leaving = upgrade(core);
    const staying = upgrade(core);
    await staying.idle();
    let isClosed = false;
    const closed = core.close(1001, "").then(() => {
      isClosed = true;
    });
    const late = upgrade(core);
    await late.idle();
    assert.equal(late.reply().status, 503);
    leaving.client.end();
    late.client.end();
    await late.idle();
    assert.equal(isClosed, false);
    platform.clock.advance(499);
    await staying.idle();
    assert.equal(isClosed, false);
    platform.clock.advance(1);
    await closed;
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("refuses what cannot be sent, with everything as it was", async () => {
    const { core } = createCore({ message: (socket, message) => socket.send(message) });
    const { idle, switchProtocols } = upgrade(core);
    await idle();
    assert.throws(() => core.close(1005, ""), { code: "close-code-not-sendable" });
    assert.equal(core.isClosing, false);
    const peer = switchProtocols();
    peer.sendText("alive");
    await idle();
    assert.deepEqual(peer.lines, ["text alive"]);
  });

  it("refuses what cannot be sent even where there is no socket to send it", () => {
    const { core } = createCore({});
    assert.throws(() => core.close(1005, ""), { code: "close-code-not-sendable" });
    assert.throws(() => core.close(1000, "x".repeat(124)), { code: "close-reason-too-long" });
    assert.equal(core.isClosing, false);
  });
});

describe("the sockets of a server", () => {
  it("are those that have not ended", async () => {
    const { core } = createCore({ message: () => undefined });
    const first = upgrade(core);
    const second = upgrade(core);
    await first.idle();
    await second.idle();
    assert.equal(core.sockets.size, 2);
    first.client.destroy();
    await first.idle();
    assert.equal(core.sockets.size, 1);
  });

  it("include one in its close handler's time no more", async () => {
    const sizes: number[] = [];
    const { core } = createCore({ message: () => undefined, close: () => void sizes.push(core.sockets.size) });
    const { idle, client } = upgrade(core);
    await idle();
    client.destroy();
    await idle();
    assert.deepEqual(sizes, [0]);
  });
});
