import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import WebSocket from "#src/compat/ws/index.js";
import { openClient, openPair, openRawClient, openServer, take, textOf, urlOf } from "../../support/ws-pairs.js";

/** Messages as one line each: `text hello`, `binary 010203`. */
function lineOf([data, isBinary]: readonly unknown[]): string {
  return isBinary === true ? `binary ${(data as Buffer).toString("hex")}` : `text ${textOf(data)}`;
}

describe("the class WebSocket of ws", () => {
  it("has the states as numbers, on itself and on each object", async (test) => {
    const { client } = await openPair(test);
    for (const where of [WebSocket, client]) {
      assert.deepEqual([where.CONNECTING, where.OPEN, where.CLOSING, where.CLOSED], [0, 1, 2, 3]);
    }
  });

  it("goes from CONNECTING by OPEN and CLOSING to CLOSED", async (test) => {
    const server = await openServer(test);
    const client = openClient(test, urlOf(server));
    const states: number[] = [client.readyState];
    client.on("open", () => {
      states.push(client.readyState);
      client.close();
      states.push(client.readyState);
    });
    await once(client, "close");
    assert.deepEqual([...states, client.readyState], [0, 1, 2, 3]);
  });

  it("tells its URL, and what was agreed on", async (test) => {
    const server = await openServer(test, { perMessageDeflate: true });
    const client = openClient(test, urlOf(server, "/a?b"), ["chat", "other"]);
    const [socket] = (await once(server, "connection")) as [WebSocket];
    await once(client, "open");
    assert.equal(client.url, urlOf(server, "/a?b"));
    assert.equal(socket.url, undefined);
    for (const end of [client, socket]) {
      assert.deepEqual([end.protocol, end.extensions, end.isPaused], ["chat", "permessage-deflate", false]);
    }
  });
});

