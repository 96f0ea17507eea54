/**
 * Who finds nothing wrong has to be able to find it: journals in which one thing is not as it should be.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Account, settleAccounts, type ViolationKind, violationKinds } from "#src/chaos/index.js";
import type { JournalLine, SeenFrame } from "#src/chaos/journal.js";

const room = "room/0";
const board = "board/0";
const hall = "hall/0";
const scene = "scene/0";

/** What two clients do and hear, in which nothing is wrong. */
const right: readonly JournalLine[] = [
  { k: "load", at: 0 },
  ...["a", "b"].flatMap((by): JournalLine[] => [
    { k: "open", at: 0, by, node: by === "a" ? 0 : 1 },
    { k: "enter", at: 0, by, ch: hall },
    { k: "view", at: 1, by, ch: hall, came: ["a", "b"], left: [] },
    { k: "in", at: 1, by, ch: hall },
    { k: "live", at: 1, by, ch: room, ep: "e", pos: "0", recovered: true },
  ]),
  { k: "begin", at: 10, by: "a", ch: room, id: "a:1" },
  { k: "ack", at: 20, by: "a", ch: room, id: "a:1", pos: "1", dup: false },
  { k: "begin", at: 30, by: "b", ch: room, id: "b:1" },
  { k: "ack", at: 40, by: "b", ch: room, id: "b:1", pos: "2", dup: false },
  { k: "begin", at: 30, by: "b", ch: room, id: "b:2" },
  { k: "unsure", at: 40, by: "b", ch: room, id: "b:2", code: "unavailable" },
  ...["a", "b"].flatMap((by): JournalLine[] => [
    {
      ...{ k: "heard", at: 50, by, ch: room, from: "0" },
      m: [
        ["a:1", "1"],
        ["b:1", "2"],
      ],
    },
    { k: "live", at: 60, by, ch: room, ep: "e", pos: "2", recovered: true },
    { k: "signals", at: 60, by, ch: hall, m: ["a.1:1", "a.1:2"] },
  ]),
  { k: "signal", at: 5, by: "a", ch: hall, id: "a.1:1" },
  { k: "signal", at: 6, by: "a", ch: hall, id: "a.1:2" },
  { k: "set", at: 10, by: "a", ch: board, key: "k", id: "s1", del: false, rev: null },
  { k: "set-ok", at: 20, by: "a", ch: board, key: "k", id: "s1", rev: "r1" },
  { k: "set", at: 30, by: "b", ch: board, key: "k", id: "s2", del: false, rev: "r1" },
  { k: "set-ok", at: 40, by: "b", ch: board, key: "k", id: "s2", rev: "r2" },
  { k: "set", at: 50, by: "a", ch: board, key: "k", id: "s3", del: false, rev: "r1" },
  { k: "set-no", at: 60, by: "a", ch: board, key: "k", id: "s3", code: "conflict" },
  { k: "call", at: 10, by: "a", id: "c1", idempotent: true },
  { k: "run", at: 11, node: 0, id: "c1", run: "0.0.0" },
  { k: "ran", at: 12, node: 0, id: "c1", run: "0.0.0" },
  { k: "answer", at: 13, by: "a", id: "c1", run: "0.0.0" },
  ...[1, 2].flatMap((g) =>
    [0, 1].map((i): JournalLine => ({ k: "shot", at: 10 * g, by: "a", ch: scene, g, i, ok: true })),
  ),
  {
    ...{ k: "seen", at: 50, by: "b", ch: scene },
    m: [
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ],
  },
  { k: "leave", at: 30_000, by: "a", ch: hall },
  { k: "view", at: 31_000, by: "b", ch: hall, came: [], left: ["a"] },
  ...["a", "b"].flatMap((by): JournalLine[] => [
    { k: "end-client", at: 60_000, by, open: true, pending: 0, missing: [] },
    { k: "end-state", at: 60_000, by, ch: board, values: { k: "s2" } },
  ]),
  { k: "end-presence", at: 60_000, by: "node 0", ch: hall, users: ["b"] },
];

async function account(
  change: (line: JournalLine) => JournalLine | readonly JournalLine[] | undefined,
): Promise<Account> {
  return await settleAccounts(right.flatMap((line) => change(line) ?? []));
}

/** The same, with lines behind. */
function more(...lines: readonly JournalLine[]): Promise<Account> {
  return settleAccounts([...right, ...lines]);
}

/** The same with one line otherwise. */
function otherwise(k: JournalLine["k"], by: string, other: object): Promise<Account> {
  let isDone = false;
  return account((line) => {
    if (isDone || line.k !== k || ("by" in line ? line.by : "") !== by) return line;
    isDone = true;
    return { ...line, ...other };
  });
}

