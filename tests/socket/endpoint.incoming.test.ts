import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IncomingMessage, Socket } from "#src/socket/index.js";
import { ConnectionClosedError } from "#src/socket/index.js";
import { meetRawPeer } from "../support/endpoints.js";
import type { FrameParts } from "../support/frames.js";
import { utf8 } from "../support/octets.js";
import type { RawPeer } from "../support/raw-peer.js";
import { noise } from "../support/samples.js";

const mib = 1024 * 1024;

/** The next message, which is there or will be. */
async function next(incoming: AsyncIterator<IncomingMessage, undefined>): Promise<IncomingMessage> {
  const result = await incoming.next();
  if (result.done === true) throw new Error("there is no message");
  return result.value;
}

function firstOf(socket: Socket): Promise<IncomingMessage> {
  return next(socket.incoming());
}

/** Everything of a message, read piece by piece. */
async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read);
}

/** Sends frames in pieces, as a network may deliver them. */
function trickle(peer: RawPeer, pieceBytes: number, ...frames: readonly FrameParts[]): void {
  for (const parts of frames) {
    const octets = peer.encode(parts);
    for (let at = 0; at < octets.byteLength; at += pieceBytes) peer.sendOctets(octets.slice(at, at + pieceBytes));
  }
}

describe("messages while they come", () => {
  it("are handed over when they begin, text and binary, and read to their end", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const incoming = socket.incoming();
    peer.send({ opcode: 1, fin: false, payload: "he" });
    const text = await next(incoming);
    assert.equal(text.type, "text");
    assert.equal(text.isConsumed, false);
    const whole = text.text();
    assert.equal(text.isConsumed, true);
    peer.send({ opcode: 9, payload: "between" }, { opcode: 0, payload: "llo" });
    assert.equal(await whole, "hello");
    await idle();
    assert.deepEqual(peer.lines, ["pong 6265747765656e"]);

    peer.send({ opcode: 2, fin: false, payload: Uint8Array.of(1, 2) });
    const binary = await next(incoming);
    assert.equal(binary.type, "binary");
    peer.send({ opcode: 0, fin: false, payload: "" }, { opcode: 0, payload: Uint8Array.of(3) });
    await idle();
    assert.deepEqual([...(await readAll(binary))], [1, 2, 3]);
  });

  it("that come whole can be consumed in every way", async () => {
    const { socket, peer } = meetRawPeer("server");
    const ways: ((message: IncomingMessage) => Promise<unknown>)[] = [
      (message) => message.text(),
      async (message) => Buffer.from(await message.bytes()).toString(),
      (message) => message.json(),
      async (message) => (await readAll(message)).toString(),
      async (message) => (await readAll(message.stream())).toString(),
      (message) => message.discard(),
    ];
    const expected = ['{"é":1}', '{"é":1}', { é: 1 }, '{"é":1}', '{"é":1}', undefined];
    const incoming = socket.incoming();
    for (const [index, way] of ways.entries()) {
      for (const opcode of [1, 2]) {
        peer.send({ opcode, payload: '{"é":1}' });
        assert.deepEqual(await way(await next(incoming)), expected[index]);
        peer.send({ opcode, fin: false, payload: utf8('{"é":1}').slice(0, 3) });
        peer.send({ opcode: 0, payload: utf8('{"é":1}').slice(3) });
        assert.deepEqual(await way(await next(incoming)), expected[index]);
      }
    }
  });

  it("can be read into memory that the reader lends", async () => {
    const { socket, peer } = meetRawPeer("server");
    peer.send({ opcode: 2, fin: false, payload: "ab" }, { opcode: 0, payload: "cde" });
    const reader = (await firstOf(socket)).stream().getReader({ mode: "byob" });
    let text = "";
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(2));
      if (done) break;
      text += Buffer.from(value).toString();
    }
    assert.equal(text, "abcde");
  });

  it("read as text by the platform's decoder are as they were sent", async () => {
    const { socket, peer } = meetRawPeer("server");
    const bytes = utf8("añ€𝄞".repeat(50));
    for (let at = 0; at < bytes.byteLength; at += 7) {
      const isLast = at + 7 >= bytes.byteLength;
      peer.send({ opcode: at === 0 ? 1 : 0, fin: isLast, payload: bytes.slice(at, at + 7) });
    }
    let text = "";
    const message = await firstOf(socket);
    const decoder = new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>;
    for await (const piece of message.stream().pipeThrough(decoder) as unknown as AsyncIterable<string>) text += piece;
    assert.equal(text, "añ€𝄞".repeat(50));
  });

  it("have one consumer", () => {
    const { socket } = meetRawPeer("server");
    socket.incoming();
    const refused = { name: "UsageError", code: "already-consumed" };
    assert.throws(() => socket.incoming(), refused);
    assert.throws(() => socket[Symbol.asyncIterator](), refused);
    assert.throws(() => meetRawPeer("server", { message: () => undefined }).socket.incoming(), refused);
  });

  it("are consumed once", async () => {
    const { socket, peer } = meetRawPeer("server");
    peer.sendText("a");
    peer.send({ opcode: 1, fin: false, payload: "b" }, { opcode: 0, payload: "c" });
    const incoming = socket.incoming();
    const refused = { name: "UsageError", code: "message-consumed" };
    for (const expected of ["a", "bc"]) {
      const message = await next(incoming);
      assert.equal(await message.text(), expected);
      await assert.rejects(message.text(), refused);
      await assert.rejects(message.bytes(), refused);
      await assert.rejects(message.json(), refused);
      await assert.rejects(message.discard(), refused);
      assert.throws(() => message.stream(), refused);
      assert.throws(() => message[Symbol.asyncIterator](), refused);
    }
  });

  it("are discarded, as far as they were not consumed, when the next one is asked for", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { maxInboxBytes: 1000 }, { capacityBytes: 1000 });
    const incoming = socket.incoming();
    const left = { name: "UsageError", code: "message-left" };
    trickle(peer, 500, { opcode: 2, fin: false, payload: noise(50_000, 1) }, { opcode: 0, payload: noise(50_000, 2) });
    peer.sendText("whole", "last");
    const first = await next(incoming);
    await idle();
    assert.ok(peer.unsentBytes > 40_000);
    const second = await next(incoming);
    await assert.rejects(first.bytes(), left);
    assert.throws(() => first.stream(), left);
    assert.equal(first.isConsumed, false);
    assert.equal(await (await next(incoming)).text(), "last");
    await assert.rejects(second.text(), left);

    peer.send({ opcode: 2, fin: false, payload: noise(50_000, 1) });
    const third = await next(incoming);
    const reader = third.stream().getReader();
    assert.equal((await reader.read()).done, false);
    const asked = next(incoming);
    await assert.rejects(reader.read(), left);
    peer.send({ opcode: 0, payload: "" });
    peer.sendText("a");
    await asked;
  });

  it("that are collected when the next one is asked for are collected to their end", async () => {
    const { socket, peer } = meetRawPeer("server");
    const incoming = socket.incoming();
    peer.send({ opcode: 1, fin: false, payload: "a" });
    const first = await next(incoming);
    const text = first.text();
    const second = next(incoming);
    peer.send({ opcode: 0, payload: "b" });
    peer.sendText("c");
    assert.equal(await text, "ab");
    assert.equal(await (await second).text(), "c");
  });

  it("that were asked for before are left to whoever asked first, and then to nobody", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const incoming = socket.incoming();
    const both = [next(incoming), next(incoming)] as const;
    peer.sendText("a", "b");
    await idle();
    await assert.rejects((await both[0]).text(), { code: "message-left" });
    assert.equal(await (await both[1]).text(), "b");
  });

  it("wait for the next consumer when the loop is left, and the last one can still be read", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.send({ opcode: 1, fin: false, payload: "a" });
    let first: IncomingMessage | undefined;
    for await (const message of socket.incoming()) {
      first = message;
      break;
    }
    assert.equal(socket.readyState, "open");
    peer.send({ opcode: 0, payload: "b" });
    peer.sendText("c");
    peer.send({ opcode: 2, fin: false, payload: "d" }, { opcode: 0, payload: "e" });
    await idle();
    assert.equal(await first?.text(), "ab");
    for await (const message of socket) {
      assert.equal(message, "c");
      break;
    }
    const last = await firstOf(socket);
    assert.deepEqual([last.type, await last.text()], ["binary", "de"]);
  });

  it("go on to come for a consumer of whole messages, where the loop was left before they were handed over", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const incoming = socket.incoming();
    peer.send({ opcode: 1, fin: false, payload: "a" });
    await idle();
    await incoming.return?.();
    const whole = socket[Symbol.asyncIterator]();
    const asked = [whole.next(), whole.next()] as const;
    peer.send({ opcode: 0, payload: "b" });
    peer.send({ opcode: 2, payload: "c" });
    assert.deepEqual(await asked[0], { done: false, value: "ab" });
    assert.deepEqual(await asked[1], { done: false, value: utf8("c") });
  });

  it("that do not come to their end are nothing to a consumer of whole messages", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const incoming = socket.incoming();
    peer.send({ opcode: 1, fin: false, payload: "a" });
    await idle();
    await incoming.return?.();
    const asked = socket[Symbol.asyncIterator]().next();
    await idle();
    peer.stream.destroy();
    assert.deepEqual(await asked, { done: true, value: undefined });
  });

  it("end when the connection does, after everything that came before", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.sendText("a");
    peer.sendClose();
    peer.stream.end();
    await socket.closed;
    await idle();
    const texts: string[] = [];
    for await (const message of socket.incoming()) texts.push(await message.text());
    assert.deepEqual(texts, ["a"]);
    assert.equal((await socket.incoming().next()).done, true);
  });
});