describe("send", () => {
  it("sends strings as text, and octets in any form as binary messages", async (test) => {
    const { client, socket } = await openPair(test);
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const messages = take(socket, "message", 9);
    client.send("hé");
    client.send("");
    client.send(Buffer.from(bytes));
    client.send(bytes.buffer);
    client.send(new DataView(bytes.buffer, 1, 2));
    client.send(new Uint16Array(bytes.buffer));
    client.send([5, 6]);
    client.send(12);
    client.send(undefined as unknown as string);
    const expected = ["text hé", "text ", "binary 01020304", "binary 01020304", "binary 0203", "binary 01020304"];
    assert.deepEqual((await messages).map(lineOf), [...expected, "binary 0506", "text 12", "binary "]);
  });

  it("lets `binary` decide, either way", async (test) => {
    const { client, socket } = await openPair(test);
    for (const [from, to] of [
      [client, socket],
      [socket, client],
    ] as const) {
      const messages = take(to, "message", 3);
      from.send("a", { binary: true });
      from.send(Buffer.from("hé"), { binary: false });
      from.send(Buffer.from("b"), { binary: undefined });
      assert.deepEqual((await messages).map(lineOf), ["binary 61", "text hé", "binary 62"]);
    }
  });

  it("gives each message as a Buffer that may be kept", async (test) => {
    const { client, socket } = await openPair(test);
    const messages = take(client, "message", 40);
    for (let index = 0; index < 20; index++) {
      socket.send(`message ${index} ${"x".repeat(index * 40)}`);
      socket.send(Buffer.alloc(index * 10, index));
    }
    for (const [index, [data, isBinary]] of (await messages).entries()) {
      const number = index >> 1;
      assert.ok(Buffer.isBuffer(data));
      assert.equal(isBinary, index % 2 === 1);
      if (isBinary === true) assert.deepEqual(data, Buffer.alloc(number * 10, number));
      else assert.equal(data.toString(), `message ${number} ${"x".repeat(number * 40)}`);
    }
  });

  it("sends fragments with `fin: false`, whose type is the first one's", async (test) => {
    const { client, socket } = await openPair(test);
    for (const [from, to] of [
      [client, socket],
      [socket, client],
    ] as const) {
      const messages = take(to, "message", 4);
      const euro = Buffer.from("€");
      from.send("a", { fin: false });
      from.send("b", { fin: false });
      from.send("c");
      from.send(euro.subarray(0, 1), { fin: false, binary: false });
      from.send(euro.subarray(1), { fin: true });
      from.send(Buffer.from("d"), { fin: false });
      from.send("e", { fin: true });
      from.send("whole");
      assert.deepEqual((await messages).map(lineOf), ["text abc", "text €", "binary 6465", "text whole"]);
    }
  });

  it("sends what a Blob has in order with everything else", async (test) => {
    const { client, socket } = await openPair(test);
    const messages = take(socket, "message", 3);
    const pinged = once(socket, "ping");
    let written = 0;
    client.send(new Blob(["abc"]), () => written++);
    client.send("after");
    client.ping("p");
    client.ping(new Blob(["q"]));
    client.send(new Blob(["text"]), { binary: false });
    client.close(1000, "done");
    assert.deepEqual((await messages).map(lineOf), ["binary 616263", "text after", "text text"]);
    assert.equal(textOf((await pinged)[0]), "p");
    const [code, reason] = (await once(client, "close")) as [number, Buffer];
    assert.deepEqual([code, String(reason), written], [1000, "done", 1]);
  });

  it("counts in bufferedAmount what waits for the peer, and not what leaves when the turn ends", async (test) => {
    const { client, socket } = await openPair(test);
    client.send("short");
    assert.equal(client.bufferedAmount, 0);
    socket.pause();
    while (client.bufferedAmount === 0) client.send(Buffer.alloc(100_000));
    const waiting = client.bufferedAmount;
    client.send("short");
    assert.equal(client.bufferedAmount - waiting, 11);
  });

  it("tells who has sent a Blob, and what came behind it, when the connection ends meanwhile", async (test) => {
    const { client } = await openPair(test);
    const errors: (Error | undefined)[] = [];
    client.send(new Blob(["never sent"]), (error) => errors.push(error));
    client.send("nor this", (error) => errors.push(error));
    client.ping("nor that", undefined, (error) => errors.push(error));
    client.terminate();
    await once(client, "close");
    while (errors.length < 3) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(errors.every((error) => error?.message.startsWith("WebSocket is not open")));
  });

  it("terminates where a Blob cannot be read", async (test) => {
    const { client, socket } = await openPair(test);
    const gone = new Blob(["x"]);
    gone.arrayBuffer = () => Promise.reject(new Error("gone"));
    const failed = once(client, "error");
    const closed = once(socket, "close");
    const called = new Promise<Error | undefined>((resolve) => client.send(gone, resolve));
    assert.equal((await called)?.message, "gone");
    assert.equal(((await failed) as Error[])[0]?.message, "gone");
    assert.equal((await closed)[0], 1006);
  });

  it("calls back when the message has left, and never within the call", async (test) => {
    const { client, socket } = await openPair(test);
    const order: string[] = [];
    const sent = new Promise<void>((resolve) => {
      for (const length of [1, 200_000]) {
        client.send("x".repeat(length), (error) => {
          order.push(`written ${length} ${String(error)}`);
          if (length > 1) resolve();
        });
        order.push(`sent ${length}`);
      }
    });
    const [messages] = await Promise.all([take(socket, "message", 2), sent]);
    assert.equal(messages.length, 2);
    assert.deepEqual(order, ["sent 1", "sent 200000", "written 1 undefined", "written 200000 undefined"]);
  });

  it("calls back with an error for what cannot leave any more", async (test) => {
    const { client, socket } = await openPair(test);
    socket.pause();
    const errors: (Error | undefined)[] = [];
    // More than the kernel takes on its own.
    for (let count = 0; count < 64; count++) client.send(Buffer.alloc(1024 * 1024), (error) => errors.push(error));
    assert.ok(client.bufferedAmount > 0);
    await new Promise((resolve) => setImmediate(resolve));
    client.terminate();
    await once(client, "close");
    assert.equal(errors.length, 64);
    assert.ok(errors.at(-1) instanceof Error);
  });

  it("throws while there is no connection yet", async (test) => {
    const server = await openServer(test);
    const client = openClient(test, urlOf(server));
    const message = "WebSocket is not open: readyState 0 (CONNECTING)";
    for (const call of ["send", "ping", "pong"] as const) assert.throws(() => client[call]("a"), { message });
    await once(client, "open");
  });

  it("tells the callback when it is too late, and counts what was sent in vain", async (test) => {
    const { client } = await openPair(test);
    client.close();
    const calls = [
      (done: (error?: Error) => void) => client.send("four", done),
      (done: (error?: Error) => void) => client.ping("four", undefined, done),
      (done: (error?: Error) => void) => client.pong("four", undefined, done),
    ];
    for (const call of calls) {
      const error = await new Promise<Error | undefined>(call);
      assert.equal(error?.message, "WebSocket is not open: readyState 2 (CLOSING)");
    }
    await once(client, "close");
    assert.equal(client.bufferedAmount, 12);
    client.send(new Blob(["ab"]));
    client.send("");
    assert.equal(client.bufferedAmount, 14);
  });

  it("throws for what is no data", async (test) => {
    const { client } = await openPair(test);
    assert.throws(() => client.send(true as unknown as string), TypeError);
  });

  it("compresses unless `compress` is false", async (test) => {
    const { peer, socket } = await openRawClient(
      test,
      { perMessageDeflate: { threshold: 0 } },
      { "Sec-WebSocket-Extensions": "permessage-deflate" },
    );
    const text = "x".repeat(1000);
    socket.send(text);
    socket.send(text, { compress: true });
    socket.send(text, { compress: false });
    await peer.untilFrames(3);
    assert.deepEqual(
      peer.frames.map(({ rsv }) => rsv),
      [4, 4, 0],
    );
  });

  it("leaves in one write what was sent in one turn", async (test) => {
    const { client, socket } = await openPair(test, { transport: "net" });
    const { _socket: tcp } = socket as unknown as { readonly _socket: { write: (...args: unknown[]) => boolean } };
    let writes = 0;
    const { write } = tcp;
    tcp.write = (...args) => {
      writes++;
      return write.apply(tcp, args);
    };
    const messages = take(client, "message", 10);
    for (let count = 0; count < 10; count++) socket.send(String(count));
    assert.equal((await messages).length, 10);
    assert.equal(writes, 1);
  });
});

