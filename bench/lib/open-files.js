import { readFileSync } from "node:fs";

/** How many files a process may have open here; Infinity where there is no limit. */
export function openFilesLimit() {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = /^Max open files\s+\S+\s+(\S+)/mu.exec(limits)?.[1];
  return hard === undefined || hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}
