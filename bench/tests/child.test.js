import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { Child, withChildren } from "../lib/child.js";

const questions = new URL("../lib/questions.js", import.meta.url).href;

/** The command of a process that answers. */
async function childCommand(context, answers) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "bench-"));
  context.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "child.mjs");
  await writeFile(
    file,
    `import { answerQuestions } from ${JSON.stringify(questions)};\nanswerQuestions({ ${answers} });`,
  );
  return [process.execPath, file];
}

describe("a child", () => {
  it("answers in the order of the questions", async (context) => {
    const wait = "wait: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms, { ms }))";
    const child = new Child("the child", await childCommand(context, wait));
    context.after(() => child.end());
    const answers = await Promise.all([child.ask("wait", { ms: 50 }), child.ask("wait", { ms: 1 })]);
    assert.deepEqual(answers, [{ ms: 50 }, { ms: 1 }]);
  });

  it("may have no answer, and may say other things", async (context) => {
    const child = new Child("the child", await childCommand(context, 'nothing: () => console.log("by the way")'));
    context.after(() => child.end());
    assert.deepEqual(await child.ask("nothing"), {});
  });

  it("tells of an error", async (context) => {
    const child = new Child("the child", await childCommand(context, 'fail() { throw new Error("no luck") }'));
    context.after(() => child.end());
    await assert.rejects(child.ask("fail"), /the child: Error: no luck/u);
    await assert.rejects(child.ask("unknown"), /not a function/u);
  });

  it("is missed when it ends by itself", async (context) => {
    const leave = 'leave() { console.error("the last word"); process.exit(7) }';
    const child = new Child("the child", await childCommand(context, leave));
    await assert.rejects(child.ask("leave"), /the child ended by itself with 7:\nthe last word/u);
    await assert.rejects(child.failed, /ended by itself/u);
    await child.end();
  });

  it("is missed when there is no such program", async () => {
    const child = new Child("the child", ["/nonexistent/program"]);
    await assert.rejects(child.failed, /could not be started/u);
  });
});

describe("a measurement's processes", () => {
  it("are ended after it, and end it when one of them ends", async (context) => {
    const command = await childCommand(context, "leave: () => process.exit(3)");
    const pids = [];
    const measurement = withChildren(async ({ start, pause }) => {
      pids.push(start("the first", command).pid);
      const second = start("the second", command);
      pids.push(second.pid);
      second.ask("leave").catch(() => undefined);
      await pause(60_000);
    });
    await assert.rejects(measurement, /the second ended by itself with 3/u);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/u);
  });
});