describe("binaryType", () => {
  it("decides in which form binary messages are given, and may change", async (test) => {
    const { client, socket } = await openPair(test);
    assert.equal(client.binaryType, "nodebuffer");
    for (const [type, check] of [
      ["arraybuffer", (data: unknown) => assert.ok(data instanceof ArrayBuffer && data.byteLength === 3)],
      ["fragments", (data: unknown) => assert.deepEqual(data, [Buffer.from("abc")])],
      ["blob", (data: unknown) => assert.ok(data instanceof Blob && data.size === 3)],
      ["nodebuffer", (data: unknown) => assert.deepEqual(data, Buffer.from("abc"))],
    ] as const) {
      client.binaryType = type;
      client.binaryType = "unknown" as "nodebuffer";
      assert.equal(client.binaryType, type);
      const messages = take(client, "message", 2);
      socket.send(Buffer.from("abc"));
      socket.send("abc");
      const [binary, text] = await messages;
      check(binary?.[0]);
      assert.deepEqual(text, [Buffer.from("abc"), false]);
    }
  });
});

describe("ping and pong", () => {
  it("carry data, and are told to both ends", async (test) => {
    const { client, socket } = await openPair(test);
    const pinged = once(socket, "ping");
    const ponged = once(client, "pong");
    const written = new Promise((resolve) => client.ping("hi", true, resolve));
    assert.deepEqual(await pinged, [Buffer.from("hi")]);
    assert.deepEqual(await ponged, [Buffer.from("hi")]);
    assert.equal(await written, undefined);
    const unasked = once(socket, "pong");
    const called = new Promise((resolve) => client.pong(7, undefined, resolve));
    assert.deepEqual(await unasked, [Buffer.from("7")]);
    await called;
    const empty = once(socket, "ping");
    client.ping();
    assert.deepEqual(await empty, [Buffer.alloc(0)]);
  });

  it("have at most 125 octets", async (test) => {
    const { client } = await openPair(test);
    const expected = { name: "RangeError", message: "The data size must not be greater than 125 bytes" };
    assert.throws(() => client.ping("x".repeat(126)), expected);
    assert.throws(() => client.pong(new Blob(["x".repeat(126)])), expected);
  });

  it("are not answered where autoPong is false", async (test) => {
    const { peer, socket } = await openRawClient(test, { autoPong: false });
    const pinged = once(socket, "ping");
    peer.send({ opcode: 9, payload: "a" });
    await pinged;
    socket.pong("by hand");
    await peer.untilFrames(1);
    assert.deepEqual(peer.lines, [`pong ${Buffer.from("by hand").toString("hex")}`]);
  });
});