const again: readonly JournalLine[] = [
  { k: "run", at: 100, node: 1, id: "c1", run: "1.0.0" },
  { k: "ran", at: 101, node: 1, id: "c1", run: "1.0.0" },
];
const vanishing: readonly JournalLine[] = [
  { k: "view", at: 20_000, by: "a", ch: hall, came: [], left: ["b"] },
  { k: "view", at: 20_100, by: "a", ch: hall, came: ["b"], left: [] },
];
const seen = (...m: readonly SeenFrame[]): object => ({ m });
const heard = (m: readonly (readonly [string, string])[]): object => ({ m });

const mutations: Readonly<Record<ViolationKind, readonly (() => Promise<Account>)[]>> = {
  lost: [
    () =>
      more(
        { k: "begin", at: 70, by: "a", ch: room, id: "a:2" },
        { k: "ack", at: 80, by: "a", ch: room, id: "a:2", pos: "3", dup: false },
      ),
  ],
  missed: [
    () => otherwise("heard", "b", heard([["a:1", "1"]])),
    () => more({ k: "heard", at: 70, by: "a", ch: room, from: "2", m: [["b:2", "3"]] }),
    () => more({ k: "heard", at: 70, by: "a", ch: room, from: "5", m: [["b:2", "6"]] }),
    () => otherwise("live", "a", { pos: "1" }),
  ],
  doubled: [
    () =>
      more(
        ...["a", "b"].map((by): JournalLine => ({ k: "heard", at: 70, by, ch: room, from: "2", m: [["a:1", "3"]] })),
      ),
    () =>
      more(
        { k: "heard", at: 70, by: "a", ch: room, from: "0", m: [["a:1", "1"]] },
        { k: "unsub", at: 71, by: "a", ch: room },
      ),
  ],
  disordered: [
    () =>
      otherwise(
        "heard",
        "b",
        heard([
          ["b:1", "2"],
          ["a:1", "1"],
        ]),
      ),
    () => otherwise("ack", "a", { pos: "7" }),
  ],
  forged: [
    () =>
      more(...["a", "b"].map((by): JournalLine => ({ k: "heard", at: 70, by, ch: room, from: "2", m: [["x", "3"]] }))),
    () => more({ k: "signals", at: 70, by: "b", ch: hall, m: ["x.1:1"] }),
    () => more({ k: "run", at: 70, node: 0, id: "x", run: "0.0.9" }),
    () => otherwise("seen", "b", seen([3, 0])),
    () => account((line) => (line.k === "end-state" ? { ...line, values: { k: "x" } } : line)),
  ],
  gap: [
    () => more({ k: "gap", at: 70, by: "a", ch: room, reason: "retention", ep: "e", pos: "2" }),
    () => more({ k: "live", at: 70, by: "a", ch: room, ep: "e", pos: "2", recovered: false }),
  ],
  "two-answers": [
    () => more({ k: "ack", at: 70, by: "a", ch: room, id: "a:1", pos: "2", dup: true }),
    () => more(...again, { k: "answer", at: 110, by: "a", id: "c1", run: "1.0.0" }),
  ],
  "run-twice": [() => more(...again)],
  "answer-without-run": [
    () => account((line) => (line.k === "ran" ? undefined : line)),
    () => otherwise("answer", "a", { run: "9.9.9" }),
  ],
  "signal-twice": [() => more({ k: "signals", at: 70, by: "b", ch: hall, m: ["a.1:1"] })],
  "signal-disordered": [() => otherwise("signals", "b", { m: ["a.1:2", "a.1:1"] })],
  torn: [
    () => otherwise("seen", "b", seen([1, 0], [2, 0], [2, 1])),
    () => otherwise("seen", "b", seen([1, 1], [2, 0])),
    () => otherwise("seen", "b", seen([1, 0], [2, 1])),
    () => otherwise("seen", "b", seen([1, 0], "lost", [1, 1])),
    // A whole group is missing.
    () =>
      account((line) => {
        if (line.k === "shot") return [line, { ...line, g: line.g + 2 }];
        return line.k === "seen" ? { ...line, ...seen([1, 0], [1, 1], [3, 0]) } : line;
      }),
  ],
  "media-disordered": [
    () => otherwise("seen", "b", seen([2, 0], [2, 1], [1, 0], [1, 1])),
    () => otherwise("seen", "b", seen([1, 0], "lost", [1, 0])),
  ],
  diverged: [
    () => otherwise("end-state", "b", { values: { k: "s1" } }),
    () => otherwise("end-state", "b", { values: {} }),
  ],
  "update-lost": [
    () => account((line) => (line.k === "end-state" ? { ...line, values: { k: "s1" } } : line)),
    () => account((line) => (line.k === "end-state" ? { ...line, values: {} } : line)),
  ],
  "set-twice": [() => more({ k: "set-ok", at: 70, by: "a", ch: board, key: "k", id: "s3", rev: "r3" })],
  "refused-and-done": [() => account((line) => (line.k === "end-state" ? { ...line, values: { k: "s3" } } : line))],
  "presence-late": [
    () => account((line) => (line.k === "view" && line.left.includes("a") ? { ...line, at: 45_000 } : line)),
    () => account((line) => (line.k === "view" && line.by === "b" && line.at === 1 ? { ...line, came: ["b"] } : line)),
  ],
  "presence-wrong": [
    () => settleAccounts([...right.filter(({ at }) => at < 30_000), ...vanishing]),
    () => more({ k: "end-presence", at: 60_000, by: "node 1", ch: hall, users: ["a", "b"] }),
    () => more({ k: "end-presence", at: 60_000, by: "node 1", ch: hall, users: [] }),
  ],
  "not-back": [
    () => otherwise("end-client", "a", { open: false }),
    () => otherwise("end-client", "a", { pending: 1 }),
    () => otherwise("end-client", "a", { missing: [room] }),
  ],
  trouble: [
    () => more({ k: "trouble", at: 70, proc: "node 0", what: "it broke" }),
    () => settleAccounts([{ k: "load", at: 1 }]),
  ],
};