describe("how long messages may be that are handed on while they come (§10.4)", () => {
  const limits = { maxMessageBytes: 1000, maxFrameBytes: 800, maxFragmentsPerMessage: 3 };

  it("is any length for who reads pieces, in one frame and in many, and whether anybody consumes yet or not", async () => {
    for (const isEarly of [true, false]) {
      const { socket, peer, idle } = meetRawPeer("server", { limits, maxInboxBytes: 2000 }, { capacityBytes: 1500 });
      const early = isEarly ? socket.incoming() : undefined;
      const [one, many] = [noise(30_000, 1), noise(4000, 2)];
      trickle(peer, 500, { opcode: 2, payload: one });
      for (let at = 0; at < 4000; at += 50) {
        peer.send({ opcode: at === 0 ? 2 : 0, fin: at === 3950, payload: many.slice(at, at + 50) });
      }
      await idle();
      assert.ok(peer.unsentBytes > 20_000);
      assert.ok(socket.memoryBytes < 15_000, String(socket.memoryBytes));
      const incoming = early ?? socket.incoming();
      assert.deepEqual(await readAll(await next(incoming)), Buffer.from(one));
      assert.deepEqual(await readAll(await next(incoming)), Buffer.from(many));
      assert.equal(socket.readyState, "open");
    }
  });

  it("is what the limits say for who takes them whole, however late they say so", async () => {
    const oversized = [
      [{ opcode: 2, payload: noise(801, 1) }],
      [
        { opcode: 2, fin: false, payload: noise(600, 1) },
        { opcode: 0, payload: noise(600, 1) },
      ],
      Array.from({ length: 5 }, (_, index) => ({ opcode: index === 0 ? 2 : 0, fin: false, payload: "x" })),
    ];
    const codes = ["frame-too-big", "message-too-big", "too-many-fragments"];
    for (const [index, frames] of oversized.entries()) {
      const { socket, peer, idle } = meetRawPeer("server", { limits });
      peer.sendText("before");
      peer.send(...frames);
      await idle();
      assert.equal(socket.readyState, "open");
      const iterator = socket[Symbol.asyncIterator]();
      assert.deepEqual(await iterator.next(), { done: false, value: "before" });
      await idle();
      assert.equal(socket.readyState, "closing");
      peer.stream.end();
      const { rule } = await socket.closed;
      assert.equal(rule?.code, codes[index]);
      assert.equal((await iterator.next()).done, true);
    }
  });

  it("is what the limits say where this side closes before anybody has said", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { limits });
    peer.send({ opcode: 2, payload: noise(801, 1) });
    await idle();
    void socket.close();
    await idle();
    peer.stream.end();
    assert.equal((await socket.closed).rule?.code, "frame-too-big");
  });

  it("is what maxMessageBytes says for text, bytes and json, or what the call says", async () => {
    const calls: [number, (message: IncomingMessage) => Promise<unknown>][] = [
      [1000, (message) => message.text()],
      [1000, (message) => message.bytes()],
      [1000, (message) => message.json()],
      [10, (message) => message.text({ maxBytes: 10 })],
      [10, (message) => readAll(message.stream({ maxBytes: 10 }))],
    ];
    for (const [limit, call] of calls) {
      for (const isWhole of [true, false]) {
        const { socket, peer, idle } = meetRawPeer("server", { limits });
        const asked = firstOf(socket);
        if (isWhole) peer.send({ opcode: 1, payload: "é".repeat(501) });
        else peer.send({ opcode: 1, fin: false, payload: "é" }, { opcode: 0, fin: false, payload: "é".repeat(500) });
        const refused = { code: "message-too-big", limit, observed: 1002 };
        await assert.rejects(call(await asked), refused);
        await idle();
        assert.deepEqual(peer.lines, ["close 1009 message-too-big"]);
        peer.stream.end();
        assert.equal((await socket.closed).rule?.code, "message-too-big");
        assert.equal(socket.memoryBytes, meetRawPeer("server").socket.memoryBytes);
      }
    }
    const { socket, peer } = meetRawPeer("server", { limits });
    peer.send({ opcode: 1, payload: "x".repeat(1000) }, { opcode: 1, payload: "x".repeat(1001) });
    const incoming = socket.incoming();
    assert.equal((await (await next(incoming)).text()).length, 1000);
    assert.equal((await (await next(incoming)).text({ maxBytes: 1001 })).length, 1001);
    const last = incoming.next();
    peer.sendText("");
    const value = (await last).value;
    await assert.rejects(value?.text({ maxBytes: -1 }) ?? Promise.resolve(), { code: "invalid-limit" });
    assert.throws(() => value?.stream({ maxBytes: 1.5 }), { code: "invalid-limit" });
    assert.equal(await value?.text(), "");
  });
});

