/**
 * What came out of a flood, for people to read.
 */
import type { FloodResult } from "./flood.js";
import type { ClientState, Tally } from "./messages.js";

const mebibyte = 1024 * 1024;

/** Within how many times its quiet value the p99 of ordinary clients has to stay. */
const maxSlowdown = 3;
/** Octets that may be held afterwards, above what was held before. */
const maxHeldBytes = 16 * mebibyte;

function row(...cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => (index === 0 ? String(cell).padEnd(22) : String(cell).padStart(12))).join("");
}

function clientRow(name: string, state: ClientState): string {
  const { sent, received, wrong, newcomers, turnedAway, p50Ms, p99Ms } = state;
  const lost = sent - received;
  return row(name, p50Ms.toFixed(2), p99Ms.toFixed(2), sent, lost + wrong, `${newcomers}+${turnedAway}`);
}

function inWords(tally: Tally = {}): string {
  const entries = Object.entries(tally).sort(([, one], [, other]) => other - one);
  return entries.length === 0 ? "-" : entries.map(([what, times]) => `${what} ×${times}`).join(", ");
}

const inMebibytes = (bytes: number): string => (bytes / mebibyte).toFixed(1);

/** Writes the table. */
export function floodTable(result: FloodResult, kinds: readonly string[]): string {
  const { before, atPeak, after, connected, ends, reports } = result;
  const atOnce = Object.values(connected).reduce((sum, each) => sum + each, 0);
  return [
    `${result.abusers} abusers, ${atOnce} of them connected at the end, and ${result.quiet.clients} ordinary clients`,
    "",
    row("ordinary clients", "p50 ms", "p99 ms", "messages", "lost", "newcomers"),
    clientRow("quiet", result.quiet),
    clientRow("under attack", result.underAttack),
    clientRow("afterwards", result.afterwards),
    "",
    row("the server's memory", "held MiB", "resident MiB", "sockets"),
    row("before", inMebibytes(before.heldBytes), inMebibytes(before.residentBytes), before.socketCount),
    row("at the end of it", inMebibytes(atPeak.heldBytes), inMebibytes(atPeak.residentBytes), atPeak.socketCount),
    row("peak", "", inMebibytes(atPeak.peakResidentBytes)),
    row("after", inMebibytes(after.heldBytes), inMebibytes(after.residentBytes), after.socketCount),
    "",
    `${row("abusers", "at it still")}  what they were told; what the server reports`,
    ...kinds.map((kind) => `${row(kind, connected[kind] ?? 0)}  ${inWords(ends[kind])}; ${inWords(reports[kind])}`),
  ].join("\n");
}

/** What is not as it should be. */
export function findFaults(result: FloodResult, judgesTime: boolean): string[] {
  const { quiet, underAttack, afterwards, before, after, left } = result;
  const faults: string[] = [];
  for (const { sent, received, wrong, ended, turnedAway } of [quiet, underAttack, afterwards]) {
    if (received !== sent || wrong > 0) faults.push(`of ${sent} messages ${received} came back, and ${wrong} others`);
    if (ended > 0) faults.push(`${ended} ordinary clients lost their connection`);
    if (turnedAway > 0) faults.push(`${turnedAway} newcomers were turned away`);
  }
  if (after.errors.length > 0) faults.push(`errors: ${after.errors.join("; ")}`);
  const held = after.heldBytes - before.heldBytes;
  if (held > maxHeldBytes) faults.push(`${inMebibytes(held)} MiB are still held`);
  if (left > 0) faults.push(`${left} sockets are left after close()`);
  // A machine that others work on, too, is not equally quiet before and after.
  const slowdown = underAttack.p99Ms / Math.max(quiet.p99Ms, afterwards.p99Ms);
  if (judgesTime && slowdown > maxSlowdown) faults.push(`the p99 is ${slowdown.toFixed(1)} times its quiet value`);
  return faults;
}
