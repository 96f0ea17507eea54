import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { ClientSocket, CloseReport, ConnectOptions, IncomingMessage, Message, Socket } from "#src/web/index.js";
import { CloseTimeoutError, ConnectionClosedError, connect, InboxFullError, SlowPeerError } from "#src/web/index.js";
import { type FakeWebSocket, fakePlatform, settled } from "../support/fake-web-socket.js";

interface Open {
  readonly socket: ClientSocket;
  readonly webSocket: FakeWebSocket;
}

async function open(t: TestContext, options: ConnectOptions = {}): Promise<Open> {
  const made = fakePlatform(t);
  const connecting = connect("ws://localhost:9000", options);
  const [webSocket] = made;
  assert.ok(webSocket);
  webSocket.opens();
  return { socket: await connecting, webSocket };
}

/** Lets time pass in steps, and what follows from each be done. */
async function pass(t: TestContext, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed++) {
    t.mock.timers.tick(1);
    await settled();
  }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let result = false;
  const note = (): void => {
    result = true;
  };
  promise.then(note, note);
  await settled();
  return result;
}

async function readAll(socket: Socket): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of socket) messages.push(message);
  return messages;
}

describe("sending over a platform's WebSocket", () => {
  it("hands text and octets to the platform", async (t) => {
    const { socket, webSocket } = await open(t);
    const octets = new Uint8Array([1, 2]);
    assert.deepEqual(socket.send("text"), { ok: true, status: "sent" });
    assert.deepEqual(socket.send(octets, { compress: true }), { ok: true, status: "sent" });
    assert.deepEqual(webSocket.sent, ["text", octets]);
  });

  it("throws for what is no message, whatever the state", async (t) => {
    const { socket, webSocket } = await open(t);
    webSocket.ends(1000, "", true);
    assert.throws(() => socket.send(5 as unknown as string), { code: "invalid-argument" });
  });

  it("refuses compress: false where the platform compresses", async (t) => {
    const { socket, webSocket } = await open(t);
    assert.equal(socket.send("secret", { compress: false }).ok, true);
    webSocket.extensions = "permessage-deflate";
    assert.throws(() => socket.send("secret", { compress: false }), { code: "unsupported-by-platform" });
    assert.deepEqual(webSocket.sent, ["secret"]);
  });

  it("tells when more than the high-water mark waits, and when there is room again", async (t) => {
    const { socket, webSocket } = await open(t, { highWaterMarkBytes: 10 });
    webSocket.isSlow = true;
    assert.equal(socket.send("0123456789").status, "sent");
    await socket.ready();
    assert.equal(socket.send("0").status, "buffered");
    assert.equal(socket.bufferedBytes, 11);
    assert.equal(socket.memoryBytes, 11);
    const [ready, readyToo] = [socket.ready(), socket.ready()];
    await pass(t, 50);
    assert.equal(await isSettled(ready), false);
    webSocket.bufferedAmount = 10;
    await pass(t, 4);
    assert.equal(await isSettled(ready), true);
    await Promise.all([ready, readyToo, socket.ready()]);
  });

  it("looks at nothing while nobody waits", async (t) => {
    let looks = 0;
    const { socket, webSocket } = await open(t, { highWaterMarkBytes: 1 });
    Object.defineProperty(webSocket, "bufferedAmount", { get: () => ((looks += 1), 100) });
    assert.equal(socket.send("text").status, "buffered");
    looks = 0;
    await pass(t, 100);
    assert.equal(looks, 0);
  });

  it("calls the drain handler once after any number of buffered messages", async (t) => {
    let drained = 0;
    const { socket, webSocket } = await open(t, { highWaterMarkBytes: 1, drain: () => (drained += 1) });
    webSocket.isSlow = true;
    for (let count = 0; count < 3; count++) assert.equal(socket.send("text").status, "buffered");
    await pass(t, 20);
    assert.equal(drained, 0);
    webSocket.bufferedAmount = 0;
    await pass(t, 20);
    assert.equal(drained, 1);
    socket.send("text");
    webSocket.bufferedAmount = 1;
    await pass(t, 20);
    assert.equal(drained, 2);
  });

  it("rejects those who wait for room when the connection ends", async (t) => {
    const { socket, webSocket } = await open(t, { highWaterMarkBytes: 1, drain: () => assert.fail("no room") });
    webSocket.isSlow = true;
    socket.send("text");
    const ready = socket.ready();
    webSocket.ends();
    await pass(t, 10);
    const isRight = (error: unknown): boolean =>
      error instanceof ConnectionClosedError && error.report.outcome === "dropped";
    await assert.rejects(ready, isRight);
    await assert.rejects(socket.ready(), isRight);
    assert.equal(socket.bufferedBytes, 0);
  });

  it("gives a peer up that reads too slowly", async (t) => {
    const { socket, webSocket } = await open(t, { maxSendBufferBytes: 5 });
    webSocket.isSlow = true;
    assert.equal(socket.send("01234").ok, true);
    assert.deepEqual(socket.send("5"), { ok: false, status: "refused", reason: "buffer-full" });
    const report = await socket.closed;
    assert.ok(report.cause instanceof SlowPeerError);
    assert.deepEqual(report.rule, { code: "slow-peer", section: undefined, observed: 5, limit: 5 });
    assert.deepEqual([report.outcome, report.initiator, report.phase], ["dropped", "us", "open"]);
    assert.equal(webSocket.closes.length, 1);
    assert.deepEqual(socket.send("6"), { ok: false, status: "refused", reason: "closed" });
  });

  it("refuses single messages where slowPeer says so", async (t) => {
    const { socket, webSocket } = await open(t, { maxSendBufferBytes: 5, slowPeer: "refuse" });
    webSocket.isSlow = true;
    socket.send("01234");
    assert.equal(socket.send("5").status, "refused");
    webSocket.bufferedAmount = 4;
    assert.equal(socket.send("6").ok, true);
    assert.deepEqual(webSocket.sent, ["01234", "6"]);
  });

  it("has no ping, and says so", async (t) => {
    const { socket } = await open(t);
    await assert.rejects(socket.ping(), { name: "UsageError", code: "unsupported-by-platform" });
  });
});

