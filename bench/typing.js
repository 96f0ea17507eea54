/**
 * `npm run typing`: people who type in one document at the same time, on openline and on y-websocket's server.
 */
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Child } from "./lib/child.js";
import { machine } from "./lib/machine.js";
import { positive, runCommand } from "./lib/options.js";
import { alignColumns } from "./lib/print.js";
import { recordFile, writeRecord } from "./lib/record.js";
import { servers } from "./typing/servers.js";

const usage = `npm run typing -- [options]
  --quick          8 typists for two seconds: shows that everything works, not how fast
  --typists N      may be repeated (default 4, 16, 64)
  --per-second N   keystrokes of each of them (default 2)
  --seconds N      measured of each peer in each round (default 15)
  --rounds N       (default 3)
  --processes N    that the typists share (default 2)
  --peer NAME      only ${Object.keys(servers).join(", ")}; may be repeated
  --profile DIR    a CPU profile of each server goes there
The record goes to build/typing.json.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    typists: { type: "string", multiple: true },
    "per-second": { type: "string" },
    seconds: { type: "string" },
    rounds: { type: "string" },
    processes: { type: "string" },
    peer: { type: "string", multiple: true },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const documentLength = 2700;
const settleTimeoutMs = 10_000;

const fileOf = (/** @type {string} */ name) => fileURLToPath(new URL(`typing/${name}`, import.meta.url));

/** @param {readonly number[]} sorted @param {number} part */
const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/**
 * From each insertion to each sight of it.
 *
 * @param {readonly { typed: [number, [number, number][]][], seen: [number, number, number][] }[]} reports
 * @returns {number[]} milliseconds, sorted
 */
function latenciesOf(reports) {
  const typed = new Map(reports.flatMap((report) => report.typed).map(([client, of]) => [client, new Map(of)]));
  const latencies = [];
  for (const [client, clock, ms] of reports.flatMap(({ seen }) => seen)) {
    const typedMs = typed.get(client)?.get(clock);
    if (typedMs !== undefined) latencies.push(ms - typedMs);
  }
  return latencies.sort((a, b) => a - b);
}

/** Waits until all documents are the same. @param {() => Promise<string[]>} digests */
async function untilEqual(digests) {
  const lastMs = performance.now() + settleTimeoutMs;
  for (;;) {
    if (new Set(await digests()).size === 1) return;
    if (performance.now() > lastMs) throw new Error("the documents do not become equal");
    await wait(100);
  }
}

/**
 * @param {string} peer
 * @param {number} typists
 * @param {{ seconds: number, perSecond: number, processes: number, warmUpMs: number }} settings
 */
async function measure(peer, typists, { seconds, perSecond, processes, warmUpMs }) {
  const profile = values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values.profile}`];
  const server = new Child(`${peer}'s server`, [process.execPath, ...profile, fileOf("server-process.js")]);
  const crowd = Array.from(
    { length: Math.min(processes, typists) },
    (_, index) => new Child(`typists ${index + 1}`, [process.execPath, fileOf("typist-process.js")]),
  );
  const all = [server, ...crowd];
  const failed = Promise.race(all.map((child) => child.failed));
  const ask = (/** @type {string} */ question, /** @type {unknown} */ details) =>
    Promise.all(crowd.map((child) => child.ask(question, details)));
  const run = async () => {
    const { port } = await server.ask("serve", { peer });
    await ask("connect", { peer, port, count: Math.ceil(typists / crowd.length) });
    await crowd[0].ask("write", { length: documentLength });
    const digests = async () => (await ask("digests")).flatMap((answer) => answer.digests);
    await untilEqual(digests);
    await ask("type", { perSecond });
    await wait(warmUpMs);
    await Promise.all([server.ask("begin"), ask("begin")]);
    await wait(seconds * 1000);
    const [{ processorSeconds, bytes, residentBytes }, counts] = await Promise.all([
      server.ask("report"),
      ask("count"),
    ]);
    await ask("stop");
    await untilEqual(digests);
    const latencies = latenciesOf(await ask("seen"));
    const keystrokes = counts.reduce((sum, count) => sum + count.keystrokes, 0);
    const delivered = keystrokes * (typists - 1);
    if (delivered === 0 || latencies.length === 0) throw new Error("nothing was typed");
    return {
      peer,
      typists,
      keystrokes,
      // Of those that were due: less than 1 is a machine that has no time for the typists.
      keptUp: keystrokes / (typists * perSecond * seconds),
      processorMicrosecondsPerDelivered: (processorSeconds * 1e6) / delivered,
      processorMicrosecondsPerKeystroke: (processorSeconds * 1e6) / keystrokes,
      processorShare: processorSeconds / seconds,
      bytesPerDelivered: bytes / delivered,
      latencyP50Ms: quantile(latencies, 0.5),
      latencyP99Ms: quantile(latencies, 0.99),
      residentMegabytes: residentBytes / 1e6,
    };
  };
  try {
    return await Promise.race([run(), failed]);
  } finally {
    await Promise.all(all.map((child) => child.end()));
  }
}

