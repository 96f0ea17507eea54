/**
 * What storages promise of versions, of their end, and of other processes.
 */
import assert from "node:assert/strict";
import { Draft, type StorageCase, type StorageWorld, storageCase, textOf } from "./world.js";

const versionCases: readonly StorageCase[] = [
  storageCase("keeps versions, the newest first, and forgets them one by one and with the document", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    await storage.append("a", draft.write("one"));
    const one = draft.state;
    const first = await storage.keepVersion("a", { name: "first ä", timeMs: 5, users: ["ann", "bob"], state: one });
    await storage.append("a", draft.write(" two"));
    // Its clock may have gone back.
    const second = await storage.keepVersion("a", { timeMs: 4, users: [], state: draft.state });
    const { id } = first;
    assert.deepEqual(first, { id, name: "first ä", timeMs: 5, users: ["ann", "bob"], bytes: one.length });
    assert.deepEqual(await storage.versions("a"), [second, first]);
    assert.deepEqual(await storage.versions("b"), []);
    assert.equal(await textOfVersion(world, first.id), "one");
    assert.equal(await textOfVersion(world, second.id), "one two");
    await storage.deleteVersion("a", second.id);
    assert.deepEqual(await storage.versions("a"), [first]);
    assert.equal(await storage.version("a", second.id), undefined);
    await storage.delete("a");
    assert.deepEqual([await storage.load("a"), await storage.versions("a")], [undefined, []]);
    assert.equal(await storage.version("a", first.id), undefined);
  }),

  storageCase("has no version that it does not know, whatever it is called", async ({ storage }) => {
    assert.deepEqual(await storage.versions("a"), []);
    const { id } = await storage.keepVersion("a", { timeMs: 1, users: [], state: new Draft().state });
    for (const other of ["../updates", "", id.slice(1), `${id}0`, "__proto__"]) {
      assert.equal(await storage.version("a", other), undefined);
      await storage.deleteVersion("a", other);
    }
    assert.equal(await storage.version("b", id), undefined);
    await storage.deleteVersion("b", id);
    assert.equal((await storage.versions("a")).length, 1);
  }),

  storageCase("keeps versions while the document is written to, two at once", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    await storage.append("a", draft.write("1"));
    const { state } = draft;
    const keep = (timeMs: number) => storage.keepVersion("a", { timeMs, users: [], state });
    const appended = storage.append("a", draft.write("2"));
    const [one, other] = await Promise.all([keep(1), keep(2), appended]);
    assert.notEqual(one.id, other.id);
    assert.equal((await storage.versions("a")).length, 2);
    assert.equal(await world.text("a"), "12");
    assert.equal(await textOfVersion(world, one.id), "1");
  }),
];

async function textOfVersion({ storage }: StorageWorld, id: string): Promise<string | undefined> {
  const state = await storage.version("a", id);
  return state && textOf([state]);
}

const restartCases: readonly StorageCase[] = [
  storageCase(
    "has all that it had acknowledged when its process was killed",
    async (world) => {
      const draft = new Draft();
      await world.storage.append("a", draft.write("1"));
      const place = await world.storage.append("a", draft.write("2"));
      const { state } = draft;
      await world.storage.append("a", draft.write("3"));
      await world.storage.compact("a", state, place);
      await world.storage.append("a", draft.write("4"));
      const version = await world.storage.keepVersion("a", { name: "v", timeMs: 1, users: ["ann"], state });
      await world.restart();
      assert.equal(await world.text("a"), "1234");
      assert.deepEqual(await world.storage.versions("a"), [version]);
      assert.equal(await textOfVersion(world, version.id), "12");
      await world.storage.append("a", draft.write("5"));
      const newer = await world.storage.keepVersion("a", { timeMs: 2, users: [], state });
      assert.deepEqual(await world.storage.versions("a"), [newer, version]);
      assert.equal(await world.text("a"), "12345");
    },
    "reopen",
  ),

  storageCase(
    "has the old or the new when it is killed while it compacts",
    async (world) => {
      const draft = new Draft();
      await world.storage.append("a", draft.write("1"));
      const place = await world.storage.append("a", draft.write("2"));
      const compacting = world.storage.compact("a", draft.state, place).catch(() => undefined);
      await world.restart();
      assert.equal(await world.text("a"), "12");
      await compacting;
    },
    "reopen",
  ),
];

const sharedCases: readonly StorageCase[] = [
  storageCase(
    "has what other processes have appended, whoever compacts",
    async (world) => {
      const here = world.storage;
      const there = await world.another();
      assert.deepEqual([here.isShared, there.isShared], [true, true]);
      const draft = new Draft();
      await here.append("a", draft.write("1"));
      const place = await there.append("a", draft.write("2"));
      assert.equal(await world.text("a"), "12");
      const { state } = draft;
      await here.append("a", draft.write("3"));
      await there.compact("a", state, place);
      assert.equal(await world.text("a"), "123");
      assert.equal(await world.text("a", there), "123");
    },
    "another",
  ),

  storageCase(
    "loses nothing of a newer state when another process compacts by an older place",
    async (world) => {
      const here = world.storage;
      const there = await world.another();
      const draft = new Draft();
      const older = { place: await here.append("a", draft.write("1")), state: draft.state };
      const newer = { place: await there.append("a", draft.write("2")), state: draft.state };
      await Promise.all([here.compact("a", newer.state, newer.place), there.compact("a", older.state, older.place)]);
      assert.equal(await world.text("a"), "12");
      await there.append("a", draft.write("3"));
      assert.equal(await world.text("a"), "123");
    },
    "another",
  ),

  storageCase(
    "has what two processes append at once",
    async (world) => {
      const there = await world.another();
      const append = async (storage: typeof there, text: string): Promise<void> => {
        const draft = new Draft();
        for (const character of text) await storage.append("a", draft.write(character));
      };
      await Promise.all([append(world.storage, "aaaaa"), append(there, "bbbbb")]);
      assert.equal(
        Array.from((await world.text("a")) ?? "")
          .sort()
          .join(""),
        "aaaaabbbbb",
      );
    },
    "another",
  ),
];

/** See the head of this file. */
export const otherCases: readonly StorageCase[] = [...versionCases, ...restartCases, ...sharedCases];