describe("backpressure of messages that are handed on while they come", () => {
  it("stops reading at maxInboxBytes, and holds no more of it, however long the message is", async () => {
    const setup = { maxInboxBytes: 10_000, heartbeat: false } as const;
    const { socket, peer, stream, platform, idle } = meetRawPeer("server", setup, { capacityBytes: 5000 });
    const content = noise(mib, 1);
    trickle(peer, 4000, { opcode: 2, payload: content });
    const message = await firstOf(socket);
    await idle();
    assert.equal(stream.isPaused, true);
    assert.ok(socket.memoryBytes < 40_000, String(socket.memoryBytes));
    platform.clock.advance(10 * 120_000);
    assert.equal(socket.readyState, "open");
    const read: Uint8Array[] = [];
    for await (const piece of message) {
      read.push(piece);
      await idle();
      assert.ok(socket.memoryBytes < 40_000, String(socket.memoryBytes));
    }
    assert.ok(Buffer.concat(read).equals(content));
    platform.clock.advance(2000);
    assert.equal(socket.memoryBytes, meetRawPeer("server").socket.memoryBytes);
  });

  it("joins short pieces that wait, so that fragments cost no more than their octets", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    const incoming = socket.incoming();
    for (let index = 0; index < 1000; index++) {
      peer.send({ opcode: index === 0 ? 2 : 0, fin: index === 999, payload: Uint8Array.of(index) });
    }
    await idle();
    let pieces = 0;
    let bytes = 0;
    for await (const piece of await next(incoming)) {
      pieces++;
      bytes += piece.byteLength;
      assert.equal(piece.byteLength, piece.buffer.byteLength);
    }
    assert.deepEqual([pieces, bytes], [1, 1000]);
  });

  it("hands on copies, so that nothing of what is read into changes them", async () => {
    const { socket, peer, idle } = meetRawPeer("server", {}, { capacityBytes: 100 });
    const content = noise(1000, 1);
    trickle(peer, 70, { opcode: 2, payload: content });
    const read: Uint8Array[] = [];
    for await (const piece of await firstOf(socket)) read.push(piece);
    await idle();
    assert.ok(Buffer.concat(read).equals(content));
  });

  it("is counted: what is collected, too", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { maxInboxBytes: 10_000 }, { capacityBytes: 5000 });
    const idleBytes = socket.memoryBytes;
    peer.send({ opcode: 2, fin: false, payload: noise(100_000, 1) });
    const bytes = (await firstOf(socket)).bytes();
    await idle();
    assert.ok(socket.memoryBytes >= idleBytes + 100_000);
    peer.send({ opcode: 0, payload: "x" });
    assert.equal((await bytes).byteLength, 100_001);
    assert.equal(socket.memoryBytes, idleBytes);
  });

  it("goes on with messages behind one that somebody still works on, up to maxInboxBytes", async () => {
    const { socket, peer, stream, idle } = meetRawPeer("server", { maxInboxBytes: 5000 }, { capacityBytes: 2000 });
    const incoming = socket.incoming();
    for (let index = 0; index < 50; index++) {
      peer.send({ opcode: 1, fin: false, payload: String(index) }, { opcode: 0, payload: "".padEnd(300) });
      peer.sendText(String(index));
    }
    await idle();
    assert.equal(stream.isPaused, true);
    for (let index = 0; index < 50; index++) {
      assert.equal((await (await next(incoming)).text()).trimEnd(), String(index));
      assert.equal(await (await next(incoming)).text(), String(index));
    }
    await idle();
    assert.equal(stream.isPaused, false);
  });
});

