import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseEvent } from "#src/client/index.js";
import { createWebSocketNetwork, record } from "../../support/web-socket-network.js";

describe("WebSockets §4 feedback from the protocol", () => {
  it("is told in tasks: nothing happens before the caller has returned", async () => {
    const { WebSocket, dials, idle } = createWebSocketNetwork();
    const socket = new WebSocket("ws://a/", "chat");
    const events = record(socket);
    assert.deepEqual([socket.readyState, socket.protocol, socket.extensions, events.length], [0, "", "", 0]);
    await idle();
    assert.deepEqual([socket.readyState, socket.protocol, events], [1, "chat", ["open in 1"]]);
    assert.equal(dials.length, 1);
  });

  it("fires each event in a task of its own, so that continuations run in between", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    const order: string[] = [];
    socket.onmessage = async ({ data }) => {
      order.push(String(data));
      for (let step = 1; step <= 5; step++) await Promise.resolve();
      order.push(`after ${String(data)}`);
    };
    // In one piece.
    peer.sendText("a", "b", "c");
    await idle();
    assert.deepEqual(order, ["a", "after a", "b", "after b", "c", "after c"]);
  });

  it("hands binary messages out as the binary type says when their event is fired", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    assert.equal(socket.binaryType, "blob");
    socket.addEventListener("message", () => {
      socket.binaryType = "arraybuffer";
    });
    const payload = Uint8Array.of(1, 2, 3);
    peer.sendOctets(Buffer.concat([1, 2].map(() => peer.encode({ opcode: 2, payload }))));
    await idle();
    assert.deepEqual(events, ["open in 1", "message Blob(3) in 1", "message ArrayBuffer(3) in 1"]);
    socket.binaryType = "bytes" as "blob";
    assert.equal(socket.binaryType, "arraybuffer");
  });

  it("fires a MessageEvent with the origin of the URL", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    const received: MessageEvent[] = [];
    socket.onmessage = (event) => received.push(event);
    peer.sendText("x");
    await idle();
    const [event] = received;
    assert.ok(event instanceof MessageEvent);
    assert.deepEqual(
      [event.type, event.data, event.origin, event.lastEventId],
      ["message", "x", "ws://server.example", ""],
    );
    assert.deepEqual(
      [event.bubbles, event.cancelable, Object.prototype.toString.call(event)],
      [false, false, "[object MessageEvent]"],
    );
  });

  it("is CLOSING from the peer's Close frame on, after the messages before it", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    const body = Buffer.from([0x0f, 0xa1, 0x62, 0x79, 0x65]);
    const frames = [
      { opcode: 1, payload: "a" },
      { opcode: 1, payload: "b" },
      { opcode: 8, payload: body },
    ];
    peer.sendOctets(Buffer.concat(frames.map((parts) => peer.encode(parts))));
    await idle();
    assert.deepEqual([socket.readyState, events], [2, ["open in 1", "message a in 1", "message b in 1"]]);
    assert.deepEqual(peer.lines, ["close 4001"]);
    peer.stream.end();
    await idle();
    assert.deepEqual(events.slice(3), ['close 4001 "bye" clean in 3']);
  });

  it("drops messages that come when close was called (message step 1)", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    socket.addEventListener("message", () => socket.close());
    peer.sendText("a", "b");
    await idle();
    assert.deepEqual(events, ["open in 1", "message a in 1"]);
    peer.sendClose();
    peer.stream.end();
    await idle();
    assert.deepEqual(events.slice(2), ['close 1000 "" clean in 3']);
  });

  it("answers 1005 for a Close frame without a body", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { peer, events } = await open();
    peer.send({ opcode: 8, payload: new Uint8Array(0) });
    peer.stream.end();
    await idle();
    assert.deepEqual(events, ["open in 1", 'close 1005 "" clean in 3']);
  });

  it("fires error before close, with 1006, when the peer breaks the protocol, after what came before", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    const broken = Uint8Array.of(0x83, 0);
    peer.sendOctets(Buffer.concat([peer.encode({ opcode: 1, payload: "fine" }), broken]));
    await idle();
    assert.deepEqual([socket.readyState, events], [2, ["open in 1", "message fine in 1"]]);
    peer.stream.end();
    await idle();
    assert.deepEqual(events.slice(2), ["error in 3", 'close 1006 "" unclean in 3']);
  });

  it("fires error before close when an open connection breaks off, and none when a closing one does", async () => {
    for (const isClosing of [false, true]) {
      const { open, idle } = createWebSocketNetwork();
      const { socket, peer, events } = await open();
      if (isClosing) socket.close();
      await idle();
      peer.stream.destroy();
      await idle();
      assert.deepEqual(events.slice(1), [...(isClosing ? [] : ["error in 3"]), 'close 1006 "" unclean in 3']);
    }
  });

  it("goes on whatever a listener does", async (t) => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer, events } = await open();
    const thrown: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error));
    t.after(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    });
    const error = new Error("a listener's");
    socket.onmessage = () => {
      throw error;
    };
    peer.sendText("a", "b");
    await idle();
    // As from any EventTarget on Node.
    assert.deepEqual(thrown, [error, error]);
    assert.deepEqual(events, ["open in 1", "message a in 1", "message b in 1"]);
  });
});

