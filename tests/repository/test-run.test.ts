/**
 * What `npm test` makes of its files: which of them failed, and what becomes of those that fail where the machine is busy.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

interface Process {
  readonly file: string;
  readonly members: readonly string[];
}

type RunTests = (processes: readonly Process[], concurrency: number) => Promise<string[]>;

interface FailuresOfRun {
  addProcess(file: string): void;
  addFile(file: string): void;
  files(): string[];
}

/** The scripts are plain JavaScript. */
async function script<Exports>(name: string): Promise<Exports> {
  return (await import(new URL(`../../../scripts/lib/${name}`, import.meta.url).href)) as Exports;
}

const { Failures } = await script<{ Failures: new (processes: readonly Process[]) => FailuresOfRun }>("run-tests.js");
const { maxFilesAgain, passesAgain } = await script<{
  maxFilesAgain: number;
  passesAgain: (failed: readonly string[], runTests: RunTests, say: (line: string) => void) => Promise<boolean>;
}>("run-again.js");

const processes: readonly Process[] = [
  { file: "group.test.js", members: ["a.test.js", "b.test.js"] },
  { file: "other.test.js", members: ["c.test.js"] },
  { file: "single.test.js", members: [] },
];

describe("the files that failed", () => {
  function failed(failedProcesses: readonly string[], failedFiles: readonly string[]): string[] {
    const failures = new Failures(processes);
    for (const file of failedProcesses) failures.addProcess(file);
    for (const file of failedFiles) failures.addFile(file);
    return failures.files();
  }

  it("are none where nothing failed", () => {
    assert.deepEqual(failed([], []), []);
  });

  it("are those of a process in which the failed tests stand", () => {
    assert.deepEqual(failed(["group.test.js"], ["b.test.js"]), ["b.test.js"]);
    assert.deepEqual(failed(["single.test.js"], ["single.test.js"]), ["single.test.js"]);
  });

  it("are the process itself where it failed as a whole", () => {
    assert.deepEqual(failed(["group.test.js"], ["group.test.js"]), ["group.test.js"]);
    assert.deepEqual(failed(["group.test.js"], []), ["group.test.js"]);
  });

  it("are the process itself where the failed test stands in a module of several", () => {
    assert.deepEqual(failed(["single.test.js"], ["contract.js"]), ["single.test.js"]);
    assert.deepEqual(failed(["group.test.js"], ["contract.js", "a.test.js"]), ["group.test.js"]);
  });

  it("are those of failed tests even if nothing is heard of their process", () => {
    assert.deepEqual(failed([], ["single.test.js", "a.test.js"]), ["a.test.js", "single.test.js"]);
  });

  it("are an error where nobody runs them", () => {
    assert.throws(() => failed([], ["contract.js"]), /contract\.js/u);
  });
});

describe("files that failed beside others", () => {
  /** What is run again, what is said, and the verdict. */
  async function again(
    failed: readonly string[],
    failingAlone: readonly string[],
  ): Promise<{ runs: unknown[]; said: string; passes: boolean }> {
    const runs: unknown[] = [];
    let said = "";
    const runTests: RunTests = (given, concurrency) => {
      runs.push({ files: given.map(({ file }) => file), concurrency });
      return Promise.resolve([...failingAlone]);
    };
    const passes = await passesAgain(failed, runTests, (line) => {
      said += `${line}\n`;
    });
    return { runs, said, passes };
  }

  it("are not looked for where nothing failed", async () => {
    assert.deepEqual(await again([], []), { runs: [], said: "", passes: true });
  });

  it("run once more, one at a time, and are named when they pass", async () => {
    const { runs, said, passes } = await again(["a.test.js", "b.test.js"], []);
    assert.deepEqual(runs, [{ files: ["a.test.js", "b.test.js"], concurrency: 1 }]);
    assert.ok(passes);
    assert.match(said, /^PASSED ONLY WHEN IT HAD THE MACHINE FOR ITSELF: a\.test\.js, b\.test\.js$/mu);
    assert.doesNotMatch(said, /twice/u);
  });

  it("fail the run when they fail twice", async () => {
    const { said, passes } = await again(["a.test.js", "b.test.js"], ["b.test.js"]);
    assert.ok(!passes);
    assert.match(said, /ITSELF: a\.test\.js$/mu);
    assert.match(said, /^Failed twice: b\.test\.js$/mu);
  });

  it("fail the run at once when they are many", async () => {
    const files = Array.from({ length: maxFilesAgain + 1 }, (_, index) => `${String(index)}.test.js`);
    const { runs, said, passes } = await again(files, []);
    assert.deepEqual(runs, []);
    assert.ok(!passes);
    assert.match(said, /6 files failed/u);
  });
});