describe("deadlines and rates of messages that are handed on while they come", () => {
  it("counts messageTimeoutMs from piece to piece", async () => {
    const setup = { heartbeat: false, messageTimeoutMs: 10_000, idleTimeoutMs: 15_000 } as const;
    const { socket, peer, platform, idle } = meetRawPeer("server", setup);
    const incoming = socket.incoming();
    peer.send({ opcode: 2, fin: false, payload: "a" });
    const message = await next(incoming);
    const all = readAll(message);
    all.catch(() => undefined);
    for (let index = 0; index < 10; index++) {
      for (let seconds = 0; seconds < 9; seconds++) platform.clock.advance(1000);
      peer.send({ opcode: 0, fin: false, payload: "a" });
      await idle();
      assert.equal(socket.readyState, "open");
    }
    for (let seconds = 0; seconds < 14; seconds++) platform.clock.advance(1000);
    await idle();
    assert.equal(socket.readyState, "closing");
    await assert.rejects(all, { code: "message-timeout", limit: 10_000 });
  });

  it("counts them among the messages of rateLimit", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { rateLimit: { messagesPerSecond: 1, policy: "drop" } });
    const incoming = socket.incoming();
    for (const payload of ["a", "b"]) {
      peer.send({ opcode: 1, fin: false, payload }, { opcode: 0, payload });
    }
    await idle();
    assert.equal(socket.droppedMessages, 1);
    assert.equal(await (await next(incoming)).text(), "aa");

    const strict = meetRawPeer("server", { rateLimit: { messagesPerSecond: 1, policy: "close" } });
    strict.socket.incoming();
    for (let index = 0; index < 2; index++) {
      strict.peer.send({ opcode: 1, fin: false, payload: "a" }, { opcode: 0, payload: "b" });
    }
    await strict.idle();
    assert.deepEqual(strict.peer.lines, ["close 1008 message-rate"]);
  });
});

