import assert from "node:assert/strict";
import { Duplex, PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { serialize } from "node:v8";
import { PipeEnd, type PipeHandlers } from "#src/cluster/pipe-end.js";

function handlers<Sent, Received>(
  given: Partial<{
    [Name in keyof PipeHandlers<Sent, Received>]: (...args: Parameters<PipeHandlers<Sent, Received>[Name]>) => unknown;
  }>,
): PipeHandlers<Sent, Received> {
  const unused = (): void => undefined;
  return { received: unused, refused: unused, ended: unused, ...given };
}

/** A pipe's two ends, whose octets come in pieces of a given length. */
function pipe(pieceBytes: number): readonly [Duplex, Duplex] {
  const ways = [new PassThrough(), new PassThrough()] as const;
  const end = (out: PassThrough, back: PassThrough): Duplex => {
    const duplex = new Duplex({
      read() {
        // What comes is pushed.
      },
      write(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.byteLength; at += pieceBytes) out.write(chunk.subarray(at, at + pieceBytes));
        done();
      },
      final(done) {
        out.end();
        done();
      },
    });
    back.on("data", (chunk: Buffer) => duplex.push(chunk));
    back.on("end", () => duplex.push(null));
    return duplex;
  };
  return [end(ways[0], ways[1]), end(ways[1], ways[0])];
}

describe("the ends of a pipe between processes", () => {
  for (const pieceBytes of [1, 2, 3, 5, 7, 1000]) {
    it(`get what is sent, in order, in pieces of ${pieceBytes} octets`, async () => {
      const [left, right] = pipe(pieceBytes);
      const got: unknown[] = [];
      const sender = new PipeEnd<unknown, never>(left, handlers({}));
      const closed = new Promise<void>((resolve) => {
        new PipeEnd<never, unknown>(right, handlers({ received: (value) => got.push(value), ended: resolve }));
      });
      const values = [
        1,
        "two",
        { three: [undefined, null, new Uint8Array([3, 3, 3])] },
        new Map([[4, 4]]),
        "x".repeat(300),
      ];
      sender.send(values[0]);
      sender.send(values[1]);
      await new Promise((resolve) => setImmediate(resolve));
      for (const value of values.slice(2)) sender.send(value);
      sender.end();
      sender.send("too late");
      await closed;
      assert.deepEqual(got, values);
    });
  }

  it("sends what it is given in one turn at once, as it is at the turn's end", async () => {
    const [left, right] = pipe(100_000);
    const turns: unknown[][] = [];
    const sender = new PipeEnd<unknown, never>(left, handlers({}));
    let turn: unknown[] = [];
    new PipeEnd<never, unknown>(
      right,
      handlers({
        received: (value) => {
          if (turn.length === 0) turns.push(turn);
          turn.push(value);
          queueMicrotask(() => (turn = []));
        },
      }),
    );
    const changing = { text: "before" };
    for (let index = 0; index < 100; index++) sender.send(changing);
    changing.text = "after";
    for (let waits = 0; waits < 5; waits++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([turns.length, turns[0]?.length, turns[0]?.[99]], [1, 100, { text: "after" }]);
    left.destroy();
    right.destroy();
  });

  it("leave out what cannot be copied, say so, and send what stands beside it", async () => {
    const [left, right] = pipe(100_000);
    const refused: unknown[] = [];
    const got: unknown[] = [];
    const sender = new PipeEnd<unknown, never>(left, handlers({ refused: (value) => refused.push(value) }));
    const closed = new Promise<void>((resolve) => {
      new PipeEnd<never, unknown>(right, handlers({ received: (value) => got.push(value), ended: resolve }));
    });
    const uncopied = { not: () => undefined };
    for (const value of [1, uncopied, 3]) sender.send(value);
    sender.end();
    await closed;
    assert.deepEqual([got, refused], [[1, 3], [uncopied]]);
  });

  it("do not let what one value throws keep the others back", async (t) => {
    const [left, right] = pipe(100_000);
    const thrown = new Promise((resolve) => {
      process.setUncaughtExceptionCaptureCallback(resolve);
    });
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    const got: unknown[] = [];
    const sender = new PipeEnd<unknown, never>(left, handlers({}));
    const received = (value: unknown): void => {
      got.push(value);
      if (value === 1) throw new Error("the first");
    };
    new PipeEnd<never, unknown>(right, handlers({ received }));
    for (const value of [1, 2, 3]) sender.send(value);
    assert.match(String(await thrown), /the first/u);
    assert.deepEqual(got, [1, 2, 3]);
    left.destroy();
    right.destroy();
  });

  const heads = { "is longer than any batch": [255, 255, 255, 255], "has no length": [0, 0, 0, 0] };
  const notBatch = serialize("no array");
  const malformed = {
    ...heads,
    "cannot be read": [0, 0, 0, 2, 1, 2],
    "is something else": [0, 0, 0, notBatch.byteLength, ...notBatch],
  };
  for (const [what, octets] of Object.entries(malformed)) {
    it(`end where what comes ${what}`, async () => {
      const [left, right] = pipe(100_000);
      const got: unknown[] = [];
      const closed = new Promise<void>((resolve) => {
        new PipeEnd<never, unknown>(right, handlers({ received: (value) => got.push(value), ended: resolve }));
      });
      left.write(Buffer.from([...octets, ...Buffer.from("what follows")]));
      await closed;
      assert.deepEqual(got, []);
      left.destroy();
    });
  }
});
