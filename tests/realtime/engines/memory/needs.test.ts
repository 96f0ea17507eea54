import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { contract, fileJournal, log, media, memory, state } from "#src/realtime/index.js";
import { refusalOf, refusedLines } from "../refusal.js";

const durable = contract({
  channels: { "orders/{id}": log({ durable: true }), book: state({ durable: true }), "room/{id}": log() },
});

function journalFile(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "openline-needs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, "journal");
}

describe("what memory() refuses at the start", () => {
  it("is what has to outlast a restart, without a journal", async (t) => {
    assert.equal(
      await refusalOf(memory(), durable),
      "memory() cannot give what the contract wants:\n" +
        '- "orders/{id}", "book" wants to outlast a restart (durable), but memory() has no journal: ' +
        "give it one (fileJournal), take another engine, or leave out durable",
    );
    assert.equal(await refusalOf(memory({ journal: fileJournal(journalFile(t)) }), durable), undefined);
    assert.equal(await refusalOf(memory(), contract({ channels: { a: log(), b: state(), c: media() } })), undefined);
  });

  it("is what it has no room for, all of it at once", async () => {
    const api = contract({ channels: { "room/{id}": log(), "film/{id}": media({ groupBytesMax: 2_000_000 }) } });
    const limits = { maxLogBytes: 1_000_001, maxMessageBytes: 3_000_000, maxPresenceBytes: 1_000_001 };
    const engine = (): ReturnType<typeof memory> => memory({ maxBytes: 1_000_000 });
    const lines = await refusedLines(engine(), api, { limits });
    assert.deepEqual(
      lines.map((line) => line.slice(2, line.indexOf(", but all that memory() keeps has 1000000 (maxBytes)"))),
      [
        "limits.maxMessageBytes wants 3000000 octets",
        "limits.maxPresenceBytes wants 1000001 octets",
        "limits.maxLogBytes wants 1000001 octets for each log",
        '"film/{id}" wants groups of 2000000 octets',
      ],
    );
    // What is a default is no wish.
    assert.equal(await refusalOf(engine(), contract({ channels: { "room/{id}": log() } })), undefined);
  });
});