describe("the accountant", () => {
  it("finds nothing where nothing is wrong, and counts", async () => {
    const { violations, logs, states, calls, media, presence } = await account((line) => line);
    assert.deepEqual(violations, []);
    assert.deepEqual([logs.published, logs.acknowledged, logs.unsure, logs.deliveries, logs.gaps], [3, 2, 1, 4, 0]);
    assert.deepEqual(states, { acknowledged: 2, conflicts: 1, unsure: 0 });
    assert.deepEqual([calls.calls, calls.answered, calls.signals, calls.signalsHeard], [1, 1, 2, 4]);
    assert.deepEqual(media, { frames: 4, acknowledged: 4, deliveries: 4, told: 0 });
    assert.equal(presence.latestMs, 1000);
    assert.ok(presence.checkedSeconds > 0);
  });

  for (const kind of Object.keys(violationKinds) as ViolationKind[]) {
    for (const [index, mutation] of mutations[kind].entries()) {
      it(`finds that ${violationKinds[kind]} (${index + 1})`, async () => {
        const { counts } = await mutation();
        assert.ok((counts.get(kind) ?? 0) > 0, `found ${[...counts.keys()].join(", ") || "nothing"}`);
      });
    }
  }

  it("excuses who was befallen, and nobody else", async () => {
    const fault = (node: number, kind: string): JournalLine => ({
      ...{
        k: "fault",
        at: 11,
        until: 20_050,
        kind,
        target: node,
        nodes: kind === "node-kill" ? [] : [node],
        engine: false,
      },
    });
    for (const [node, count] of [
      [0, undefined],
      [1, 1],
    ] as const) {
      assert.equal((await more(...again, fault(node, "node-stop"))).counts.get("run-twice"), count);
      assert.equal((await more(...again, fault(node, "node-kill"))).counts.get("run-twice"), count);
    }
    // Where a process stood still, what it runs is excused; where clients did, nobody had to run anything again.
    const late = (proc: string): JournalLine => ({
      ...{ k: "second", at: 21_000, proc, heard: 0, acked: 0, open: 0, ms: [0, 0, 0, 0], lagMs: 20_000 },
    });
    for (const [proc, count] of [
      ["node 0", undefined],
      ["node 1", 1],
      ["clients 0", 1],
    ] as const) {
      assert.equal((await more(...again, late(proc))).counts.get("run-twice"), count);
    }
    const seen = right.filter(({ at }) => at < 30_000);
    assert.equal((await settleAccounts([...seen, ...vanishing, fault(1, "engine-cut")])).counts.size, 0);
    assert.equal(
      (await settleAccounts([...seen, ...vanishing, fault(1, "node-kill")])).counts.get("presence-wrong"),
      1,
    );
  });

  it("lets a signal come again to who has come over another connection a moment ago, and not later", async () => {
    const [first] = right.filter((line) => line.k === "open" && line.by === "b");
    assert.ok(first !== undefined);
    const twice = (at: number): JournalLine => ({ k: "signals", at, by: "b", ch: hall, m: ["a.1:1"] });
    const other = { ...first, at: 69 };
    assert.equal((await more(other, twice(70))).counts.get("signal-twice"), undefined);
    assert.equal((await more(other, twice(10_100))).counts.get("signal-twice"), 1);
  });

  it("lets the rest of a group of media be missing where one was told, came anew, or something befell a node", async () => {
    const clean = async (m: object, ...lines: readonly JournalLine[]): Promise<void> => {
      const changed = right.map((line) => (line.k === "seen" ? { ...line, ...m } : line));
      assert.deepEqual((await settleAccounts([...changed, ...lines])).violations, []);
    };
    await clean(seen([1, 0], "lost", [2, 0], [2, 1]));
    await clean(seen([1, 0], "anew", [1, 0], [1, 1], [2, 0]));
    await clean(seen([2, 0], "anew", [1, 0], [1, 1]));
    await clean(seen([1, 0], [2, 0]), {
      ...{ k: "fault", at: 0, until: 100, kind: "node-kill", target: 0, nodes: [], engine: false },
    });
    // Nobody knows whether the server had it.
    const unsure = right.map((line) =>
      line.k === "shot" && line.g === 1 && line.i === 1 ? { ...line, ok: false } : line,
    );
    const half = unsure.map((line) => (line.k === "seen" ? { ...line, ...seen([1, 0], [2, 0]) } : line));
    assert.deepEqual((await settleAccounts(half)).violations, []);
  });

  it("lets a server forget where it came back empty, and wants that to be told", async () => {
    const lapse: JournalLine = {
      ...{ k: "fault", at: 100, until: 200, kind: "server-empty", target: 0, nodes: [], engine: true },
    };
    const gap = (by: string): JournalLine => ({
      ...{ k: "gap", at: 300, by, ch: room, reason: "unknown-position", ep: "f", pos: "0" },
    });
    // The log begins anew, with the positions that it had before, and a message that was never answered comes in it again.
    const anew: readonly JournalLine[] = [
      { k: "begin", at: 310, by: "a", ch: room, id: "a:2" },
      { k: "ack", at: 320, by: "a", ch: room, id: "a:2", pos: "1", dup: false },
      ...["a", "b"].map(
        (by): JournalLine => ({ ...{ k: "heard", at: 330, by, ch: room, from: "0" }, m: [["a:2", "1"]] }),
      ),
      { k: "set", at: 310, by: "b", ch: board, key: "k", id: "s9", del: false, rev: "r1" },
      { k: "set-ok", at: 320, by: "b", ch: board, key: "k", id: "s9", rev: "r2" },
    ];
    const forgotten = right.map((line) => (line.k === "end-state" ? { ...line, values: { k: "s9" } } : line));
    const found = async (...lines: readonly JournalLine[]): Promise<ViolationKind[]> => [
      ...(await settleAccounts([...forgotten, ...lines])).counts.keys(),
    ];
    assert.deepEqual(await found(lapse, gap("a"), gap("b"), ...anew), []);
    // One is not told.
    assert.ok((await found(lapse, gap("a"), ...anew)).includes("missed"));
    assert.ok((await found(lapse, gap("a"), ...anew.slice(0, 3))).includes("missed"));
    // Nothing came back empty.
    assert.ok((await found(gap("a"), gap("b"), ...anew)).includes("gap"));
    // What is acknowledged later has to be kept.
    const lost: readonly JournalLine[] = [
      { k: "begin", at: 40_000, by: "a", ch: room, id: "a:3" },
      { k: "ack", at: 40_001, by: "a", ch: room, id: "a:3", pos: "2", dup: false },
    ];
    assert.deepEqual(await found(lapse, gap("a"), gap("b"), ...anew, ...lost), ["lost"]);
    const values = { k: "s2" };
    const late: readonly JournalLine[] = [
      { k: "set", at: 40_000, by: "b", ch: board, key: "k", id: "s10", del: false },
      { k: "set-ok", at: 40_001, by: "b", ch: board, key: "k", id: "s10", rev: "r3" },
    ];
    const stale = forgotten.map((line) => (line.k === "end-state" ? { ...line, values } : line));
    const account = await settleAccounts([...stale, lapse, gap("a"), gap("b"), ...anew, ...late]);
    assert.deepEqual([...account.counts.keys()], ["update-lost"]);
  });

  it("lets a change of which nobody knows be made or not", async () => {
    const unknown: readonly JournalLine[] = [
      { k: "set", at: 50, by: "b", ch: board, key: "k", id: "s4", del: false },
      { k: "set-no", at: 60, by: "b", ch: board, key: "k", id: "s4", code: "connection-lost" },
    ];
    assert.equal((await more(...unknown)).counts.size, 0);
    const lines = right.map((line) => (line.k === "end-state" ? { ...line, values: { k: "s4" } } : line));
    assert.equal((await settleAccounts([...lines, ...unknown])).counts.size, 0);
  });
});
