import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { openClient, openPair, openRawClient, take, textOf } from "../../support/ws-pairs.js";

const run = promisify(execFile);

/** Four events that come in one chunk. */
const burst = [
  { opcode: 1, payload: "a" },
  { opcode: 2, payload: "b" },
  { opcode: 9, payload: "c" },
  { opcode: 10, payload: "d" },
] as const;

describe("allowSynchronousEvents", () => {
  for (const allowSynchronousEvents of [true, false]) {
    it(`${String(allowSynchronousEvents)}: events that came together have ${allowSynchronousEvents ? "one turn" : "a turn each"}`, async (test) => {
      const { socket, peer } = await openRawClient(test, { allowSynchronousEvents });
      const seen: string[] = [];
      for (const event of ["message", "ping", "pong"] as const) {
        socket.on(event, (data: unknown) => {
          seen.push(`${event} ${textOf(data)}`);
          void Promise.resolve().then(() => seen.push("microtask"));
        });
      }
      const closed = once(socket, "close");
      const close = { opcode: 8, payload: Uint8Array.of(3, 0xe8) };
      peer.sendOctets(Buffer.concat([...burst, close].map((frame) => peer.encode(frame))));
      await peer.until(() => peer.lines.at(-1) === "close 1000");
      peer.stream.end();
      assert.equal((await closed)[0], 1000);
      const events = ["message a", "message b", "ping c", "pong d"];
      const expected = allowSynchronousEvents
        ? [...events, ...events.map(() => "microtask")]
        : events.flatMap((event) => [event, "microtask"]);
      assert.deepEqual(seen, expected);
    });
  }

  it("lets what waits come before close, where the peer is cut off", async (test) => {
    const { socket, peer } = await openRawClient(test, { allowSynchronousEvents: false });
    const seen: unknown[] = [];
    socket.on("message", (data) => seen.push(textOf(data)));
    const closed = once(socket, "close").then(() => seen.push("close"));
    peer.sendText("a", "b", "c");
    peer.stream.end();
    await closed;
    assert.deepEqual(seen, ["a", "b", "c", "close"]);
  });
});

describe("the end of a connection", () => {
  it("without a Close frame is 1006 to this side", async (test) => {
    const { socket, peer } = await openRawClient(test);
    const closed = once(socket, "close");
    peer.stream.end();
    assert.deepEqual(await closed, [1006, Buffer.alloc(0)]);
  });

  it("brings what a paused socket has not read", async (test) => {
    const { socket, peer } = await openRawClient(test);
    const seen: string[] = [];
    socket.on("message", (data) => {
      seen.push(textOf(data));
      socket.pause();
    });
    peer.sendText("a", "b");
    await once(socket, "message");
    const closed = once(socket, "close");
    socket.terminate();
    await closed;
    assert.deepEqual(seen.slice(0, 1), ["a"]);
  });
});

describe("a peer that has broken a rule", () => {
  it("is read from until it ends, however long its message is", async (test) => {
    const { client, socket } = await openPair(test, { maxPayload: 1000, perMessageDeflate: false });
    const codes: unknown[] = [];
    socket.on("error", (error: Error & { code?: string }) => codes.push(error.code));
    const closed = Promise.all([client, socket].map((end) => new Promise((resolve) => end.once("close", resolve))));
    const failure = await new Promise((resolve) => client.send(Buffer.alloc(48 * 1024 * 1024), resolve));
    assert.equal(failure, undefined);
    codes.push(...(await closed));
    assert.deepEqual(codes, ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009, 1006]);
  });
});

describe("a peer that does not read", () => {
  it("is still read from, and what waits for it is told", async (test) => {
    for (const transport of ["net", "handle"] as const) {
      const { socket, peer } = await openRawClient(test, { transport });
      peer.stream.pause();
      while (socket.bufferedAmount < 4 * 1024 * 1024) socket.send(Buffer.alloc(1024 * 1024));
      const message = once(socket, "message");
      peer.sendText("still here");
      assert.equal(textOf((await message)[0]), "still here");
      const written = new Promise((resolve) => socket.send("last", resolve));
      peer.stream.resume();
      assert.equal(await written, undefined);
      assert.equal(socket.bufferedAmount, 0);
    }
  });

  it("keeps the callbacks of what has left from those of what has not", async (test) => {
    const { client, socket } = await openPair(test);
    const order: number[] = [];
    const all = Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        return new Promise<void>((resolve) => {
          socket.send(Buffer.alloc(512 * 1024), () => {
            order.push(index);
            resolve();
          });
        });
      }),
    );
    await Promise.all([all, take(client, "message", 20)]);
    assert.deepEqual(
      order,
      [...order].sort((left, right) => left - right),
    );
  });
});

describe("what was sent in the turn that ends the process", () => {
  for (const [end, exitCode] of [
    ["process.exit(0)", 0],
    ['throw new Error("last")', 1],
  ] as const) {
    it(`leaves before that: ${end}`, async (test) => {
      const entry = new URL("../../../../dist/compat/ws/index.js", import.meta.url).href;
      const script = `
        import { WebSocketServer } from ${JSON.stringify(entry)};
        const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
        server.on("listening", () => console.log(server.address().port));
        server.on("connection", (socket) => {
          socket.on("message", () => {
            process.on("exit", () => socket.close(1001, "going"));
            socket.send("last words");
            ${end};
          });
        });
      `;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      test.after(() => child.kill());
      const exited = once(child, "exit");
      const [port] = (await once(child.stdout, "data")) as [Buffer];
      const client = openClient(test, `ws://127.0.0.1:${port.toString().trim()}`);
      const seen: unknown[] = [];
      client.on("error", (error) => seen.push(error.message));
      client.on("message", (data) => seen.push(textOf(data)));
      const closed = once(client, "close");
      await once(client, "open");
      client.send("x");
      const [code] = (await closed) as [number];
      assert.deepEqual([...seen, code], ["last words", 1001]);
      assert.equal((await exited)[0], exitCode);
    });
  }
});

describe("what listeners throw", () => {
  it("is an uncaught exception, and the connection goes on", async () => {
    const entry = new URL("../../../../dist/compat/ws/index.js", import.meta.url).href;
    const script = `
      import WebSocket, { WebSocketServer } from ${JSON.stringify(entry)};
      const caught = [];
      process.on("uncaughtException", (error) => caught.push(error.message));
      const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
      server.on("connection", (socket) => {
        socket.on("message", (data) => {
          socket.send(data, () => { throw new Error("callback"); });
          throw new Error("message");
        });
        socket.on("ping", () => { throw new Error("ping"); });
        socket.on("close", () => { throw new Error("close"); });
      });
      server.on("listening", () => {
        const client = new WebSocket("ws://127.0.0.1:" + server.address().port);
        client.on("open", () => { client.ping(); client.send("a"); client.send("b"); });
        let count = 0;
        client.on("message", () => { if (++count === 2) client.close(); });
        client.on("close", () => server.close());
      });
      process.on("exit", () => console.log(caught.sort().join()));
    `;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
    assert.equal(stdout.trim(), "callback,callback,close,message,message,ping");
  });
});