describe("close", () => {
  it("carries code and reason to the peer, which answers with both", async (test) => {
    const { client, socket } = await openPair(test);
    const closed = Promise.all([once(client, "close"), once(socket, "close")]);
    client.close(4001, "bye");
    for (const [code, reason] of await closed) {
      assert.deepEqual([code, reason], [4001, Buffer.from("bye")]);
    }
  });

  it("may come from the server, and without a code", async (test) => {
    const { client, socket } = await openPair(test);
    const closed = Promise.all([once(client, "close"), once(socket, "close")]);
    socket.close();
    for (const args of await closed) assert.deepEqual(args, [1005, Buffer.alloc(0)]);
  });

  it("takes the reason as octets", async (test) => {
    const { client, socket } = await openPair(test);
    const closed = once(socket, "close");
    client.close(1000, Buffer.from("é"));
    assert.deepEqual(await closed, [1000, Buffer.from("é")]);
  });

  it("throws for codes and reasons that cannot be sent, and leaves the connection open", async (test) => {
    const { client } = await openPair(test);
    const badCode = { name: "TypeError", message: "First argument must be a valid error code number" };
    for (const code of [999, 1004, 1005, 1006, 1015, 2999, 5000, "1000"]) {
      assert.throws(() => client.close(code as number), badCode);
    }
    assert.throws(() => client.close(1000, "x".repeat(124)), {
      name: "RangeError",
      message: "The message must not be greater than 123 bytes",
    });
    assert.throws(() => client.close(1000, {} as string), {
      name: "TypeError",
      message: "Second argument must be a string or a Uint8Array",
    });
    assert.equal(client.readyState, WebSocket.OPEN);
  });

  it("does nothing a second time", async (test) => {
    const { client } = await openPair(test);
    client.close(1000);
    client.close(1001);
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1000);
    client.close(1001);
  });

  it("still delivers what the peer has sent before its answer", async (test) => {
    const { client, socket } = await openPair(test);
    socket.on("close", () => undefined);
    const messages = take(client, "message", 2);
    const closed = once(client, "close");
    socket.send("one");
    socket.send("two");
    client.close();
    assert.deepEqual((await messages).map(lineOf), ["text one", "text two"]);
    await closed;
  });

  it("cuts a peer that does not answer within closeTimeout", async (test) => {
    const { peer, socket } = await openRawClient(test, { closeTimeout: 20 });
    const closed = once(socket, "close");
    socket.close(1000);
    await peer.untilFrames(1);
    assert.deepEqual(await closed, [1006, Buffer.alloc(0)]);
  });

  it("before the connection is there gives it up", async (test) => {
    const server = await openServer(test);
    for (const end of ["close", "terminate"] as const) {
      const client = openClient(test, urlOf(server));
      const errors: Error[] = [];
      client.on("error", (error) => errors.push(error));
      client[end]();
      assert.equal(client.readyState, WebSocket.CLOSING);
      const [closed] = await take(client, "close", 1);
      assert.deepEqual(closed, [1006, Buffer.alloc(0)]);
      const message = "WebSocket was closed before the connection was established";
      assert.deepEqual(
        errors.map((error) => error.message),
        [message],
      );
    }
  });
});

describe("terminate", () => {
  it("cuts the connection, which both ends see as 1006", async (test) => {
    const { client, socket } = await openPair(test);
    const closed = Promise.all([once(client, "close"), once(socket, "close")]);
    client.terminate();
    assert.equal(client.readyState, WebSocket.CLOSING);
    for (const args of await closed) assert.deepEqual(args, [1006, Buffer.alloc(0)]);
    client.terminate();
  });
});

describe("pause", () => {
  it("stops reading until resume", async (test) => {
    const { client, socket } = await openPair(test);
    const received: string[] = [];
    client.on("message", (data) => {
      received.push(textOf(data));
      if (received.length === 1) client.pause();
    });
    socket.send("one");
    socket.send("two");
    await once(client, "message");
    assert.equal(client.isPaused, true);
    // A round trip, which is read behind it or not at all.
    const written = new Promise((resolve) => client.ping("", undefined, resolve));
    await Promise.all([written, once(socket, "ping")]);
    assert.deepEqual(received, ["one"]);
    const message = once(client, "message");
    client.resume();
    await message;
    assert.deepEqual([received, client.isPaused], [["one", "two"], false]);
  });

  it("does nothing before there is a connection, and after", async (test) => {
    const server = await openServer(test);
    const client = openClient(test, urlOf(server));
    client.pause();
    assert.equal(client.isPaused, false);
    await once(client, "open");
    client.resume();
    client.terminate();
    await once(client, "close");
    client.pause();
    client.resume();
    assert.equal(client.isPaused, false);
  });
});

describe("subclasses", () => {
  it("are what a server makes of a connection", async (test) => {
    class Special extends WebSocket {
      readonly extra: number = 7;

      override ping(data?: unknown): void {
        super.ping(`special ${String(data)}`);
      }
    }
    const { client, socket } = await openPair(test, { WebSocket: Special });
    assert.ok(socket instanceof Special);
    const pinged = once(client, "ping");
    socket.ping("a");
    assert.deepEqual([textOf((await pinged)[0]), socket.extra], ["special a", 7]);
  });
});