describe("WebSockets §7 CloseEvent", () => {
  it("converts what it is made of", () => {
    const init = { code: 65_537 + 0.9, reason: "\ud800", wasClean: 1, bubbles: true } as unknown as { code: number };
    const event = new CloseEvent("close", init);
    assert.deepEqual([event.code, event.reason, event.wasClean, event.bubbles], [1, "\ufffd", true, true]);
    assert.deepEqual([event instanceof Event, Object.prototype.toString.call(event)], [true, "[object CloseEvent]"]);
    const plain = new CloseEvent("close");
    assert.deepEqual([plain.type, plain.code, plain.reason, plain.wasClean], ["close", 0, "", false]);
    assert.deepEqual([CloseEvent.name, CloseEvent.length], ["CloseEvent", 1]);
    assert.throws(() => Reflect.construct(CloseEvent, []), TypeError);
  });
});

describe("HTML §8.1.8.1 event handlers", () => {
  it("have their place among the listeners from when they are set first", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    const order: string[] = [];
    socket.onmessage = () => order.push("first handler");
    socket.addEventListener("message", () => order.push("listener"));
    socket.onmessage = () => order.push("second handler");
    peer.sendText("x");
    await idle();
    assert.deepEqual(order.splice(0), ["second handler", "listener"]);
    socket.onmessage = null;
    socket.onmessage = () => order.push("third handler");
    peer.sendText("x");
    await idle();
    assert.deepEqual(order, ["listener", "third handler"]);
  });

  it("are functions or objects, which are not called, and null otherwise", async () => {
    const { open, idle } = createWebSocketNetwork();
    const { socket, peer } = await open();
    const called: unknown[] = [];
    const handler = function (this: unknown, event: Event): boolean {
      called.push(this, event.type);
      return false;
    };
    socket.onmessage = handler;
    assert.equal(socket.onmessage, handler);
    peer.sendText("x");
    await idle();
    assert.deepEqual(called, [socket, "message"]);
    const object = { handleEvent: () => assert.fail("it is no listener") };
    for (const [given, kept] of [
      [object, object],
      [2, null],
      [undefined, null],
      ["f", null],
    ] as const) {
      Reflect.set(socket, "onmessage", given);
      assert.equal(socket.onmessage, kept);
      peer.sendText("x");
      await idle();
    }
    assert.equal(called.length, 2);
  });
});

function methodOf(target: object, name: string): () => unknown {
  return Reflect.get(target, name) as () => unknown;
}

function lengthOf(target: object, name: string): number {
  return methodOf(target, name).length;
}

describe("Web IDL: what the interface looks like", () => {
  const { WebSocket } = createWebSocketNetwork();

  it("has its constants on the class and the prototype, not to be changed", () => {
    for (const [name, value] of Object.entries({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 })) {
      for (const target of [WebSocket, WebSocket.prototype]) {
        const found = Object.getOwnPropertyDescriptor(target, name);
        assert.deepEqual(found, { value, writable: false, enumerable: true, configurable: false });
      }
    }
  });

  it("has enumerable members, lengths and a tag", () => {
    const names = ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType", "close", "send"];
    for (const name of [...names, "onopen", "onmessage", "onerror", "onclose"]) {
      assert.equal(Object.getOwnPropertyDescriptor(WebSocket.prototype, name)?.enumerable, true, name);
    }
    const { prototype } = WebSocket;
    assert.deepEqual([WebSocket.name, WebSocket.length], ["WebSocket", 1]);
    assert.deepEqual([lengthOf(prototype, "close"), lengthOf(prototype, "send")], [0, 1]);
    assert.equal(Object.prototype.toString.call(prototype), "[object WebSocket]");
    assert.equal(Object.getPrototypeOf(WebSocket), EventTarget);
    assert.deepEqual(Object.getOwnPropertyDescriptor(WebSocket, "prototype")?.writable, false);
  });

  it("refuses objects of other classes, calls without new, and calls without arguments", () => {
    for (const name of ["url", "readyState", "bufferedAmount", "binaryType", "onopen"]) {
      assert.throws(() => void Reflect.get(WebSocket.prototype, name, new EventTarget()), TypeError, name);
    }
    assert.throws(() => Reflect.set(WebSocket.prototype, "binaryType", "nothing", new EventTarget()), TypeError);
    assert.throws(() => Reflect.apply(methodOf(WebSocket.prototype, "close"), {}, []), TypeError);
    assert.throws(() => Reflect.apply(methodOf(WebSocket.prototype, "send"), {}, ["x"]), TypeError);
    assert.throws(() => Reflect.apply(WebSocket as unknown as () => void, undefined, ["ws://a/"]), TypeError);
    assert.throws(() => Reflect.construct(WebSocket, []), TypeError);
    assert.throws(() => Reflect.construct(WebSocket, [Symbol("url")]), TypeError);
  });

  it("can be extended", async () => {
    const network = createWebSocketNetwork();
    class Chat extends network.WebSocket {
      readonly kind = "chat";
    }
    const chat = new Chat("ws://a/");
    await network.idle();
    assert.deepEqual([chat.kind, chat.readyState, chat instanceof network.WebSocket], ["chat", 1, true]);
  });
});
