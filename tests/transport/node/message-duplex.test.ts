import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import type { DuplexOptions, Message, ServeOptions, ServerSocket, Socket } from "#src/index.js";
import { ConnectionClosedError, connect, serve } from "#src/index.js";
import { seededRandom } from "../../support/random.js";

/** A client of a server of its own, and the server's end of the connection. */
async function meet(
  t: TestContext,
  options: Partial<ServeOptions> = {},
): Promise<{ readonly client: Socket; readonly server: ServerSocket }> {
  let opened: ServerSocket | undefined;
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    open: (socket) => {
      opened = socket;
    },
    ...options,
  });
  t.after(() => server.close());
  const client = await connect(server.url, { perMessageDeflate: false });
  while (opened === undefined) await nextTurn();
  return { client, server: opened };
}

/** Octets that repeat only for who knows the seed. */
function randomOctets(length: number, seed = 1): Buffer {
  const random = seededRandom(seed);
  return Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)));
}

function* cut(octets: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let start = 0, index = 0; start < octets.byteLength; index++) {
    const end = start + (lengths[index % lengths.length] ?? 1);
    yield octets.subarray(start, end);
    start = end;
  }
}

/** Keeps what it is given, and is as slow as `pause`. */
function sink(chunks: Buffer[], pause: () => Promise<unknown> = () => Promise.resolve()): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk);
      pause().then(() => callback(), callback);
    },
  });
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => assert.fail("it was resolved"),
    (error: unknown) => error as Error,
  );
}

async function closedErrorOf(promise: Promise<unknown>): Promise<ConnectionClosedError> {
  const error = await rejection(promise);
  assert.ok(error instanceof ConnectionClosedError, String(error));
  return error;
}

describe("a pipeline through a socket and back", () => {
  it("carries every octet, however slow the reader is", async (t) => {
    const { client, server } = await meet(t);
    const echo = server.toDuplex();
    const echoed = pipeline(echo, echo);
    const octets = randomOctets(4_000_000);
    const chunks: Buffer[] = [];
    await pipeline(Readable.from(cut(octets, [100_000, 1, 7])), client.toDuplex(), sink(chunks, nextTurn));
    assert.ok(Buffer.concat(chunks).equals(octets));
    await echoed;
    const report = await client.closed;
    assert.deepEqual([report.outcome, report.code], ["closed-by-us", 1000]);
  });

  it("carries every octet, however slow the server is", async (t) => {
    const { client, server } = await meet(t);
    const echo = server.toDuplex({ allowHalfOpen: true });
    const slow = new PassThrough();
    slow.on("data", () => {
      slow.pause();
      setImmediate(() => slow.resume());
    });
    const echoed = pipeline(echo, slow, echo);
    const octets = randomOctets(2_000_000, 2);
    const chunks: Buffer[] = [];
    await pipeline(Readable.from(cut(octets, [65_536])), client.toDuplex(), sink(chunks));
    assert.ok(Buffer.concat(chunks).equals(octets));
    await echoed;
  });

  it("carries any octets in any chunks", async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 }),
        async (bytes, lengths) => {
          const { client, server } = await meet(t);
          const echo = server.toDuplex();
          const echoed = pipeline(echo, echo);
          const chunks: Buffer[] = [];
          await pipeline(Readable.from(cut(Buffer.from(bytes), lengths)), client.toDuplex(), sink(chunks));
          assert.deepEqual(Uint8Array.from(Buffer.concat(chunks)), Uint8Array.from(bytes));
          await echoed;
        },
      ),
      { numRuns: 25 },
    );
  });

  it("carries any messages in object mode, each as it is", async (t) => {
    const message = fc.oneof(fc.string({ unit: "grapheme", maxLength: 100 }), fc.uint8Array({ maxLength: 100 }));
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
        const { client, server } = await meet(t);
        const echo = server.toDuplex({ objectMode: true });
        const echoed = pipeline(echo, echo);
        const duplex = client.toDuplex({ objectMode: true });
        const received: Message[] = [];
        const reading = (async () => {
          for await (const each of duplex) received.push(each as Message);
        })();
        await pipeline(Readable.from(messages), duplex);
        await reading;
        await echoed;
        assert.deepEqual(
          received.map((each) => (typeof each === "string" ? each : Uint8Array.from(each))),
          messages.map((each) => (typeof each === "string" ? each : Uint8Array.from(each))),
        );
      }),
      { numRuns: 25 },
    );
  });
});

