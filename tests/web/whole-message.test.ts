import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WholeMessage } from "#src/web/whole-message.js";

const octets = new Uint8Array([0x68, 0xc3, 0xa9]);

async function read(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of stream) all.push(...chunk);
  return all;
}

describe("a message that has come whole", () => {
  it("is read as text, as octets or as a stream of octets, whatever it was sent as", async () => {
    for (const [type, content] of [
      ["text", "hé"],
      ["binary", octets],
    ] as const) {
      assert.equal(new WholeMessage(content).type, type);
      assert.equal(await new WholeMessage(content).text(), "hé");
      assert.deepEqual(await new WholeMessage(content).bytes(), octets);
      assert.deepEqual(await read(new WholeMessage(content).stream()), [...octets]);
      const pieces: Uint8Array[] = [];
      for await (const piece of new WholeMessage(content)) pieces.push(piece);
      assert.deepEqual(pieces, [octets]);
    }
  });

  it("is read as JSON", async () => {
    assert.deepEqual(await new WholeMessage('{"a":[1]}').json(), { a: [1] });
    await assert.rejects(new WholeMessage("{").json(), SyntaxError);
  });

  it("keeps a byte order mark, and is no text where it is not UTF-8", async () => {
    assert.equal(await new WholeMessage("\ufeffa").text(), "\ufeffa");
    await assert.rejects(new WholeMessage(new Uint8Array([0xff])).text(), { code: "binary-not-utf8" });
  });

  it("is consumed once", async () => {
    for (const consume of [
      (message: WholeMessage) => message.text(),
      (message: WholeMessage) => message.bytes(),
      (message: WholeMessage) => message.json(),
      (message: WholeMessage) => message.discard(),
      async (message: WholeMessage) => message.stream(),
    ]) {
      const message = new WholeMessage("1");
      assert.equal(message.isConsumed, false);
      await consume(message);
      assert.equal(message.isConsumed, true);
      await assert.rejects(consume(message), { name: "UsageError", code: "message-consumed" });
      message.leave();
      assert.equal(message.isConsumed, true);
    }
  });

  it("cannot be read when the next one was asked for", async () => {
    const message = new WholeMessage("1");
    message.leave();
    assert.equal(message.isConsumed, false);
    await assert.rejects(message.text(), { code: "message-left" });
  });

  it("is refused beyond maxBytes, counted in octets", async () => {
    assert.equal(await new WholeMessage("hé").text({ maxBytes: 3 }), "hé");
    await assert.rejects(new WholeMessage("hé").text({ maxBytes: 2 }), { observed: 3, limit: 2 });
  });
});