describe("messages that do not come to their end", () => {
  /** Consumes a message in every way, before and after something has happened. */
  async function outcomes(happen: (meeting: ReturnType<typeof meetRawPeer>) => unknown): Promise<unknown[]> {
    const ways: ((message: IncomingMessage) => Promise<unknown>)[] = [
      (message) => message.text(),
      (message) => message.json(),
      (message) => readAll(message),
      (message) => readAll(message.stream()),
    ];
    const errors: unknown[] = [];
    for (const way of ways) {
      for (const isEarly of [true, false]) {
        const meeting = meetRawPeer("server");
        meeting.peer.send({ opcode: 1, fin: false, payload: "a" });
        const message = await firstOf(meeting.socket);
        const early = isEarly ? way(message) : undefined;
        // Nobody looks at it for a while.
        early?.catch(() => undefined);
        await meeting.idle();
        await happen(meeting);
        await meeting.idle();
        const result = early ?? way(message);
        errors.push(
          await result.then(
            () => "no error",
            (error: unknown) => error,
          ),
        );
      }
    }
    return errors;
  }

  it("tell how the connection has ended: the peer vanishes", async () => {
    for (const error of await outcomes(({ peer }) => peer.stream.destroy())) {
      assert.ok(error instanceof ConnectionClosedError, String(error));
      assert.equal(error.report.code, 1006);
    }
  });

  it("tell how the connection has ended: the peer closes in the midst of them", async () => {
    const errors = await outcomes(({ peer }) => {
      peer.sendClose(1001);
      peer.stream.end();
    });
    for (const error of errors) {
      assert.ok(error instanceof ConnectionClosedError, String(error));
      assert.equal(error.report.code, 1001);
    }
  });

  it("tell how the connection has ended: this side cuts it", async () => {
    for (const error of await outcomes(({ socket }) => socket.terminate())) {
      assert.ok(error instanceof ConnectionClosedError, String(error));
      assert.equal(error.report.outcome, "dropped");
    }
  });

  it("tell of the rule that was broken", async () => {
    for (const error of await outcomes(({ peer }) => peer.send({ opcode: 0, payload: Uint8Array.of(0xff) }))) {
      assert.equal((error as ProtocolErrorLike).code, "invalid-utf8");
    }
    for (const error of await outcomes(({ peer }) => peer.send({ opcode: 1, payload: "b" }))) {
      assert.equal((error as ProtocolErrorLike).code, "continuation-expected");
    }
  });

  it("give what had come before", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.send({ opcode: 2, fin: false, payload: "abc" });
    const message = await firstOf(socket);
    await idle();
    peer.stream.destroy();
    await socket.closed;
    const reader = message.stream().getReader();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "abc");
    await assert.rejects(reader.read(), ConnectionClosedError);
  });

  it("are an end to who discards them", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.send({ opcode: 2, fin: false, payload: "abc" });
    const discarded = (await firstOf(socket)).discard();
    await idle();
    peer.stream.destroy();
    await discarded;
  });

  it("of a binary message that is no text are no harm to the connection", async () => {
    const { socket, peer } = meetRawPeer("server");
    peer.send({ opcode: 2, payload: Uint8Array.of(0xff) });
    peer.send({ opcode: 2, fin: false, payload: Uint8Array.of(0xc3) }, { opcode: 0, payload: "" });
    const incoming = socket.incoming();
    for (let index = 0; index < 2; index++) {
      await assert.rejects((await next(incoming)).text(), { name: "UsageError", code: "binary-not-utf8" });
    }
    peer.sendText("{");
    await assert.rejects((await next(incoming)).json(), SyntaxError);
    assert.equal(socket.readyState, "open");
  });

  it("are discarded where their reader goes, and nothing else is", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { maxInboxBytes: 1000 }, { capacityBytes: 1000 });
    const incoming = socket.incoming();
    const long = { opcode: 2, payload: noise(50_000, 1) };
    trickle(peer, 500, long, long);
    peer.sendText("after");
    for await (const piece of await next(incoming)) {
      assert.ok(piece.byteLength > 0);
      break;
    }
    await (await next(incoming)).stream().cancel();
    assert.equal(await (await next(incoming)).text(), "after");
    await idle();
    assert.equal(peer.unsentBytes, 0);
  });
});

