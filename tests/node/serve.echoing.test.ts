/**
 * Messages that are sent back while they come, by `incoming()` and `sendStream()`, over real connections.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { Message, Server } from "#src/index.js";
import { connect, serve, WebSocketStream } from "#src/index.js";
import type { Slow, Way } from "../support/large-echo.js";
import { echoLarge } from "../support/large-echo.js";
import { LineProcess } from "../support/line-process.js";
import { noise } from "../support/samples.js";

const mib = 1024 * 1024;
// 4 GiB, and every way, with `node scripts/stream-large.js`.
const length = 96 * mib;
// What the collector has not looked at yet differs from run to run by 10 MiB; what is held is bounded below.
const mostGrownBytes = 40 * mib;

describe("an echo of a message that is larger than what a process may hold", () => {
  const cases: readonly (readonly [Way, Slow])[] = [
    [1, "the reader"],
    [65_536, "nobody"],
    ["sendStream", "the writer"],
  ];
  for (const [way, slow] of cases) {
    const how = typeof way === "number" ? `${String(way)} frames` : way;
    it(`takes 40 MiB at most, sent by ${how}, where ${slow} is slow`, async (test) => {
      const script = new URL("../support/echoing-process.js", import.meta.url);
      const server = LineProcess.start(test, script);
      const { port } = (await server.next("port")) as { readonly port: number };
      await echoLarge({ port, length: mib, way: 1, slow: "nobody" });
      await server.next("idleBytes");
      await echoLarge({ port, length, way, slow });
      const { grownBytes, mostHeldBytes, mostBufferedBytes } = await server.next("grownBytes");
      server.endInput();
      await server.exited;
      assert.ok(Number(grownBytes) <= mostGrownBytes, `grew by ${String(grownBytes)} octets`);
      assert.ok(Number(mostHeldBytes) < 512 * 1024, `held ${String(mostHeldBytes)} octets`);
      assert.ok(Number(mostBufferedBytes) < 256 * 1024, `${String(mostBufferedBytes)} octets waited for the peer`);
    });
  }
});

describe("a server that sends messages back while they come", () => {
  async function start(t: TestContext): Promise<Server> {
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      async open(socket) {
        socket.subscribe("all");
        for await (const message of socket.incoming()) await socket.sendStream(message, { type: message.type });
      },
    });
    t.after(() => server.close());
    return server;
  }
  const bytes = noise(3 * mib, 1);

  it("serves a client's toDuplex()", async (t) => {
    const server = await start(t);
    const duplex = (await connect(server.url)).toDuplex();
    const writing = new Promise((resolve) => duplex.write(bytes, resolve));
    const pieces: Buffer[] = [];
    let octets = 0;
    for await (const piece of duplex as AsyncIterable<Buffer>) {
      pieces.push(piece);
      octets += piece.byteLength;
      if (octets === bytes.byteLength) break;
    }
    await writing;
    assert.ok(Buffer.concat(pieces).equals(bytes));
  });

  it("serves a WebSocketStream", async (t) => {
    const server = await start(t);
    const wss = new WebSocketStream(server.url);
    const { readable, writable } = await wss.opened;
    const writer = writable.getWriter();
    const writing = (async () => {
      for (const message of ["text", bytes, ""]) await writer.write(message);
    })();
    const received: Message[] = [];
    for await (const message of readable) if (received.push(message) === 3) break;
    await writing;
    assert.deepEqual([received[0], received[2]], ["text", ""]);
    assert.ok(Buffer.from(received[1] as Uint8Array).equals(bytes));
  });

  it("publishes meanwhile, behind the message that goes through", async (t) => {
    const server = await start(t);
    const socket = await connect(server.url);
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, mib);
      await gate;
      yield bytes.subarray(mib);
    }
    const sending = socket.sendStream(source());
    const received: [string, number][] = [];
    for await (const message of socket.incoming()) {
      if (received.length === 0) {
        // It is on its way back.
        assert.equal(server.publish("all", "news").delivered, 1);
        goOn();
      }
      received.push([message.type, (await message.bytes()).byteLength]);
      if (received.length === 2) break;
    }
    await sending;
    assert.deepEqual(received, [
      ["binary", bytes.byteLength],
      ["text", 4],
    ]);
  });

  it("drains when it has gone through", async (t) => {
    const server = await start(t);
    const socket = await connect(server.url);
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, mib);
      await gate;
      yield bytes.subarray(mib);
    }
    const sending = socket.sendStream(source());
    const incoming = socket.incoming();
    const { value: message } = await incoming.next();
    const drained = server.drain();
    goOn();
    assert.equal((await message?.bytes())?.byteLength, bytes.byteLength);
    await sending;
    const { code, outcome } = await socket.closed;
    assert.deepEqual([code, outcome], [1012, "closed-by-peer"]);
    await drained;
  });
});
