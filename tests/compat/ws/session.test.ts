import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, openAsBlob } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { openPair } from "../../support/ws-pairs.js";

describe("a Blob that is sent", () => {
  it("fails with its own error where it cannot be read, and ends the connection", async (test) => {
    const folder = await promisify(mkdtemp)(join(tmpdir(), "blob-"));
    test.after(() => rm(folder, { recursive: true }));
    const file = join(folder, "file");
    await writeFile(file, "before");
    const blob = await openAsBlob(file);
    await writeFile(file, "changed since");
    const { client } = await openPair(test);
    const failed = once(client, "error");
    const told = new Promise((resolve) => client.send(blob, resolve));
    const [error] = (await failed) as [Error];
    assert.ok(error instanceof DOMException && error.name === "NotReadableError");
    assert.equal(await told, error);
    await once(client, "close");
  });
});
