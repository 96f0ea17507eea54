import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { payloadOf, SignalWriter, signalReader, textOfValue } from "#src/realtime/engines/index.js";

function heardBy(): { readonly values: unknown[]; readonly read: (text: string) => void } {
  const values: unknown[] = [];
  return { values, read: signalReader(({ value, user }) => values.push([value, user])) };
}

describe("signals as messages", () => {
  it("are heard in the order of each sender, and once", () => {
    const [ann, bob] = [new SignalWriter("a"), new SignalWriter("b")];
    const [first, second] = [1, 2].map((value) => ann.write({ value, user: "ann" }));
    const other = bob.write({ value: 3, user: undefined });
    const { values, read } = heardBy();
    for (const text of [second, other, first, second]) read(text ?? "");
    assert.deepEqual(values, [
      [2, "ann"],
      [3, undefined],
    ]);
  });

  it("are passed over where they are of somebody who is heard by another way", () => {
    const [ann, bob] = [new SignalWriter("a"), new SignalWriter("b")];
    const values: unknown[] = [];
    const read = signalReader(({ value }) => values.push(value), ann.sender);
    for (const writer of [ann, bob]) read(writer.write({ value: writer.sender, user: undefined }));
    assert.deepEqual(values, ["b"]);
  });

  it("are heard where they do not say who sends them, as those of versions before", () => {
    const { values, read } = heardBy();
    for (const value of [1, 1]) read(payloadOf({ u: "ann" }, textOfValue(value)));
    assert.deepEqual(values, [
      [1, "ann"],
      [1, "ann"],
    ]);
  });
});