interface ProtocolErrorLike {
  readonly code: string;
}

describe("closing in the midst of a message that is handed on while it comes (§5.5.1)", () => {
  const memory = { capacityBytes: 1000 };

  it("delivers what the peer has sent before its answer to who reads", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { maxInboxBytes: 1000 }, memory);
    const content = noise(50_000, 1);
    trickle(peer, 500, { opcode: 2, payload: content });
    peer.sendClose();
    const message = await firstOf(socket);
    const iterator = message[Symbol.asyncIterator]();
    const first = await iterator.next();
    void socket.close();
    await idle();
    const read = [first.value as Uint8Array];
    for (;;) {
      const result = (await iterator.next()) as IteratorResult<Uint8Array, undefined>;
      if (result.done === true) break;
      read.push(result.value);
      await idle();
    }
    assert.ok(Buffer.concat(read).equals(content));
    peer.stream.end();
    assert.equal((await socket.closed).outcome, "closed-by-us");
  });

  it("does not wait for who does not read, and tells it later", async () => {
    const { socket, peer, idle } = meetRawPeer("server", { maxInboxBytes: 1000 }, memory);
    trickle(peer, 500, { opcode: 2, payload: noise(50_000, 1) });
    peer.sendText("lost");
    peer.sendClose();
    const incoming = socket.incoming();
    const message = await next(incoming);
    await idle();
    void socket.close();
    await idle();
    assert.equal(peer.unsentBytes, 0);
    const bytes = message.bytes();
    peer.stream.end();
    assert.equal((await socket.closed).outcome, "closed-by-us");
    await assert.rejects(bytes, ConnectionClosedError);
    assert.equal((await incoming.next()).done, true);
  });

  it("answers the peer's Close frame at once, whoever reads", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    peer.send({ opcode: 2, fin: false, payload: "a" }, { opcode: 0, payload: "b" });
    peer.sendClose(1001);
    const message = await firstOf(socket);
    await idle();
    assert.deepEqual(peer.lines, ["close 1001"]);
    peer.stream.end();
    await socket.closed;
    assert.equal((await readAll(message)).toString(), "ab");
  });
});
