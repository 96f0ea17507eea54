/**
 * A connection that has no memory for what an extension has made.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Extension, Transformed } from "#src/protocol/extensions/index.js";
import { ExtensionChain } from "#src/protocol/extensions/index.js";
import { BufferPool, CloseCode, Connection, defaultLimits, Output, portableTextCodec } from "#src/protocol/index.js";
import { readFrames } from "../support/frames.js";
import { seededKeys } from "../support/masking-keys.js";
import { concat } from "../support/octets.js";

const noMemory = new RangeError("Array buffer allocation failed");

/** An extension that changes nothing, but takes its time for it, and may have no memory then. */
function slowExtension(error?: Error): { readonly chain: ExtensionChain; readonly settle: () => void } {
  const settles: (() => void)[] = [];
  const later = (message: Transformed): Promise<Transformed> =>
    new Promise((resolve, reject) => settles.push(() => (error === undefined ? resolve(message) : reject(error))));
  const extension: Extension = {
    name: "x-slow",
    claimedBits: 0x20,
    sendMessage: (_opcode, message) => later(message),
    sendFragment: (_opcode, fragment) => later(fragment),
    wants: () => false,
    receiveMessage: (message) => message,
    receivePieces: () => assert.fail(),
    close: () => undefined,
  };
  return { chain: new ExtensionChain([extension]), settle: () => settles.splice(0).forEach((settle) => settle()) };
}

describe("a message that was changed outside of any call, and has no memory to be sent from", () => {
  const closes = "closes the connection with 1011, with nothing after it sent";
  it(`${closes}, where it cannot be framed`, async () => {
    assert.equal(await causeOf(undefined), noMemory);
  });
  it(`${closes}, where the extension fails for it`, async () => {
    assert.equal(await causeOf(noMemory), noMemory);
  });

  /** @returns the cause in the close report */
  async function causeOf(error: Error | undefined): Promise<unknown> {
    const { chain, settle } = slowExtension(error);
    let isFull = false;
    const pool = new BufferPool((byteLength) => {
      if (isFull && byteLength > 4096) throw noMemory;
      return new Uint8Array(byteLength);
    });
    const context = { role: "client", limits: defaultLimits, text: portableTextCodec, pool } as const;
    let added = 0;
    const sink = {
      receivedText: () => assert.fail(),
      receivedBinary: () => assert.fail(),
      receivedPing: () => assert.fail(),
      receivedPong: () => assert.fail(),
      receivedClose: () => assert.fail(),
      failed: () => assert.fail(),
      outputAdded: () => {
        added++;
      },
    };
    const output = new Output(pool);
    const connection = new Connection({ ...context, maskingKeys: seededKeys() }, sink, output, chain);
    connection.sendBinary(new Uint8Array(100_000));
    connection.sendText("behind it");
    connection.close(CloseCode.normalClosure);
    isFull = true;
    settle();
    await new Promise(setImmediate);

    assert.equal(added, 1);
    assert.equal(output.pendingBytes, 0);
    assert.equal(connection.sendText("too late"), false);
    const frames = readFrames(concat(...output.take().segments));
    assert.deepEqual(
      frames.map(({ opcode, payload }) => [opcode, Buffer.from(payload).toString("hex")]),
      [[8, "03f3"]],
    );
    return connection.streamEnded().cause;
  }
});
