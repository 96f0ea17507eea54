import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { readResidentBytes, readUsage, usageBetween } from "../lib/process-usage.js";

/** @param {Record<string, number>} threads nanoseconds */
function usage(threads, userTicks, systemTicks) {
  return { threadNanoseconds: new Map(Object.entries(threads)), userTicks, systemTicks };
}

/** A process that works through `code` and then prints `process.cpuUsage()`. */
async function startWorker(context, code) {
  const worker = spawn(process.execPath, ["-e", `${code}; setInterval(() => undefined, 1000)`]);
  context.after(() => worker.kill("SIGKILL"));
  const [line] = await once(worker.stdout, "data");
  return { pid: worker.pid, said: JSON.parse(line) };
}

describe("processor time between two readings", () => {
  it("is summed over threads, new ones too", () => {
    const before = usage({ 1: 100e6, 2: 50e6 }, 10, 5);
    const after = usage({ 1: 300e6, 2: 60e6, 3: 90e6 }, 31, 14);
    const { cpuSeconds, userSeconds } = usageBetween(before, after);
    assert.equal(cpuSeconds, 0.3);
    assert.ok(Math.abs(userSeconds - 0.21) < 1e-9);
  });

  it("is read in ticks when a thread with much of it has ended", () => {
    const before = usage({ 1: 100e6, 2: 50e6 }, 0, 0);
    const after = usage({ 1: 200e6 }, 80, 20);
    assert.deepEqual(usageBetween(before, after), { cpuSeconds: 1, userSeconds: 0.8 });
  });

  it("is nothing when nothing was done", () => {
    const before = usage({ 1: 100e6 }, 10, 5);
    assert.deepEqual(usageBetween(before, before), { cpuSeconds: 0, userSeconds: 0 });
  });
});

describe("what the kernel tells", () => {
  const work = "const end = Date.now() + 200; while (Date.now() < end); ";
  const report = "const { user, system } = process.cpuUsage(); console.log(JSON.stringify({ micros: user + system }))";

  it("is what a process says of itself", async (context) => {
    const { pid, said } = await startWorker(context, work + report);
    const { cpuSeconds } = usageBetween(usage({}, 0, 0), readUsage(pid));
    // It went on for a moment after it had looked.
    assert.ok(cpuSeconds >= said.micros / 1e6 - 0.05, `${cpuSeconds} s, and it said ${said.micros} µs`);
    assert.ok(cpuSeconds <= said.micros / 1e6 + 1, `${cpuSeconds} s, and it said ${said.micros} µs`);
  });

  it("counts the processes that a process has started", async (context) => {
    const child = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(
      `${work}${report}; process.stdin.resume()`,
    )}], { stdio: ["pipe", "inherit", "inherit"] })`;
    const { pid, said } = await startWorker(context, child);
    const { cpuSeconds } = usageBetween(usage({}, 0, 0), readUsage(pid));
    assert.ok(cpuSeconds >= said.micros / 1e6 - 0.05, `${cpuSeconds} s, and its child said ${said.micros} µs`);
  });

  it("has the memory that is resident", async (context) => {
    const fill = "globalThis.kept = Buffer.alloc(64 * 1024 * 1024, 1); ";
    const { pid, said } = await startWorker(context, `${fill} console.log(process.memoryUsage.rss())`);
    const bytes = readResidentBytes(pid);
    assert.ok(bytes >= 64 * 1024 * 1024);
    assert.ok(Math.abs(bytes - said) < 8 * 1024 * 1024, `${bytes}, and it said ${said}`);
  });

  it("is missing of a process that has ended", async () => {
    const process_ = spawn(process.execPath, ["-e", ""]);
    await once(process_, "close");
    assert.throws(() => readUsage(process_.pid), /has ended/u);
    assert.throws(() => readResidentBytes(process_.pid), /does not tell/u);
  });
});
