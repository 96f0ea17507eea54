/**
 * What a process costs, as the kernel counts it (proc(5)): the same for every peer, whatever it is written in, and
 * without asking it. Processes that it has started count with it.
 */
import { readdirSync, readFileSync } from "node:fs";

/**
 * @typedef {object} Usage
 * @property {Map<string, number>} threadNanoseconds processor time of each thread that lives
 * @property {number} userTicks of all threads, also of those that have ended; too coarse for a short window
 * @property {number} systemTicks
 */

// USER_HZ, in which /proc/PID/stat counts. It is 100 on every architecture that Node runs on.
const ticksPerSecond = 100;
// Both ends of both counts are rounded down to ticks, and a thread that runs is a kernel tick behind in its own.
const agreementSeconds = 0.05;

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // A thread or a process that has ended meanwhile.
    if (error.code === "ENOENT" || error.code === "ESRCH") return "";
    throw error;
  }
}

/** @param {string} path */
function list(path) {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return [];
    throw error;
  }
}

/**
 * A process and those below it.
 *
 * @param {number} pid
 * @returns {number[]}
 */
function family(pid) {
  const children = list(`/proc/${pid}/task`).flatMap((thread) => {
    const text = read(`/proc/${pid}/task/${thread}/children`).trim();
    return text === "" ? [] : text.split(" ").map(Number);
  });
  return [pid, ...children.flatMap(family)];
}

/**
 * @param {number} pid
 * @returns {Usage}
 */
export function readUsage(pid) {
  const usage = { threadNanoseconds: new Map(), userTicks: 0, systemTicks: 0 };
  for (const member of family(pid)) {
    for (const thread of list(`/proc/${member}/task`)) {
      const [nanoseconds] = read(`/proc/${member}/task/${thread}/schedstat`).split(" ", 1);
      if (nanoseconds !== "") usage.threadNanoseconds.set(thread, Number(nanoseconds));
    }
    // The name of the program, in parentheses, may hold anything; the fields count from behind it.
    const stat = read(`/proc/${member}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields.length < 13) throw new Error(`process ${member} has ended`);
    usage.userTicks += Number(fields[11]);
    usage.systemTicks += Number(fields[12]);
  }
  return usage;
}

/**
 * The processor time between two readings.
 *
 * @param {Usage} before
 * @param {Usage} after
 * @returns {{ cpuSeconds: number, userSeconds: number }} in all, and the part outside the kernel, which the kernel
 *   knows by sampling only
 */
export function usageBetween(before, after) {
  let nanoseconds = 0;
  for (const [thread, value] of after.threadNanoseconds)
    nanoseconds += value - (before.threadNanoseconds.get(thread) ?? 0);
  const userTicks = after.userTicks - before.userTicks;
  const ticks = userTicks + after.systemTicks - before.systemTicks;
  const exact = nanoseconds / 1e9;
  const coarse = ticks / ticksPerSecond;
  // What a thread used that has ended in between is in the coarse count only.
  const cpuSeconds = Math.abs(exact - coarse) <= agreementSeconds ? exact : coarse;
  return { cpuSeconds, userSeconds: ticks === 0 ? 0 : (cpuSeconds * userTicks) / ticks };
}

/**
 * @param {number} pid
 * @returns {number} octets of memory that are resident, in all
 */
export function readResidentBytes(pid) {
  let bytes = 0;
  for (const member of family(pid)) {
    // It walks the page tables; the counters in /proc/PID/statm are off by up to some hundred pages for each thread.
    const [, kilobytes] = /^Rss:\s+(\d+) kB$/mu.exec(read(`/proc/${member}/smaps_rollup`)) ?? [];
    if (kilobytes === undefined) throw new Error(`process ${member} does not tell what memory it uses`);
    bytes += Number(kilobytes) * 1024;
  }
  return bytes;
}
