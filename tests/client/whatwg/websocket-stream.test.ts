import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OpenSocket, WebSocketOpenInfo, WebSocketStream } from "#src/client/index.js";
import { BlockedPortError, defineWebSocketStream, WebSocketError } from "#src/client/index.js";
import type { Socket } from "#src/socket/index.js";
import type { EndpointSetup, PeerMeeting } from "../../support/endpoints.js";
import { deferred, meetRawPeer } from "../../support/endpoints.js";
import { turns } from "../../support/task-queue.js";

interface StreamMeeting extends PeerMeeting, WebSocketOpenInfo {
  readonly wss: WebSocketStream;
}

const afterReading = (callback: () => void): void => void setImmediate(callback);

/** A stream that is open, against a peer that speaks frames by hand. */
async function meet(setup: EndpointSetup = {}, memory: Parameters<typeof meetRawPeer>[2] = {}): Promise<StreamMeeting> {
  const meeting = meetRawPeer("client", setup, memory);
  const wss = streamOver(() => Promise.resolve(meeting.socket));
  return { ...meeting, wss, ...(await wss.opened) };
}

function streamOver(open: OpenSocket, ...options: readonly unknown[]): WebSocketStream {
  const make = defineWebSocketStream({ open, afterReading }) as unknown as new (
    ...parameters: readonly unknown[]
  ) => WebSocketStream;
  return new make("ws://h/", ...options);
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => assert.fail("it was resolved"),
    (error: unknown) => error as Error,
  );
}

async function webSocketErrorOf(promise: Promise<unknown>): Promise<WebSocketError> {
  const error = await rejection(promise);
  assert.ok(error instanceof WebSocketError);
  return error;
}

