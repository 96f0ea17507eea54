/**
 * Holds processes to a share of a processor: one that has had its share is stopped until it may go on. So several nodes
 * can be compared with one on a machine that has no processor for each of them.
 */
import { readFileSync } from "node:fs";

// Stopped and let go on as often as a timer allows that does not itself want a processor.
const lookMs = 4;
// What was not used is lost, but for so much.
const savedMs = 12;

/** Processor time of a process' first thread, which is the one that runs JavaScript, in milliseconds. */
function mainThreadMs(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ", 1)[0]) / 1e6;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended, which whoever started it is told.
    if (error.code !== "ESRCH") throw error;
  }
}

/** One that has ended uses nothing more. */
function usedBy({ pid, usedMs }) {
  try {
    return mainThreadMs(pid);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return usedMs;
    throw error;
  }
}

/**
 * @param {readonly number[]} pids
 * @param {number} share of one processor, for each, above 0
 * @returns {() => void} ends it, and lets them all go on
 */
export function holdToShare(pids, share) {
  const held = pids.map((pid) => ({ pid, usedMs: mainThreadMs(pid), leftMs: 0, isStopped: false }));
  let atMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const earnedMs = (nowMs - atMs) * share;
    atMs = nowMs;
    for (const one of held) {
      const usedMs = usedBy(one);
      one.leftMs = Math.min(one.leftMs + earnedMs - (usedMs - one.usedMs), savedMs);
      one.usedMs = usedMs;
      const mustStop = one.leftMs <= 0;
      if (mustStop === one.isStopped) continue;
      one.isStopped = mustStop;
      signal(one.pid, mustStop ? "SIGSTOP" : "SIGCONT");
    }
  }, lookMs);
  const release = () => {
    process.off("exit", release);
    clearInterval(timer);
    for (const { pid, isStopped } of held) if (isStopped) signal(pid, "SIGCONT");
  };
  // What is stopped cannot end by itself.
  process.once("exit", release);
  return release;
}
