/**
 * What else happens on a socket while a message goes through an echo, received by `incoming()` and sent by `sendStream()`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "#src/index.js";
import { ConnectionClosedError, SendTimeoutError } from "#src/index.js";
import type { IncomingMessage, Socket } from "#src/socket/index.js";
import { prepareMessage } from "#src/socket/index.js";
import { idleSocketBytes } from "#src/socket/pinned-memory.js";
import { nodeText } from "#src/transport/node/index.js";
import { deferred, type EndpointSetup, meetEachOther, meetRawPeer } from "../support/endpoints.js";
import { patternedBytes } from "../support/patterns.js";
import { turns } from "../support/task-queue.js";

const KiB = 1024;

/** Sends every message back while it comes. Resolves to what went wrong. */
async function echo(socket: Socket): Promise<unknown> {
  try {
    for await (const message of socket.incoming()) await socket.sendStream(message, { type: message.type });
    return undefined;
  } catch (error) {
    return error;
  }
}

function meet(server: EndpointSetup = {}, client: EndpointSetup = {}) {
  return meetEachOther(
    { server, client },
    { capacityBytes: 16 * KiB, nextChunkBytes: (available) => Math.min(available, 5000) },
  );
}

async function next(incoming: AsyncIterator<IncomingMessage, undefined>): Promise<IncomingMessage> {
  const result = await incoming.next();
  if (result.done === true) throw new Error("there is no message");
  return result.value;
}

/** Chunks of a message, each when the test says so. */
function gated(chunks: readonly Uint8Array[]) {
  const gates = chunks.map(() => deferred());
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const [index, chunk] of chunks.entries()) {
      await gates[index]?.promise;
      yield chunk;
    }
  }
  return { source: source(), open: (index: number) => gates[index]?.resolve() };
}