describe("receiving over a platform's WebSocket", () => {
  it("delivers text as strings and octets as a Uint8Array, in order", async (t) => {
    const { socket, webSocket } = await open(t);
    webSocket.receives("one");
    webSocket.receives(new Uint8Array([2, 2]).buffer);
    webSocket.receives("");
    webSocket.ends(1000, "", true);
    assert.deepEqual(await readAll(socket), ["one", new Uint8Array([2, 2]), ""]);
  });

  it("keeps what comes before there is a consumer, and between two of them", async (t) => {
    const { socket, webSocket } = await open(t);
    for (const message of ["a", "b", "c"]) webSocket.receives(message);
    assert.ok(socket.memoryBytes >= 3);
    for await (const message of socket) {
      assert.equal(message, "a");
      break;
    }
    webSocket.receives("d");
    webSocket.ends(1000, "", true);
    assert.deepEqual(await readAll(socket), ["b", "c", "d"]);
    assert.deepEqual(await readAll(socket), []);
    assert.equal(socket.memoryBytes, 0);
  });

  it("hands messages to a loop that waits for them", async (t) => {
    const { socket, webSocket } = await open(t);
    const reading = readAll(socket);
    for (const message of ["a", "b", "c"]) {
      await settled();
      webSocket.receives(message);
    }
    await settled();
    webSocket.ends();
    assert.deepEqual(await reading, ["a", "b", "c"]);
  });

  it("has one consumer at a time", async (t) => {
    const { socket, webSocket } = await open(t);
    const reading = readAll(socket);
    await settled();
    await assert.rejects(readAll(socket), { name: "UsageError", code: "already-consumed" });
    webSocket.receives("a");
    webSocket.ends();
    assert.deepEqual(await reading, ["a"]);
  });

  it("has its message handler for a consumer, where there is one", async (t) => {
    const { socket } = await open(t, { message: () => undefined });
    await settled();
    await assert.rejects(readAll(socket), { code: "already-consumed" });
  });

  it("awaits the message handler before it delivers the next message", async (t) => {
    const seen: string[] = [];
    const waiting: (() => void)[] = [];
    const { webSocket } = await open(t, {
      async message(_socket, message) {
        seen.push(`> ${String(message)}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
        seen.push(`< ${String(message)}`);
      },
      close: () => void seen.push("closed"),
    });
    webSocket.receives("1");
    webSocket.receives("2");
    webSocket.ends(1000, "", true);
    await settled();
    assert.deepEqual(seen, ["> 1"]);
    waiting.shift()?.();
    await settled();
    assert.deepEqual(seen, ["> 1", "< 1", "> 2"]);
    waiting.shift()?.();
    await settled();
    assert.deepEqual(seen, ["> 1", "< 1", "> 2", "< 2", "closed"]);
  });

  it("delivers many messages that waited, in order and without growing slow", async (t) => {
    const { socket, webSocket } = await open(t);
    const count = 20_000;
    for (let index = 0; index < count; index++) webSocket.receives(String(index));
    webSocket.ends(1000, "", true);
    const messages = await readAll(socket);
    assert.equal(messages.length, count);
    assert.ok(messages.every((message, index) => message === String(index)));
  });

  it("closes when more than maxInboxBytes wait, and delivers what had come", async (t) => {
    const { socket, webSocket } = await open(t, { maxInboxBytes: 300 });
    webSocket.receives("a".repeat(100));
    assert.equal(socket.readyState, "open");
    webSocket.receives("b".repeat(100));
    assert.equal(socket.readyState, "closing");
    assert.deepEqual(webSocket.closes, [[4008, "inbox-full"]]);
    webSocket.receives("too late, since the messages between would be missing");
    webSocket.ends(4008, "", true);
    assert.deepEqual(await readAll(socket), ["a".repeat(100), "b".repeat(100)]);
    const report = await socket.closed;
    assert.ok(report.cause instanceof InboxFullError);
    assert.deepEqual(report.rule, { code: "inbox-full", section: undefined, observed: 456, limit: 300 });
    assert.match(report.cause.message, /maxInboxBytes/);
  });
});

describe("streaming over a platform's WebSocket", () => {
  it("sends the chunks as one message", async (t) => {
    const { socket, webSocket } = await open(t);
    await socket.sendStream(["a", "b"]);
    assert.deepEqual(webSocket.sent, ["ab"]);
  });

  it("rejects when the connection ends first, and need not be looked at", async (t) => {
    const { socket, webSocket } = await open(t);
    let pulled = 0;
    async function* source(): AsyncGenerator<string> {
      for (;;) {
        pulled += 1;
        yield "chunk";
        if (pulled === 2) webSocket.ends();
      }
    }
    const sending = socket.sendStream(source());
    await assert.rejects(sending, (error) => error instanceof ConnectionClosedError);
    assert.equal(pulled, 3);
    void socket.sendStream(["late"]);
    await settled();
    assert.deepEqual(webSocket.sent, []);
  });

  it("rejects when too much waits", async (t) => {
    const { socket, webSocket } = await open(t, { maxSendBufferBytes: 3, slowPeer: "refuse" });
    webSocket.isSlow = true;
    socket.send("abc");
    await assert.rejects(socket.sendStream(["d"]), (error) => error instanceof SlowPeerError);
    await assert.rejects(socket.sendStream(["defg"]), { code: "unsupported-by-platform", limit: 3 });
  });

  it("hands messages over one by one", async (t) => {
    const { socket, webSocket } = await open(t);
    webSocket.receives("1");
    webSocket.receives("left");
    webSocket.receives(new Uint8Array([3]).buffer);
    webSocket.ends(1000, "", true);
    const seen: unknown[] = [];
    for await (const message of socket.incoming()) {
      seen.push(message);
      if (seen.length === 1) assert.equal(await message.json(), 1);
      if (seen.length === 3) assert.deepEqual(await message.bytes(), new Uint8Array([3]));
    }
    assert.equal(seen.length, 3);
    await assert.rejects((seen[1] as IncomingMessage).text(), { code: "message-left" });
  });
});

describe("handlers over a platform's WebSocket", () => {
  const failure = new Error("a bug of the application's");

  it("are told an error, and their socket is closed", async (t) => {
    const errors: unknown[] = [];
    const { socket, webSocket } = await open(t, {
      message: () => {
        throw failure;
      },
      error: (error, socket) => void errors.push(error, socket?.readyState),
    });
    webSocket.receives("a");
    webSocket.receives("b");
    await settled();
    assert.deepEqual(errors, [failure, "open"]);
    assert.deepEqual(webSocket.closes, [[4011, ""]]);
    webSocket.ends(4011, "", true);
    const report = await socket.closed;
    assert.deepEqual([report.outcome, report.code, report.cause], ["closed-by-us", 4011, failure]);
    assert.equal(socket.memoryBytes, 0);
  });

  it("may reject, and may throw what is no error", async (t) => {
    const errors: unknown[] = [];
    const { socket, webSocket } = await open(t, {
      open: () => Promise.reject(new Error("rejected")),
      error: (error) => void errors.push(error),
    });
    await settled();
    webSocket.ends(4011, "", true);
    assert.equal((await socket.closed).cause, errors[0]);

    const other = await openSecond(t, {
      open: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what an application may do
        throw "a string";
      },
      error: () => undefined,
    });
    await settled();
    other.webSocket.ends(4011, "", true);
    const { cause } = await other.socket.closed;
    assert.ok(cause instanceof Error);
    assert.equal(cause.cause, "a string");
  });

  async function openSecond(t: TestContext, options: ConnectOptions): Promise<Open> {
    t.mock.timers.reset();
    return open(t, options);
  }

  for (const name of ["open", "message", "drain", "close"] as const) {
    it(`are told an error of the ${name} handler`, async (t) => {
      const errors: unknown[] = [];
      const { socket, webSocket } = await open(t, {
        highWaterMarkBytes: 1,
        [name]: async () => {
          throw failure;
        },
        error: (error) => void errors.push(error),
      });
      webSocket.isSlow = true;
      socket.send("more than one");
      webSocket.bufferedAmount = 0;
      await pass(t, 10);
      webSocket.receives("message");
      await settled();
      webSocket.ends(1000, "", true);
      await settled();
      assert.deepEqual(errors, [failure]);
    });
  }

  it("print errors that nobody handles, and those of the error handler", async (t) => {
    const print = t.mock.method(console, "error", () => undefined);
    const inError = new Error("in the error handler");
    const first = await open(t, { open: () => Promise.reject(failure) });
    await settled();
    first.webSocket.ends();
    // Declared as void, and yet an async function is one of them.
    const error = (): unknown => Promise.reject(inError);
    const second = await openSecond(t, { open: () => Promise.reject(failure), error });
    await settled();
    second.webSocket.ends();
    assert.deepEqual(
      print.mock.calls.map(({ arguments: [, error] }) => error as unknown),
      [failure, inError],
    );
  });

  it("are called with the options as this", async (t) => {
    const options = {
      seen: [] as unknown[],
      open(): void {
        this.seen.push("open");
      },
      message(_socket: Socket, message: Message): void {
        this.seen.push(message);
      },
    };
    const { webSocket } = await open(t, options);
    webSocket.receives("a");
    await settled();
    assert.deepEqual(options.seen, ["open", "a"]);
  });
});

describe("the end of a platform's WebSocket", () => {
  const clean = { reason: "", wasClean: true, phase: "closing", rule: undefined, cause: undefined } as const;

  it("is closed by us", async (t) => {
    const { socket, webSocket } = await open(t);
    const closing = socket.close(4000, "bye");
    assert.equal(socket.readyState, "closing");
    assert.deepEqual(webSocket.closes, [[4000, "bye"]]);
    assert.deepEqual(socket.send("late"), { ok: false, status: "refused", reason: "closing" });
    webSocket.ends(4000, "", true);
    const report: CloseReport = { ...clean, outcome: "closed-by-us", code: 4000, initiator: "us" };
    assert.deepEqual(await closing, report);
    assert.equal(socket.readyState, "closed");
    assert.equal(await socket.close(), await socket.closed);
    assert.equal(webSocket.closes.length, 1);
  });

  it("is 1000 by default, and delivers what comes before the peer's answer", async (t) => {
    const { socket, webSocket } = await open(t);
    const closing = socket.close();
    assert.deepEqual(webSocket.closes, [[1000, ""]]);
    webSocket.receives("on its way");
    webSocket.ends(1000, "", true);
    await closing;
    assert.deepEqual(await readAll(socket), ["on its way"]);
  });

  it("is closed by the peer", async (t) => {
    const { socket, webSocket } = await open(t);
    webSocket.readyState = 2;
    assert.equal(socket.readyState, "closing");
    assert.equal(socket.send("late").status, "refused");
    webSocket.ends(1001, "going away", true);
    const report = { ...clean, outcome: "closed-by-peer", code: 1001, reason: "going away", initiator: "peer" };
    assert.deepEqual(await socket.closed, report);
  });

  it("is dropped, with the platform's error where it tells one", async (t) => {
    const { socket, webSocket } = await open(t);
    const error = new Error("reset");
    webSocket.fails(error);
    webSocket.ends();
    assert.deepEqual(await socket.closed, {
      outcome: "dropped",
      code: 1006,
      reason: "",
      wasClean: false,
      initiator: "peer",
      phase: "open",
      rule: undefined,
      cause: error,
    });
  });

  it("has the code 1006 on a platform that tells none", async (t) => {
    const { socket, webSocket } = await open(t);
    webSocket.ends(0);
    assert.equal((await socket.closed).code, 1006);
  });

  it("is dropped during the closing handshake", async (t) => {
    const { socket, webSocket } = await open(t);
    const closing = socket.close();
    webSocket.fails();
    webSocket.ends();
    const { outcome, initiator, phase, cause } = await closing;
    assert.deepEqual([outcome, initiator, phase, cause], ["dropped", "us", "closing", undefined]);
  });

  it("comes after closeTimeoutMs at the latest, and late events change nothing", async (t) => {
    const { socket, webSocket } = await open(t, { closeTimeoutMs: 500 });
    const closing = socket.close();
    await pass(t, 499);
    assert.equal(await isSettled(closing), false);
    await pass(t, 1);
    const report = await closing;
    assert.ok(report.cause instanceof CloseTimeoutError);
    assert.deepEqual([report.outcome, report.code, report.phase], ["dropped", 1006, "closing"]);
    webSocket.receives("late");
    webSocket.ends(1000, "", true);
    assert.equal(await socket.closed, report);
    assert.deepEqual(await readAll(socket), []);
  });

  it("is at once with terminate, and drops what waits", async (t) => {
    const closes: CloseReport[] = [];
    const { socket, webSocket } = await open(t, { close: (_socket, report) => void closes.push(report) });
    webSocket.receives("waits");
    socket.terminate();
    assert.equal(socket.readyState, "closed");
    assert.deepEqual(webSocket.closes, [[]]);
    webSocket.receives("late");
    webSocket.ends();
    const report = await socket.closed;
    const { outcome, code, initiator, phase } = report;
    assert.deepEqual([outcome, code, initiator, phase], ["dropped", 1006, "us", "open"]);
    assert.deepEqual(await readAll(socket), []);
    socket.terminate();
    await settled();
    assert.deepEqual(closes, [report]);
  });

  it("calls the close handler though nobody pulls the messages", async (t) => {
    const closes: string[] = [];
    const { webSocket } = await open(t, { close: (_socket, { outcome }) => void closes.push(outcome) });
    webSocket.receives("nobody reads this");
    webSocket.ends(1000, "", true);
    await settled();
    assert.deepEqual(closes, ["closed-by-peer"]);
  });

  it("wants arguments that make sense, and does nothing otherwise", async (t) => {
    const { socket, webSocket } = await open(t);
    assert.throws(() => socket.close(1001), { code: "close-code-not-sendable" });
    assert.throws(() => socket.close(1000, "x".repeat(124)), { code: "close-reason-too-long", observed: 124 });
    assert.deepEqual(webSocket.closes, []);
    assert.equal(socket.readyState, "open");
  });

  it("comes with the scope of await using", async (t) => {
    const { socket, webSocket } = await open(t);
    const disposing = socket[Symbol.asyncDispose]();
    webSocket.ends(1000, "", true);
    await disposing;
    assert.equal(socket.readyState, "closed");
  });
});
