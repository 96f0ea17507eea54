/**
 * The report of a run: a page that stands alone, with a timeline and what was counted. It has no script and loads nothing. It is
 * drawn as SVG here, since it is a dozen lines and bars over one axis: a library for charts would be larger than all of the
 * harness, and would have to run in the page.
 */
import { type Bar, barChart, escapeHtml, lineChart, type Series, type TimeAxis } from "./chart.js";
import { violationKinds } from "./findings.js";
import type { SecondLine } from "./journal.js";
import type { ChaosResult } from "./run.js";
import { commandOf, countsOf, isClean, rowsOf } from "./summary.js";

const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1c2330; --weak: #667085; --line: #e4e7ec; --bad: #c62828; --good: #1b7f3b;
  --c1: #2563eb; --c2: #d97706; --c3: #9333ea; --node: #d97706; --engine: #7c3aed; --ways: #0e7490; --calm: #1b7f3b; }
@media (prefers-color-scheme: dark) {
  :root { --back: #11151c; --text: #e6e9ef; --weak: #98a2b3; --line: #2a313d; --bad: #ff7b72; --good: #56d37c;
    --c1: #79a8ff; --c2: #f5b14c; --c3: #cf9bff; --node: #f5b14c; --engine: #b79bff; --ways: #4fc3d9; --calm: #56d37c; } }
body { margin: 0 auto; max-width: 1080px; padding: 24px 16px 64px; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 32px 0 8px; }
.verdict { font-weight: 600; } .bad { color: var(--bad); } .good { color: var(--good); }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.command { display: block; padding: 8px 12px; border: 1px solid var(--line); border-radius: 6px; margin: 12px 0; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 4px 12px 4px 0; vertical-align: top;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; } th { font-weight: 500; color: var(--weak); }
figure { margin: 18px 0 0; } figcaption { font-size: 13px; color: var(--weak); } svg { width: 100%; height: auto; display: block; }
.tick { font: 11px system-ui, sans-serif; fill: var(--weak); } .grid { stroke: var(--line); stroke-width: 1; }
.line { fill: none; stroke-width: 1.5; stroke-linejoin: round; } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.key { stroke: none; margin-left: 10px; } .key.c1 { color: var(--c1); } .key.c2 { color: var(--c2); } .key.c3 { color: var(--c3); }
.bar.nodes, .shade.nodes { fill: var(--node); } .bar.servers, .shade.servers { fill: var(--engine); } .bar.ways, .shade.ways { fill: var(--ways); }
.bar.violation { fill: var(--bad); } .shade { opacity: 0.12; } .wide { overflow-x: auto; }
`;

const secondMs = 1000;

/** Makes the page. */
export function reportOf(result: ChaosResult): string {
  const { account, options, network } = result;
  const axis: TimeAxis = { from: account.loadAt, until: account.endAt };
  const bars = faultBars(result);
  const shades = [...bars.values()].flat();
  const clients = account.seconds.filter(({ proc }) => proc.startsWith("clients"));
  const verdict = isClean(result)
    ? `<p class="verdict good">Nothing was lost, doubled or wrong.</p>`
    : `<p class="verdict bad">${countsOf(result)
        .map(([kind, count]) => `${count} × ${kind}`)
        .join(", ")}</p>`;
  const charts = [
    barChart(axis, "Faults", bars),
    lineChart(axis, "A second", throughput(clients), shades),
    lineChart(
      axis,
      "Milliseconds from publishing to arrival, of what came as it was published",
      latencies(clients),
      shades,
    ),
    lineChart(axis, "Connections", connections(result, clients), shades),
    lineChart(axis, "Milliseconds that processes were late", lateness(account.seconds), shades),
    barChart(axis, "Told of", marks(result)),
  ];
  const title = `openline chaos: ${options.engine}, ${options.minutes} min, seed ${options.seed}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${style}</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p>${options.nodes} nodes, ${options.clients} clients, ${options.urls.length > 0 ? "servers of others" : `${options.servers} of our own servers`}, ${network}, ${new Date(account.loadAt).toISOString()}</p>
${verdict}
<code class="command">${escapeHtml(commandOf(result))}</code>
<h2>The course of it</h2>
${charts.join("\n")}
<h2>Counted</h2>
<table>${rowsOf(result)
    .map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`)
    .join("")}</table>
${violations(result)}
<h2>Faults</h2>
<div class="wide"><table><tr><th>at</th><th>what</th><th>of</th><th>for</th></tr>${account.faults
    .map(
      ({ at, until, kind, target }) =>
        `<tr><td>${seconds(result, at)}</td><td>${kind}</td><td>${target}</td><td>${until - at} ms</td></tr>`,
    )
    .join("")}</table></div>
</body></html>
`;
}

function seconds({ account }: ChaosResult, at: number): string {
  return `${((at - account.loadAt) / secondMs).toFixed(1)} s`;
}

function violations(result: ChaosResult): string {
  const { violations: found } = result.account;
  if (found.length === 0) return "";
  const rows = found.map(
    ({ kind, at, what }) =>
      `<tr><td>${at === undefined ? "" : seconds(result, at)}</td><td title="${escapeHtml(violationKinds[kind])}">${kind}</td><td>${escapeHtml(what)}</td></tr>`,
  );
  return `<h2>Violations</h2><div class="wide"><table><tr><th>at</th><th>kind</th><th>what</th></tr>${rows.join("")}</table></div>`;
}

function lookOf(kind: string): string {
  if (kind.startsWith("node-")) return "nodes";
  return kind.startsWith("server-") ? "servers" : "ways";
}

/** A row for each node and server. */
function faultBars({ account, options }: ChaosResult): Map<string, Bar[]> {
  const rows = new Map<string, Bar[]>();
  for (let node = 0; node < options.nodes; node++) rows.set(`node ${node}`, []);
  if (options.urls.length === 0) {
    for (let server = 0; server < options.servers; server++) rows.set(`server ${server}`, []);
  }
  for (const { kind, target, at, until } of account.faults) {
    const row = kind.startsWith("server-") ? `server ${target}` : `node ${target}`;
    rows.get(row)?.push({ from: at, until, title: `${kind}, ${until - at} ms`, look: lookOf(kind) });
  }
  return rows;
}

/** Values by second, put together over processes. */
function bySecond(
  lines: readonly SecondLine[],
  value: (line: SecondLine) => number,
  join: (one: number, other: number) => number,
): (readonly [number, number])[] {
  const sums = new Map<number, number>();
  for (const line of lines) {
    const at = Math.floor(line.at / secondMs) * secondMs;
    const before = sums.get(at);
    sums.set(at, before === undefined ? value(line) : join(before, value(line)));
  }
  return [...sums].sort(([one], [other]) => one - other);
}

function add(one: number, other: number): number {
  return one + other;
}

function throughput(clients: readonly SecondLine[]): Series[] {
  return [
    { name: "deliveries", color: 1, points: bySecond(clients, ({ heard }) => heard, add) },
    { name: "acknowledged", color: 2, points: bySecond(clients, ({ acked }) => acked, add) },
  ];
}

function latencies(clients: readonly SecondLine[]): Series[] {
  return [
    { name: "p50", color: 1, points: bySecond(clients, ({ ms: [p50] }) => p50, Math.max) },
    { name: "p95", color: 2, points: bySecond(clients, ({ ms: [, p95] }) => p95, Math.max) },
    { name: "p99", color: 3, points: bySecond(clients, ({ ms: [, , p99] }) => p99, Math.max) },
  ];
}

function connections({ account }: ChaosResult, clients: readonly SecondLine[]): Series[] {
  const opened = new Map<number, number>();
  for (const { at } of clients) opened.set(Math.floor(at / secondMs) * secondMs, 0);
  for (const at of account.opens) {
    const second = Math.floor(at / secondMs) * secondMs;
    if (at >= account.loadAt) opened.set(second, (opened.get(second) ?? 0) + 1);
  }
  return [
    { name: "open", color: 1, points: bySecond(clients, ({ open }) => open, add) },
    { name: "opened in a second", color: 2, points: [...opened].sort(([one], [other]) => one - other) },
  ];
}

function lateness(lines: readonly SecondLine[]): Series[] {
  const ofNodes = lines.filter(({ proc }) => proc.startsWith("node"));
  const ofClients = lines.filter(({ proc }) => !proc.startsWith("node"));
  return [
    { name: "nodes", color: 1, points: bySecond(ofNodes, ({ lagMs }) => lagMs, Math.max) },
    { name: "clients", color: 2, points: bySecond(ofClients, ({ lagMs }) => lagMs, Math.max) },
  ];
}

/** Gaps and violations where they were. */
function marks({ account }: ChaosResult): Map<string, Bar[]> {
  const mark = (at: number, title: string): Bar => ({ from: at, until: at, title, look: "violation" });
  const known = account.violations.flatMap(({ at, kind, what }) =>
    at === undefined ? [] : [mark(at, `${kind}: ${what}`)],
  );
  return new Map([
    ["gaps", account.gaps.map((at) => mark(at, "a gap"))],
    ["violations", known],
  ]);
}