describe("while a message goes through an echo", () => {
  it("others wait for it, in order, and pings do not", async () => {
    const received: Message[] = [];
    const { server, client, idle } = meet({}, { message: (_socket, message) => void received.push(message) });
    const over = echo(server);
    const { source, open } = gated([patternedBytes(20_000), patternedBytes(20_000, 2)]);
    const sending = client.sendStream(source);
    open(0);
    await idle();
    assert.equal(server.send("from the server").ok, true);
    assert.equal(server.send(prepareMessage("prepared", nodeText)).ok, true);
    assert.equal(client.send("from the client").ok, true);
    await Promise.all([client.ping(), server.ping()]);
    assert.equal(received.length, 0);
    open(1);
    await sending;
    await idle();
    assert.equal(received[0]?.length, 40_000);
    assert.deepEqual(received.slice(1), ["from the server", "prepared", "from the client"]);
    await client.close();
    assert.equal(await over, undefined);
  });

  it("messageTimeoutMs counts from piece to piece on both sides", async () => {
    const { server, client, idle, platform } = meet(
      { messageTimeoutMs: 10_000, heartbeat: false },
      { messageTimeoutMs: 10_000, heartbeat: false },
    );
    const over = echo(server);
    const incoming = client.incoming();
    const { source, open } = gated(Array.from({ length: 5 }, (_, index) => patternedBytes(1000, index)));
    const sending = client.sendStream(source);
    open(0);
    await idle();
    const message = await next(incoming);
    let octets = 0;
    const reading = (async () => {
      for await (const piece of message) octets += piece.byteLength;
    })();
    reading.catch(() => undefined);
    // As a whole, it takes longer.
    for (let index = 1; index < 4; index++) {
      platform.clock.advance(8000);
      open(index);
      await idle();
    }
    assert.equal(octets, 4000);
    platform.clock.advance(20_000);
    await idle();
    await Promise.all([assert.rejects(reading), assert.rejects(sending, ConnectionClosedError)]);
    assert.ok((await over) instanceof ConnectionClosedError);
    const { code } = await client.closed;
    assert.equal(code, 1008);
  });

  it("a client that does not read for long is alive, and its message comes to its end", async () => {
    const { server, client, idle, platform } = meet({ sendTimeoutMs: false }, { sendTimeoutMs: false });
    const over = echo(server);
    const incoming = client.incoming();
    const bytes = patternedBytes(600 * KiB);
    const sending = client.sendStream([bytes]);
    const message = await next(incoming);
    await idle();
    for (let minutes = 0; minutes < 10; minutes++) {
      platform.clock.advance(60_000);
      await idle();
    }
    assert.deepEqual([server.readyState, client.readyState], ["open", "open"]);
    assert.ok(server.bufferedBytes < 256 * KiB && client.bufferedBytes < 256 * KiB);
    assert.ok(Buffer.from(await message.bytes()).equals(bytes));
    await sending;
    await client.close();
    assert.equal(await over, undefined);
  });

  it("two sides of which neither reads are told apart by sendTimeoutMs", async () => {
    const { server, client, idle, platform } = meet();
    const over = echo(server);
    client.incoming();
    const sending = client.sendStream([patternedBytes(1000 * KiB)]);
    await idle();
    platform.clock.advance(200_000);
    await idle();
    await assert.rejects(sending, ConnectionClosedError);
    assert.ok((await over) instanceof ConnectionClosedError);
    const causes = [(await server.closed).cause, (await client.closed).cause];
    assert.ok(causes.some((cause) => cause instanceof SendTimeoutError));
  });

  it("a message that came before anybody asked goes back whole", async () => {
    const { server, client, idle } = meet();
    const bytes = patternedBytes(700 * KiB);
    const sending = client.sendStream([bytes]);
    await idle();
    const over = echo(server);
    const message = await next(client.incoming());
    assert.ok(Buffer.from(await message.bytes()).equals(bytes));
    await sending;
    await client.close();
    assert.equal(await over, undefined);
  });

  it("a rate of octets holds it up, and loses nothing", async () => {
    const { server, client, idle, platform } = meet(
      { rateLimit: { bytesPerSecond: 50_000, burstBytes: 50_000 }, heartbeat: false },
      { heartbeat: false },
    );
    const over = echo(server);
    const bytes = patternedBytes(300_000);
    const sending = client.sendStream([bytes]);
    const message = await next(client.incoming());
    const whole = message.bytes();
    for (let seconds = 0; seconds < 12; seconds++) {
      await idle();
      platform.clock.advance(1000);
    }
    assert.ok(Buffer.from(await whole).equals(bytes));
    await sending;
    void client.close();
    for (let seconds = 0; seconds < 3; seconds++) {
      await idle();
      platform.clock.advance(1000);
    }
    assert.equal(await over, undefined);
  });

  it("a server that leaves lets it come to its end first", async () => {
    const { server, client, idle } = meet();
    const over = echo(server);
    const bytes = patternedBytes(200 * KiB);
    const halves = [bytes.subarray(0, 100_000), bytes.subarray(100_000)];
    const { source, open } = gated(halves);
    const sending = client.sendStream(source);
    open(0);
    const message = await next(client.incoming());
    const whole = message.bytes();
    await idle();
    server.leave(1001, "");
    await idle();
    open(1);
    await sending;
    assert.ok(Buffer.from(await whole).equals(bytes));
    assert.equal((await client.closed).code, 1001);
    await turns(1);
    assert.equal(await over, undefined);
  });
});

describe("messages that begin to come and find no reader", () => {
  it("are not held any more when the connection is cut", async () => {
    const { socket, peer, idle } = meetRawPeer("server");
    socket.incoming();
    for (let message = 0; message < 3; message++) {
      peer.send({ opcode: 2, fin: false, payload: patternedBytes(2000) });
      peer.send({ opcode: 0, payload: patternedBytes(100) });
    }
    await idle();
    assert.ok(socket.memoryBytes > idleSocketBytes + 3 * 2100);
    socket.terminate();
    await socket.closed;
    assert.equal(socket.memoryBytes, idleSocketBytes);
  });
});
