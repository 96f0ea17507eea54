import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Client, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { msgpackCodec } from "openline/realtime/msgpack";
import { DocumentProvider } from "openline/yjs";
import { memoryStorage } from "openline/yjs/server";
import * as Y from "yjs";
import { BoundedStorage } from "../../demos/editor/bounded-storage.js";
import { editor } from "../../demos/editor/editor.js";
import { firstState } from "../../demos/editor/first-texts.js";
import { api, TEXT } from "../../demos/editor/shared/contract.js";
import { DOCUMENT_MAX_BYTES, DOCUMENTS_MAX, LARGE_BYTES } from "../../demos/editor/shared/limits.js";
import { areEqual, proofInTurns, proofOf } from "../../demos/editor/shared/proof.js";
import { type Site, startSite } from "../../demos/site/site.js";

const TIMEOUT_MS = 60_000;

describe("the editor's server", { timeout: TIMEOUT_MS }, () => {
  let site: Site;
  let url: string;
  before(async () => {
    const publicFolder = new URL("../../demos/public/", import.meta.url);
    site = await startSite({ port: 0, host: "127.0.0.1", demos: [editor], publicFolder });
    url = `http://127.0.0.1:${site.port}`;
  });
  after(() => site.close());

  type EditorClient = Client<DefinitionOf<typeof api>>;

  function visit(name: string): EditorClient {
    return createClient(api, `${url}/editor/socket`, {
      token: { name, secret: `${name}, as only they know`, mayWrite: true },
      codecs: [msgpackCodec],
      headers: { Origin: url },
    });
  }

  /** Resolves when the server has kept all that was changed. */
  function saved(provider: DocumentProvider): Promise<void> {
    return new Promise((resolve) => {
      if (!provider.hasUnsavedChanges) resolve();
      provider.on("unsaved", (hasUnsaved) => !hasUnsaved && resolve());
    });
  }

  /** Resolves when a document has a text in it. */
  function has(doc: Y.Doc, text: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!doc.getText(TEXT).toJSON().includes(text)) return;
        doc.off("update", look);
        resolve();
      };
      doc.on("update", look);
      look();
    });
  }

  it("has one document for both, whoever was away meanwhile", async () => {
    await using one = visit("one");
    await using other = visit("other");
    const [here, there] = [new Y.Doc(), new Y.Doc()];
    const [mine, theirs] = [new DocumentProvider(one, "notes", here), new DocumentProvider(other, "notes", there)];
    await Promise.all([mine.whenSynced, theirs.whenSynced]);
    assert.match(here.getText(TEXT).toJSON(), /^# Meeting notes/);
    mine.disconnect();
    here.getText(TEXT).insert(0, "while away\n");
    there.getText(TEXT).insert(0, "meanwhile\n");
    await saved(theirs);
    assert.equal(areEqual([proofOf(here), proofOf(there)]), false);
    mine.connect();
    await Promise.all([has(here, "meanwhile"), has(there, "while away")]);
    await saved(mine);
    const turns: string[] = [];
    const proof = await proofInTurns(here, 100, async () => void turns.push("turn"));
    assert.ok(turns.length > 2);
    assert.ok(areEqual([proof, proofOf(there), await one.call("proof", { document: "notes" })]));
    here.destroy();
    there.destroy();
  });

  it("refuses what somebody writes who may only read, and lets them in again", async () => {
    await using reader = visit("reader");
    const doc = new Y.Doc();
    const provider = new DocumentProvider(reader, "code", doc);
    await provider.whenSynced;
    const access = (wanted: string): Promise<void> =>
      new Promise((resolve) => {
        provider.on("access", (granted) => granted === wanted && resolve());
      });
    const isReader = access("read");
    await reader.call("role", { mayWrite: false });
    await isReader;
    const stranger = new Y.Doc();
    stranger.getText(TEXT).insert(0, "!");
    const update = Y.encodeStateAsUpdate(stranger);
    await assert.rejects(reader.call("yjs/update", { document: "code", update }), { code: "forbidden" });
    await assert.rejects(provider.keepVersion("mine"), { code: "forbidden" });
    const isWriter = access("write");
    await reader.call("role", { mayWrite: true });
    await isWriter;
    await provider.keepVersion("before");
    const before = doc.getText(TEXT).toJSON();
    doc.getText(TEXT).delete(0, 10);
    await saved(provider);
    const [version] = await provider.versions();
    assert.equal(version?.name, "before");
    await provider.restore(version.id);
    await has(doc, before);
    assert.equal(doc.getText(TEXT).toJSON(), before);
    doc.destroy();
    stranger.destroy();
  });

  it("lets in nobody without a name, and no other document's name", async () => {
    await using somebody = visit("somebody");
    await assert.rejects(somebody.call("yjs/versions", { document: "No such name" }), { code: "forbidden" });
    await assert.rejects(somebody.call("proof", { document: "../etc" }), { code: "invalid-value" });
    await using nobody = createClient(api, `${url}/editor/socket`, { token: "?", headers: { Origin: url } });
    await assert.rejects(nobody.call("proof", { document: "notes" }));
  });
});

describe("the editor's storage", () => {
  const numbered = (number: number): string => `document-${number}`;

  it("has room for so many, and forgets what was closed first", async () => {
    const storage = new BoundedStorage(memoryStorage(), () => undefined);
    for (let number = 0; number < DOCUMENTS_MAX; number += 1) await storage.load(numbered(number));
    assert.equal(storage.hasRoomFor("one-more"), false);
    assert.equal(storage.hasRoomFor(numbered(3)), true);
    await storage.append(numbered(5), new Uint8Array(8));
    await storage.release(numbered(5));
    await storage.release(numbered(2));
    assert.equal(storage.hasRoomFor("one-more"), true);
    await storage.load("one-more");
    // The one that was closed last is as it was left; the other one begins again.
    assert.equal(storage.hasRoomFor(numbered(2)), true);
    await storage.release("one-more");
    assert.equal((await storage.load(numbered(5)))?.updates.length, 1);
  });

  it("starts a full document over when nobody has it open", async () => {
    const changed: string[] = [];
    const storage = new BoundedStorage(memoryStorage(), (document) => changed.push(document));
    await storage.load("full");
    assert.equal(storage.isFull("full"), false);
    await storage.append("full", new Uint8Array(DOCUMENT_MAX_BYTES));
    assert.equal(storage.isFull("full"), true);
    await storage.release("full");
    assert.equal(storage.isFull("full"), false);
    assert.equal((await storage.load("full"))?.updates.length, 1);
    assert.deepEqual(changed, ["full", "full"]);
  });

  it("drops the oldest versions for a new one", async () => {
    const storage = new BoundedStorage(memoryStorage(), () => undefined);
    await storage.load("notes");
    const state = new Uint8Array(DOCUMENT_MAX_BYTES);
    for (let timeMs = 1; timeMs <= 5; timeMs += 1) await storage.keepVersion("notes", { timeMs, users: [], state });
    assert.deepEqual(
      (await storage.versions("notes")).map(({ timeMs }) => timeMs),
      [5, 4, 3],
    );
  });

  it("has a document that is long from the beginning", () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, firstState("large"));
    assert.ok(doc.getText(TEXT).length >= LARGE_BYTES);
    doc.destroy();
  });
});
