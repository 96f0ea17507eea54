/**
 * `openline chaos`: the fault harness, for whoever wants to know what their choice of an engine keeps.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import type { ChaosOptions } from "../chaos/index.js";
import { printable } from "./printable.js";

/** What the command line gives. */
export interface ChaosCommand extends Omit<ChaosOptions, "log" | "signal" | "appendSync"> {
  readonly appendfsync?: "always" | "everysec";
}

/** Runs it. Ends with 1 where anything is wrong, and with 2 where it could not be run. */
export async function runChaosCommand({ appendfsync, report, ...command }: ChaosCommand): Promise<void> {
  // Loaded when it is wanted: other commands need no engine.
  const { commandOf, countsOf, isClean, reportOf, rowsOf, runChaos, violationKinds } = await import(
    "../chaos/index.js"
  );
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort(new Error("interrupted"));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const startMs = performance.now();
  const log = (line: string): void => {
    console.log(`${((performance.now() - startMs) / 1000).toFixed(1).padStart(7)} s  ${printable(line)}`);
  };
  try {
    const result = await runChaos({
      ...command,
      ...{ log, signal: interrupted.signal },
      ...(appendfsync !== undefined && { appendSync: appendfsync }),
    });
    for (const [name, value] of rowsOf(result)) console.log(`${name}: ${value}`);
    for (const { kind, at, what } of result.account.violations) {
      const when = at === undefined ? "" : `${((at - result.account.loadAt) / 1000).toFixed(1)} s, `;
      console.error(`${kind}: ${when}${printable(what)}`);
    }
    for (const [kind, count] of countsOf(result)) console.error(`${count} × ${kind}: ${violationKinds[kind]}`);
    if (report !== undefined) {
      writeFileSync(report, reportOf(result));
      console.log(`report: ${report}`);
    }
    if (result.journals !== undefined) console.log(`journals: ${result.journals}`);
    console.log(`again: ${commandOf(result)}`);
    if (!isClean(result)) process.exitCode = 1;
  } catch (error) {
    console.error(`openline: ${printable(error instanceof Error ? error.message : String(error))}`);
    process.exitCode = 2;
  } finally {
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
  }
}