describe("a socket as Node's stream", () => {
  it("is a Duplex, and the one consumer of the messages", async (t) => {
    const { client } = await meet(t);
    assert.ok(client.toDuplex() instanceof Duplex);
    assert.throws(() => client.toDuplex(), { code: "already-consumed" });
  });

  it("reads text as UTF-8, and passes over empty messages", async (t) => {
    const { client, server } = await meet(t);
    for (const message of ["é", "", new Uint8Array(0), Uint8Array.of(33)]) server.send(message);
    void server.close();
    const chunks: Buffer[] = [];
    for await (const chunk of client.toDuplex()) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), "é!");
  });

  it("sends a chunk as a message, and long ones as several of 64 KiB", async (t) => {
    const { client, server } = await meet(t);
    const duplex = client.toDuplex();
    duplex.write("é");
    duplex.write(Buffer.alloc(0));
    duplex.end(Buffer.alloc(150_000));
    const messages: Message[] = [];
    for await (const message of server) messages.push(message);
    assert.deepEqual(
      messages.map((message) => [typeof message, message.length]),
      [
        ["object", 2],
        ["object", 65_536],
        ["object", 65_536],
        ["object", 18_928],
      ],
    );
  });

  it('sends octets as text with type: "text", whole code points at a time', async (t) => {
    const { client, server } = await meet(t);
    const duplex = client.toDuplex({ type: "text" });
    const octets = Buffer.from("a€𝄞z");
    for (let index = 0; index < octets.byteLength; index++) duplex.write(octets.subarray(index, index + 1));
    duplex.end();
    const messages: Message[] = [];
    for await (const message of server) messages.push(message);
    assert.deepEqual(messages, ["a", "€", "𝄞", "z"]);
  });

  it("fails where what is to be text is not UTF-8, or ends in the midst of a code point", async (t) => {
    for (const octets of [Uint8Array.of(0xff), Uint8Array.of(0xe2, 0x82)]) {
      const { client, server } = await meet(t);
      const duplex = client.toDuplex({ type: "text" });
      duplex.end(octets);
      assert.equal(((await rejection(finished(duplex))) as { code?: string }).code, "text-not-utf8");
      assert.equal((await server.closed).code, 1011);
    }
  });

  it("fails for a chunk in object mode that is no message", async (t) => {
    const { client } = await meet(t);
    const duplex = client.toDuplex({ objectMode: true });
    duplex.write(1);
    assert.equal(((await rejection(finished(duplex))) as { code?: string }).code, "invalid-argument");
  });

  it("can be piped into from a file's end to the peer, which hears of the end", async (t) => {
    const { client, server } = await meet(t);
    const received = (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of server.toDuplex()) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    })();
    const octets = randomOctets(300_000, 3);
    await pipeline(Readable.from(cut(octets, [10_000])), client.toDuplex());
    assert.ok((await received).equals(octets));
    // The loop over the stream has destroyed it, which is no failure: everything had been read.
    const report = await server.closed;
    assert.deepEqual([report.outcome, report.code], ["closed-by-peer", 1000]);
    assert.equal((await client.closed).code, 1000);
  });

  it("closes by itself when the peer has closed and nobody reads", async (t) => {
    const { client, server } = await meet(t);
    const duplex = client.toDuplex();
    void server.close();
    await once(duplex, "close");
    assert.equal(duplex.errored, null);
  });
});

describe("a stream that does not end in order", () => {
  const options: readonly DuplexOptions[] = [{}, { objectMode: true }];

  it("fails with the close report, for those who read", async (t) => {
    for (const each of options) {
      const { client, server } = await meet(t);
      server.send("first");
      void server.close(4000, "no more");
      const chunks: unknown[] = [];
      const error = await closedErrorOf(
        (async () => {
          for await (const chunk of client.toDuplex(each)) chunks.push(String(chunk));
        })(),
      );
      assert.deepEqual([error.report.code, error.report.reason], [4000, "no more"]);
    }
  });

  it("fails with the close report, for those who write", async (t) => {
    const { client, server } = await meet(t);
    const duplex = client.toDuplex();
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1000);
      })(),
    );
    const piping = closedErrorOf(pipeline(endless, duplex));
    server.terminate();
    assert.equal((await piping).report.code, 1006);
    assert.ok(endless.destroyed);
  });

  it("fails for those, too, who neither read nor write, and ends no process where nobody listens", async (t) => {
    const { client, server } = await meet(t);
    const duplex = client.toDuplex();
    server.terminate();
    await new Promise((resolve) => duplex.once("close", resolve));
    assert.ok(duplex.errored instanceof ConnectionClosedError);
  });

  it("tells the peer 1011 when it is destroyed with an error, and 1001 without", async (t) => {
    for (const error of [new Error("why"), undefined]) {
      const { client, server } = await meet(t);
      const duplex = client.toDuplex();
      const reading = closedErrorOf(finished(server.toDuplex().resume()));
      duplex.destroy(error);
      assert.equal((await reading).report.code, error === undefined ? 1001 : 1011);
    }
  });

  it("destroys both ends of a pipeline whose other part fails, and the peer hears of it", async (t) => {
    const { client, server } = await meet(t);
    const reading = closedErrorOf(finished(server.toDuplex().resume()));
    const source = new PassThrough();
    const piping = rejection(pipeline(source, client.toDuplex()));
    source.write("half");
    source.destroy(new Error("disk full"));
    assert.equal((await piping).message, "disk full");
    assert.equal((await reading).report.code, 1011);
  });

  it("leaves the midst of a loop with 1001", async (t) => {
    const { client, server } = await meet(t);
    server.send("a");
    server.send("b");
    for await (const chunk of client.toDuplex()) {
      assert.equal(String(chunk), "a");
      break;
    }
    assert.equal((await server.closed).code, 1001);
  });

  it("is aborted by a signal", async (t) => {
    const { client, server } = await meet(t);
    const controller = new AbortController();
    const piping = rejection(pipeline(new PassThrough(), client.toDuplex(), { signal: controller.signal }));
    controller.abort();
    assert.equal((await piping).name, "AbortError");
    assert.equal((await server.closed).code, 1001);
  });
});

describe("a stream over a slow network", () => {
  it("stops reading while nobody reads it, and takes no more than there is room for", async (t) => {
    const { client, server } = await meet(t);
    client.toDuplex();
    const writer = server.toDuplex();
    let written = 0;
    // More than kernels hold: at some time there is no room any more.
    while (written < 64 && writer.write(Buffer.alloc(1024 * 1024))) written++;
    for (; written < 64; written++) {
      const drained = once(writer, "drain").then(() => true);
      writer.write(Buffer.alloc(1024 * 1024));
      const turnsWaited = (async () => {
        for (let turn = 0; turn < 2000; turn++) await nextTurn();
        return false;
      })();
      if (!(await Promise.race([drained, turnsWaited]))) break;
    }
    assert.ok(written < 64, `${String(written)} MiB were taken`);
    assert.ok(client.memoryBytes < 1024 * 1024);
    writer.destroy();
    client.terminate();
  });
});
