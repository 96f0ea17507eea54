/**
 * Processes that stand still.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Resolves when a process stands still as a whole: what is sent to it before may still be answered. */
export async function stopProcess(child: ChildProcess | undefined): Promise<void> {
  child?.kill("SIGSTOP");
  const tasks = `/proc/${String(child?.pid)}/task`;
  if (!existsSync(tasks)) return;
  while (!readdirSync(tasks).every((task) => isStopped(`${tasks}/${task}/stat`))) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function isStopped(file: string): boolean {
  try {
    // The state stands behind the name, which is in parentheses.
    return readFileSync(file, "utf8").split(") ").at(-1)?.startsWith("T") ?? false;
  } catch {
    // This thread has ended meanwhile.
    return true;
  }
}
