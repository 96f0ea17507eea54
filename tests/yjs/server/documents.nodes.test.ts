/**
 * Documents of two processes that share an engine and a storage.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as Y from "yjs";
import { type Engine, type EngineNeeds, memory } from "#src/realtime/engines/index.js";
import { memoryStorage } from "#src/yjs/server/index.js";
import { TestStorage } from "../test-storage.js";
import { reads, saved, startDocuments, untilShown } from "../world.js";

const document = "a document/ä";

/** One engine, as two processes have it: whichever begins first starts it, and none of them ends it. */
function sharedEngine() {
  const inner = memory();
  let started: Promise<void> | undefined;
  /** With a lag, nothing comes by what is followed already when it begins. */
  const engineOf = (lag = { isOn: false }): Engine => {
    const engine = Object.create(inner) as Engine;
    const own: PropertyDescriptorMap = {
      name: { value: "shared" },
      start: { value: (host: Parameters<Engine["start"]>[0]) => (started ??= inner.start(host)) },
      close: { value: () => Promise.resolve() },
      check: { value: (needs: Parameters<NonNullable<Engine["check"]>>[0]) => inner.check?.(needs) },
    };
    const tail: Engine["logs"]["tail"] = (channel, sink) => {
      const isLate = !lag.isOn;
      return inner.logs.tail(channel, {
        message: (entry) => {
          if (!isLate || !lag.isOn) sink.message(entry);
        },
        reset: (reason, bounds) => sink.reset(reason, bounds),
      });
    };
    own["logs"] = {
      get: () => ({
        append: inner.logs.append.bind(inner.logs),
        bounds: inner.logs.bounds.bind(inner.logs),
        read: inner.logs.read.bind(inner.logs),
        tail,
      }),
    };
    for (const part of ["states", "signals", "media", "calls", "presence"] as const) {
      own[part] = { get: () => inner[part] };
    }
    own["health"] = { value: () => inner.health() };
    own["check"] = { value: async (needs: EngineNeeds) => await inner.check?.(needs) };
    return Object.defineProperties(engine, own);
  };
  return { inner, engineOf };
}

async function startTwo(lag?: { isOn: boolean }) {
  const { inner, engineOf } = sharedEngine();
  const kept = memoryStorage();
  const [one, other] = await Promise.all(
    [undefined, lag].map((own) =>
      startDocuments({ storage: new TestStorage(kept, true), limits: { gatherMs: 0 } }, engineOf(own)),
    ),
  );
  assert.ok(one !== undefined && other !== undefined);
  const text = async () => {
    const doc = new Y.Doc();
    for (const update of (await kept.load(document))?.updates ?? []) Y.applyUpdate(doc, update);
    return doc.getText("text").toJSON();
  };
  return { one, other, text, close: () => inner.close() };
}

describe("documents of two processes", () => {
  it("are one document, with one history, whichever process compacts it", async () => {
    const { one, other, text, close } = await startTwo();
    const ann = one.edit("ann");
    const bob = other.edit("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    // What is typed on both sides of it has one order.
    await one.documents.change(document, (doc) => doc.getText("text").insert(0, "|"));
    await Promise.all([reads(ann.text, "|"), reads(bob.text, "|")]);
    for (let round = 0; round < 10; round++) {
      ann.text.insert(0, "a");
      bob.text.insert(bob.text.length, "b");
      if (round % 3 === 0) await Promise.all([one, other].map(({ documents }) => documents.compact(document)));
    }
    await Promise.all([saved(ann.provider), saved(bob.provider)]);
    const whole = `${"a".repeat(10)}|${"b".repeat(10)}`;
    await Promise.all([reads(ann.text, whole), reads(bob.text, whole)]);
    await Promise.all([one, other].map(({ documents }) => documents.compact(document)));
    assert.equal(await text(), whole);
    const { id } = await bob.provider.keepVersion("both");
    ann.text.delete(0, 5);
    await reads(bob.text, whole.slice(5));
    await ann.provider.restore(id);
    await reads(bob.text, whole);
    assert.deepEqual([one.errors, other.errors, ann.errors, bob.errors], [[], [], [], []]);
    await one.close();
    await other.close();
    await close();
  });

  it("show at once who was there before, in the other process, and who leaves it", async () => {
    const { one, other, close } = await startTwo();
    const ann = one.edit("ann");
    await ann.provider.whenSynced;
    ann.provider.awareness?.setLocalStateField("user", { name: "ann" });
    const cy = one.edit("cy");
    await untilShown(cy.provider, (clients) => clients.includes(ann.doc.clientID));
    const bob = other.edit("bob");
    const shown = () => bob.provider.awareness?.getStates().get(ann.doc.clientID)?.["user"] as unknown;
    await untilShown(bob.provider, () => shown() !== undefined);
    await untilShown(ann.provider, (clients) => clients.includes(bob.doc.clientID));
    assert.deepEqual(shown(), { name: "ann" });
    ann.provider.disconnect();
    await untilShown(bob.provider, (clients) => !clients.includes(ann.doc.clientID));
    await one.close();
    await other.close();
    await close();
  });

  it("are whole for whoever opens them, though their process has not heard yet what another has taken in", async () => {
    const lag = { isOn: false };
    const { one, other, close } = await startTwo(lag);
    const ann = one.edit("ann");
    await ann.provider.whenSynced;
    await other.documents.read(document, () => undefined);
    lag.isOn = true;
    ann.text.insert(0, "unheard");
    await saved(ann.provider);
    const bob = other.edit("bob");
    await bob.provider.whenSynced;
    assert.equal(bob.text.toJSON(), "unheard");
    await one.close();
    await other.close();
    await close();
  });

  it("go on when one of them ends, and its editors go on at the other", async () => {
    const { one, other, text, close } = await startTwo();
    let isOneGone = false;
    const ann = one.edit("ann", document, () => (isOneGone ? other : one).url);
    const bob = other.edit("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    ann.text.insert(0, "before ");
    await reads(bob.text, "before ");
    isOneGone = true;
    const stopping = one.stop();
    ann.text.insert(ann.text.length, "while it ended ");
    bob.text.insert(0, "bob ");
    await stopping;
    ann.text.insert(ann.text.length, "after");
    await Promise.all([saved(ann.provider), saved(bob.provider)]);
    const whole = "bob before while it ended after";
    await Promise.all([reads(ann.text, whole), reads(bob.text, whole)]);
    assert.equal(await text(), whole);
    await untilShown(bob.provider, (clients) => clients.includes(ann.doc.clientID));
    ann.provider.destroy();
    await ann.client.close();
    await other.close();
    await close();
  });
});