/** @typedef {Awaited<ReturnType<typeof measure>>} Sample */

/** @type {readonly [string, (sample: Sample) => string][]} */
const columns = [
  ["typists", ({ typists }) => String(typists)],
  ["keystrokes", ({ keystrokes }) => String(keystrokes)],
  ["of due", ({ keptUp }) => `${(keptUp * 100).toFixed(0)} %`],
  ["processor/delivered", (sample) => `${sample.processorMicrosecondsPerDelivered.toFixed(2)} µs`],
  ["processor/keystroke", (sample) => `${sample.processorMicrosecondsPerKeystroke.toFixed(0)} µs`],
  ["of a core", ({ processorShare }) => `${(processorShare * 100).toFixed(1)} %`],
  ["octets/delivered", ({ bytesPerDelivered }) => bytesPerDelivered.toFixed(0)],
  ["p50", ({ latencyP50Ms }) => `${latencyP50Ms.toFixed(1)} ms`],
  ["p99", ({ latencyP99Ms }) => `${latencyP99Ms.toFixed(1)} ms`],
  ["memory", ({ residentMegabytes }) => `${residentMegabytes.toFixed(0)} MB`],
];

async function main() {
  const settings = {
    perSecond: positive("per-second", values["per-second"], 2),
    seconds: positive("seconds", values.seconds, values.quick ? 2 : 15),
    processes: positive("processes", values.processes, 2),
    warmUpMs: values.quick ? 500 : 3000,
  };
  const rounds = positive("rounds", values.rounds, values.quick ? 1 : 3);
  const crowds = (values.typists ?? (values.quick ? ["8"] : ["4", "16", "64"])).map((count) =>
    positive("typists", count, 0),
  );
  if (crowds.some((count) => count % Math.min(settings.processes, count) !== 0)) {
    throw new Error("--typists must be a multiple of --processes");
  }
  const peers = values.peer ?? Object.keys(servers);
  const unknown = peers.find((peer) => !(peer in servers));
  if (unknown !== undefined) throw new Error(`no such peer: ${unknown}`);
  console.log(`${settings.perSecond} keystrokes a second of each typist, ${settings.seconds} s of each peer`);
  /** @type {(Sample & { round: number })[]} */
  const samples = [];
  for (const typists of crowds) {
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another one.
      for (const index of peers.keys()) {
        const peer = peers[(index + round) % peers.length];
        samples.push({ ...(await measure(peer, typists, settings)), round });
      }
    }
  }
  const rows = samples.map((sample) => [sample.peer, ...columns.map(([, text]) => text(sample))]);
  console.log(alignColumns([["", ...columns.map(([title]) => title)], ...rows]));
  const ratios = ratiosOf(samples, crowds);
  for (const { typists, ratio, spread } of ratios) {
    const range = spread.map((value) => value.toFixed(2)).join(" to ");
    console.log(
      `${typists} typists: openline takes ${ratio.toFixed(2)} (${range}) of y-websocket's processor time for each delivered update`,
    );
  }
  const file = recordFile("typing", true);
  await writeRecord(file, { date: new Date().toISOString(), machine: machine(), settings, samples, ratios });
  console.log(`written to ${path.relative(process.cwd(), fileURLToPath(file))}`);
}

/**
 * Of each round, then the median of them.
 *
 * @param {readonly (Sample & { round: number })[]} samples
 * @param {readonly number[]} crowds
 */
function ratiosOf(samples, crowds) {
  return crowds.flatMap((typists) => {
    const of = (/** @type {string} */ peer) =>
      samples.filter((sample) => sample.peer === peer && sample.typists === typists);
    const ratios = of("openline").flatMap((own) => {
      const other = of("y-websocket").find(({ round }) => round === own.round);
      return other === undefined
        ? []
        : [own.processorMicrosecondsPerDelivered / other.processorMicrosecondsPerDelivered];
    });
    if (ratios.length === 0) return [];
    ratios.sort((a, b) => a - b);
    return [{ typists, ratio: quantile(ratios, 0.5), spread: [ratios[0], ratios.at(-1)] }];
  });
}

if (values.help) console.log(usage);
else await runCommand(main);