const never: OpenSocket = (_url, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

describe("the class WebSocketStream", () => {
  const made = defineWebSocketStream({ open: never, afterReading });

  it("looks as its interface says", () => {
    assert.deepEqual([made.name, made.length], ["WebSocketStream", 1]);
    assert.deepEqual(Object.keys(made.prototype), ["url", "opened", "closed", "close"]);
    assert.equal((Reflect.get(made.prototype, "close") as { length?: number }).length, 0);
    assert.equal(Object.prototype.toString.call(new made("ws://h/")), "[object WebSocketStream]");
  });

  it("needs a URL, and gives it back as it is serialized", () => {
    const make = made as unknown as new (...parameters: readonly unknown[]) => WebSocketStream;
    assert.throws(() => new make(), TypeError);
    assert.throws(() => new make(undefined), { name: "SyntaxError" });
    for (const url of ["", "/a", "ftp://h/", "mailto:a@b", "ws://h/#a", "ws://h/#"]) {
      assert.throws(() => new make(url), { name: "SyntaxError" }, url);
    }
    // As those of a WebSocket.
    for (const protocols of [[""], ["a b"], ["a,b"], ["é"], ["a", "b", "a"], ["a", "A"]]) {
      assert.throws(() => new make("ws://h/", { protocols }), { name: "SyntaxError" });
    }
    assert.equal(new made(new URL("HTTP://H:80/a b")).url, "ws://h/a%20b");
  });

  it("refuses other objects: attributes that are promises reject, all else throws", async () => {
    const { prototype } = made;
    const getter = (name: string): unknown => Object.getOwnPropertyDescriptor(prototype, name)?.get?.call({});
    assert.throws(() => getter("url"), TypeError);
    assert.ok((await rejection(getter("opened") as Promise<unknown>)) instanceof TypeError);
    assert.ok((await rejection(getter("closed") as Promise<unknown>)) instanceof TypeError);
    assert.throws(() => prototype.close.call({}), TypeError);
  });

  it("asks for what it was given: subprotocols in order, and the URL with its credentials", () => {
    let seen: Parameters<OpenSocket> | undefined;
    const open: OpenSocket = (...call) => {
      seen = call;
      return new Promise(() => undefined);
    };
    const wss = new (defineWebSocketStream({ open, afterReading }))("ws://a:b@h/", { protocols: ["x", "y"] });
    assert.equal(seen?.[0].href, "ws://a:b@h/");
    assert.deepEqual(seen[1].protocols, ["x", "y"]);
    assert.equal(wss.url, "ws://a:b@h/");
  });
});

describe("the handshake of a WebSocketStream", () => {
  it("resolves to the streams and to what was agreed on", async () => {
    const { readable, writable, protocol, extensions } = await meet();
    assert.ok(readable instanceof ReadableStream);
    assert.ok(writable instanceof WritableStream);
    assert.deepEqual([protocol, extensions], ["", ""]);
  });

  it("rejects both promises with a WebSocketError when there is no connection, and tells why", async () => {
    const cause = new Error("nobody there");
    const wss = streamOver(() => Promise.reject(cause));
    const [opened, closed] = [await webSocketErrorOf(wss.opened), await webSocketErrorOf(wss.closed)];
    assert.equal(opened.closeCode, null);
    assert.equal(closed.closeCode, 1006);
    assert.equal(closed.cause, cause);
    assert.match(closed.message, /nobody there/u);
  });

  it("is not tried on a port of another service (Fetch §2.9)", async () => {
    const Stream = defineWebSocketStream({ open: () => assert.fail("it was asked"), afterReading });
    const { cause } = await webSocketErrorOf(new Stream("ws://h:6667/").opened);
    assert.ok(cause instanceof BlockedPortError);
  });

  it("is given up by close(), whose code counts for nothing then", async () => {
    const wss = streamOver(never);
    wss.close({ closeCode: 3000 });
    wss.close();
    await webSocketErrorOf(wss.opened);
    assert.equal((await webSocketErrorOf(wss.closed)).closeCode, 1006);
  });

  it("is given up by the signal, whose reason both promises get", async () => {
    const controller = new AbortController();
    const wss = streamOver(never, { signal: controller.signal });
    const reason = new Error("enough");
    controller.abort(reason);
    assert.equal(await rejection(wss.opened), reason);
    assert.equal(await rejection(wss.closed), reason);
  });

  it("does not begin when the signal is aborted already", async () => {
    let calls = 0;
    const open: OpenSocket = (...call) => {
      calls++;
      return never(...call);
    };
    const wss = streamOver(open, { signal: AbortSignal.abort() });
    assert.equal((await rejection(wss.opened)).name, "AbortError");
    assert.equal((await rejection(wss.closed)).name, "AbortError");
    assert.equal(calls, 0);
  });

  it("cuts a connection that comes about when it was given up already", async () => {
    for (const giveUp of ["close", "abort"] as const) {
      const { socket, idle } = meetRawPeer("client");
      const opening = deferred<Socket>();
      const controller = new AbortController();
      const wss = streamOver(() => opening.promise, { signal: controller.signal });
      opening.resolve(socket);
      if (giveUp === "close") wss.close();
      else controller.abort();
      await rejection(wss.opened);
      await rejection(wss.closed);
      await idle();
      assert.equal((await socket.closed).outcome, "dropped");
    }
  });

  it("is over for the signal when the connection is open, and nothing listens to it any more", async () => {
    const { socket, peer, idle } = meetRawPeer("client");
    const controller = new AbortController();
    const wss = streamOver(() => Promise.resolve(socket), { signal: controller.signal });
    const { writable } = await wss.opened;
    controller.abort();
    await writable.getWriter().write("still here");
    await idle();
    assert.deepEqual(peer.lines, ["text still here"]);
  });

  it("fails where a subprotocol was asked for and none was chosen", async () => {
    const { socket, idle } = meetRawPeer("client");
    const wss = streamOver(() => Promise.resolve(socket), { protocols: ["a"] });
    assert.match((await webSocketErrorOf(wss.opened)).message, /subprotocols/u);
    await webSocketErrorOf(wss.closed);
    await idle();
    assert.equal(socket.readyState, "closed");
  });
});

describe("the readable of a WebSocketStream", () => {
  it("yields text as strings and binary as Uint8Arrays with memory of their own", async () => {
    const { peer, readable, idle } = await meet();
    peer.send({ opcode: 1, payload: "é" }, { opcode: 2, payload: Uint8Array.of(1, 2) });
    await idle();
    const reader = readable.getReader();
    assert.equal((await reader.read()).value, "é");
    const { value } = await reader.read();
    assert.ok(value instanceof Uint8Array);
    assert.equal(Object.prototype.toString.call(value), "[object Uint8Array]");
    assert.deepEqual([value.byteOffset, value.buffer.byteLength], [0, 2]);
  });

  it("stops reading from the network at a bounded amount while nobody reads it", async () => {
    const { peer, stream, readable, idle } = await meet({ maxInboxBytes: 5000 }, { capacityBytes: 5000 });
    for (let index = 0; index < 100; index++) peer.sendText(String(index).padEnd(1000));
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(peer.unsentBytes > 70_000);
    let count = 0;
    for await (const message of readable) {
      assert.equal(String(message).trimEnd(), String(count));
      if (++count === 100) break;
    }
    assert.equal(count, 100);
  });

  it("ends after the last message when the peer closes, however little was read before", async () => {
    const { peer, readable, wss, idle } = await meet();
    peer.sendText("a", "b", "c");
    peer.sendClose(4000, "done");
    await idle();
    peer.stream.end();
    assert.deepEqual(await wss.closed, { closeCode: 4000, reason: "done" });
    const messages: unknown[] = [];
    for await (const message of readable) messages.push(message);
    assert.deepEqual(messages, ["a", "b", "c"]);
  });

  it("has nothing of what comes after close() (handle a WebSocketStream message, 1)", async () => {
    const { peer, readable, wss, idle } = await meet();
    wss.close();
    await idle();
    peer.sendText("late");
    peer.sendClose();
    peer.stream.end();
    await wss.closed;
    assert.deepEqual(await readable.getReader().read(), { done: true, value: undefined });
    assert.deepEqual(peer.lines, ["close"]);
  });

  it("fails with the same WebSocketError as closed and the writable when the connection breaks", async () => {
    const { peer, readable, writable, wss } = await meet();
    const reading = readable.getReader().read();
    peer.stream.destroy();
    const error = await webSocketErrorOf(wss.closed);
    assert.equal(error.closeCode, 1006);
    assert.equal(await rejection(reading), error);
    assert.equal(await rejection(writable.getWriter().closed), error);
  });

  it("says 1006 for a peer that breaks the protocol, and the rule as the cause", async () => {
    const { peer, wss, idle } = await meet();
    peer.send({ opcode: 3, payload: "" });
    await idle();
    peer.stream.end();
    const error = await webSocketErrorOf(wss.closed);
    assert.deepEqual([error.closeCode, error.reason], [1006, ""]);
    assert.equal((error.cause as { code?: string }).code, "reserved-opcode");
    assert.deepEqual(peer.lines, ["close 1002 reserved-opcode"]);
  });
});

describe("the writable of a WebSocketStream", () => {
  it("sends strings as text and octets as binary", async () => {
    const { peer, writable, idle } = await meet();
    const writer = writable.getWriter();
    await writer.write("é");
    await writer.write(Uint8Array.of(1, 2, 3).buffer);
    await writer.write(new Uint8Array(2));
    await idle();
    assert.deepEqual(peer.lines, ["text é", "binary 3", "binary 2"]);
  });

  it("is done with a write when there is room for the next, and not before", async () => {
    const { writable, peer, idle } = await meet({ highWaterMarkBytes: 1000 }, { capacityBytes: 1000 });
    peer.stream.pause();
    const writer = writable.getWriter();
    let isDone = false;
    const writing = writer.write(new Uint8Array(50_000)).then(() => {
      isDone = true;
    });
    await idle();
    assert.equal(isDone, false);
    assert.equal(writer.desiredSize, 0);
    peer.stream.resume();
    await writing;
    assert.equal(isDone, true);
  });

  it("lets others have their turn, however fast it is", async () => {
    const { writable } = await meet({}, { capacityBytes: 1_000_000 });
    const writer = writable.getWriter();
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    for (let count = 0; count < 20; count++) await writer.write(new Uint8Array(4000));
    assert.equal(hasTurned, true);
  });

  it("fails with a TypeError for what cannot be sent, and the connection lives", async () => {
    const { writable, wss, peer, idle } = await meet();
    const error = await rejection(writable.getWriter().write(new Uint8Array(new SharedArrayBuffer(1))));
    assert.ok(error instanceof TypeError);
    await idle();
    assert.deepEqual(peer.lines, []);
    wss.close();
  });

  it("rejects what was not sent when the peer closes meanwhile, which is no clean end", async () => {
    const { writable, peer, wss, idle } = await meet({ highWaterMarkBytes: 1000 }, { capacityBytes: 1000 });
    peer.stream.pause();
    const writer = writable.getWriter();
    const writing = rejection(writer.write(new Uint8Array(50_000)));
    peer.sendClose(4567);
    await idle();
    peer.stream.resume();
    await idle();
    peer.stream.end();
    assert.equal((await webSocketErrorOf(wss.closed)).closeCode, 4567);
    const error = await writing;
    assert.equal(error.name, "InvalidStateError");
    assert.equal(await rejection(writer.write("more")), error);
  });

  it("rejects what waits when the connection breaks", async () => {
    const { writable, peer, wss } = await meet({ highWaterMarkBytes: 1000 }, { capacityBytes: 1000 });
    peer.stream.pause();
    const writing = rejection(writable.getWriter().write(new Uint8Array(50_000)));
    await turns(2);
    peer.stream.destroy();
    assert.equal((await writing).name, "InvalidStateError");
    assert.equal((await webSocketErrorOf(wss.closed)).closeCode, 1006);
  });

  it("rejects what is written after close() instead of dropping it", async () => {
    const { writable, wss } = await meet();
    wss.close();
    assert.equal((await rejection(writable.getWriter().write("lost"))).name, "InvalidStateError");
  });

  it("is closed when the closing handshake is done", async () => {
    const { writable, peer, wss, idle } = await meet();
    let isClosed = false;
    const closing = writable.close().then(() => {
      isClosed = true;
    });
    await idle();
    assert.deepEqual([isClosed, peer.lines], [false, ["close"]]);
    peer.send({ opcode: 8, payload: "" });
    peer.stream.end();
    await closing;
    assert.deepEqual(await wss.closed, { closeCode: 1005, reason: "" });
  });

  it("fails to close when the peer does not answer", async () => {
    const { writable, peer, wss, idle } = await meet();
    const closing = rejection(writable.close());
    await idle();
    peer.stream.destroy();
    assert.equal(await closing, await webSocketErrorOf(wss.closed));
  });

  it("is given up by abort() even while a write waits", async () => {
    const { writable, peer, wss, idle } = await meet({ highWaterMarkBytes: 1000 }, { capacityBytes: 1000 });
    peer.stream.pause();
    const writer = writable.getWriter();
    const reason = new WebSocketError("", { closeCode: 3000 });
    const writing = rejection(writer.write(new Uint8Array(50_000)));
    await turns(2);
    await writer.abort(reason);
    assert.equal(await writing, reason);
    peer.stream.resume();
    await idle();
    assert.equal(peer.lines.at(-1), "close 3000");
    peer.stream.destroy();
    await webSocketErrorOf(wss.closed);
  });
});

describe("closing a WebSocketStream", () => {
  const ways: Readonly<Record<string, (meeting: StreamMeeting, reason?: unknown) => unknown>> = {
    "writable.abort": ({ writable }, reason) => writable.abort(reason),
    "readable.cancel": ({ readable }, reason) => readable.cancel(reason),
  };
  for (const [name, close] of Object.entries(ways)) {
    it(`by ${name} says what a WebSocketError says, and nothing else`, async () => {
      const cases: readonly (readonly [unknown, string])[] = [
        [undefined, "close"],
        [{ closeCode: 3333, reason: "r" }, "close"],
        [new WebSocketError("", { closeCode: 3333, reason: "r" }), "close 3333 r"],
        [new WebSocketError("", { reason: "r" }), "close 1000 r"],
      ];
      for (const [reason, line] of cases) {
        const meeting = await meet();
        await close(meeting, reason);
        await meeting.idle();
        assert.deepEqual(meeting.peer.lines, [line]);
        meeting.peer.sendClose();
        meeting.peer.stream.end();
        await meeting.wss.closed;
      }
    });

    it(`by ${name} leaves out a code that came from a peer and must not be sent`, async () => {
      const first = await meet();
      first.peer.stream.destroy();
      const error = await webSocketErrorOf(first.wss.closed);
      const meeting = await meet();
      await close(meeting, error);
      await meeting.idle();
      assert.deepEqual(meeting.peer.lines, ["close"]);
    });
  }

  it("takes a code and a reason, 1000 beside a mere reason, and is done once", async () => {
    const { wss, peer, idle } = await meet();
    wss.close({ reason: "bye" });
    wss.close({ closeCode: 4000 });
    await idle();
    assert.deepEqual(peer.lines, ["close 1000 bye"]);
  });

  it("throws for what must not be sent, also when it is closed, and stays open", async () => {
    const { wss, writable, peer, idle } = await meet();
    const close = wss.close.bind(wss) as (info: unknown) => void;
    assert.throws(() => close(true), TypeError);
    assert.throws(() => close({ closeCode: 1001 }), { name: "InvalidAccessError" });
    assert.throws(() => close({ reason: "x".repeat(124) }), { name: "SyntaxError" });
    await writable.getWriter().write("open");
    wss.close();
    assert.throws(() => close({ closeCode: 1001 }), { name: "InvalidAccessError" });
    await idle();
    assert.deepEqual(peer.lines, ["text open", "close"]);
  });

  it("resolves with the peer's code where both have closed at once", async () => {
    const { wss, peer, writable, idle } = await meet();
    wss.close({ closeCode: 4111, reason: "ours" });
    peer.sendClose(4222, "theirs");
    await idle();
    peer.stream.end();
    assert.deepEqual(await wss.closed, { closeCode: 4222, reason: "theirs" });
    assert.equal((await rejection(writable.getWriter().closed)).name, "InvalidStateError");
  });

  it("rejects when the peer does not answer in time", async () => {
    const { wss, platform, idle } = await meet({ closeTimeoutMs: 1000 });
    wss.close();
    await idle();
    platform.clock.advance(1000);
    const error = await webSocketErrorOf(wss.closed);
    assert.equal((error.cause as { code?: string }).code, "close-timeout");
  });
});
