/**
 * `npm run bench`: measures every workload on every peer, in turns, and prints and records what came out.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { drawCharts } from "./charts/draw.js";
import { judgeClaims } from "./lib/claims.js";
import { importAll } from "./lib/discover.js";
import { loadSettings } from "./lib/measure.js";
import { positive, runCommand } from "./lib/options.js";
import { claimsTable, workloadTable } from "./lib/print.js";
import { putInto, readRecord, recordFile, writeRecord } from "./lib/record.js";
import { findRivals, rivalsFor } from "./lib/rivals.js";
import { measureRounds } from "./lib/rounds.js";
import { printHead, runHead } from "./lib/run-head.js";
import { summarize } from "./lib/summary.js";
import { buildLoad, libraries } from "./load/build.js";

const usage = `npm run bench -- [options]
  --quick            one short round of the main workloads: shows that everything works, not how fast
  --rounds N         rounds of each workload (default 5)
  --seconds N        measured in each round (default 2)
  --workload NAME    only workloads whose name contains NAME; may be repeated
  --peer NAME        only these peers; may be repeated
  --baseline NAME    the peer that ratios in the tables refer to (default ws; of rooms Socket.IO)
  --profile FOLDER   peers on Node write CPU profiles there
  --publish          with --workload: takes what was measured into results/record.json, in place of what it says of these
                     workloads, each with the time and the rounds of its own run
With --quick, --workload or --peer the record goes to build/record.json, otherwise to results/, with charts.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    workload: { type: "string", multiple: true },
    peer: { type: "string", multiple: true },
    baseline: { type: "string" },
    profile: { type: "string" },
    publish: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** The groups of workloads, without those that were not asked for or cannot be had. */
async function findGroups(built) {
  const all = (await importAll("workloads")).map(({ module }) => module.group);
  const isWanted = ({ name, quick }) =>
    (values.workload?.some((part) => name.includes(part)) ?? true) && (quick !== undefined || !values.quick);
  const groups = all.map((group) => ({ ...group, workloads: group.workloads.filter(isWanted) }));
  if (groups.every(({ workloads }) => workloads.length === 0)) {
    const names = all.flatMap(({ workloads }) => workloads.map(({ name }) => name));
    throw new Error(`no such workload; there are ${names.join(", ")}`);
  }
  const isPossible = ({ tls, load }) => (built.tls || !tls) && (built.zlib || !load.deflate);
  const without = (needs, advice) => {
    const lacking = groups.flatMap(({ workloads }) => workloads.filter(needs)).map(({ name }) => name);
    if (lacking.length > 0) console.log(`without ${lacking.join(", ")}: ${advice}`);
  };
  if (!built.tls) without(({ tls }) => tls, libraries.tls.advice);
  if (!built.zlib) without(({ load }) => load.deflate, libraries.zlib.advice);
  return groups
    .map((group) => ({ ...group, workloads: group.workloads.filter(isPossible) }))
    .filter(({ workloads }) => workloads.length > 0);
}

/** In a quick run, less is done than the title says. */
function titleOf({ title, quick }) {
  if (!values.quick || Object.keys(quick).length === 0) return title;
  const changes = Object.entries(quick).map(([name, value]) => `${name} ${value}`);
  return `${title} (quick: ${changes.join(", ")})`;
}

/**
 * Measures a workload, prints what came out, and returns what is recorded.
 *
 * @param {import("./lib/workload.js").Workload} workload
 * @param {readonly import("./lib/measure.js").Rival[]} rivals those who can take part
 * @param {Parameters<typeof measureRounds>[2]} settings
 */
async function measureWorkload(workload, rivals, settings) {
  const { name, kind, tls = false } = workload;
  const { samples, failures } = await measureRounds(rivals, workload, settings);
  const results = summarize(samples, kind.compared);
  const title = titleOf(workload);
  if (results.length > 0) {
    const titles = titlesOf(rivals);
    console.log(
      `\n${name}: ${workloadTable({ ...kind, title, results }, values.baseline ?? workload.baseline ?? "ws", titles)}`,
    );
  }
  for (const { message } of failures) {
    console.error(`failed: ${message}`);
    process.exitCode = 1;
  }
  const load = loadSettings(workload, settings.quick);
  return { name, title, load, tls, failures: failures.map(({ message }) => message), results };
}

/** @param {readonly import("./lib/measure.js").Rival[]} rivals */
function titlesOf(rivals) {
  return Object.fromEntries(rivals.map(({ peer }) => [peer.name, peer.title]));
}

/** Takes a run of some workloads into the record that is published, and draws its charts. */
async function publish(record) {
  const file = recordFile("record", false);
  await writeRecord(file, putInto(await readRecord(file), record));
  await drawCharts(file);
  console.log(`published in ${path.relative(process.cwd(), file.pathname)}`);
}

async function main() {
  const { quick } = values;
  if (values.publish && (quick || values.peer !== undefined || values.workload === undefined)) {
    throw new Error("--publish goes with --workload, and with neither --quick nor --peer");
  }
  const rounds = positive("rounds", values.rounds, quick ? 1 : 5);
  const windowMs = positive("seconds", values.seconds, quick ? 0.2 : 2) * 1000;
  const timing = { warmUpMs: quick ? 100 : 1000, windowMs };
  const profileFolder = values.profile === undefined ? undefined : path.resolve(values.profile);

  const built = await buildLoad();
  const rivals = await findRivals(values.peer);
  const groups = await findGroups(built);
  const record = { ...runHead(rivals, { quick, rounds, timing }), groups: [] };
  printHead(record);
  for (const { name, title, charted, workloads } of groups) {
    const recorded = [];
    record.groups.push({ name, title, charted, workloads: recorded });
    for (const workload of workloads) {
      const takesPart = rivalsFor(rivals, workload);
      if (takesPart.length === 0) continue;
      recorded.push(await measureWorkload(workload, takesPart, { timing, quick, profileFolder, rounds }));
    }
  }

  const isPartial = quick || values.workload !== undefined || values.peer !== undefined;
  const file = recordFile("record", isPartial);
  await writeRecord(file, record);
  console.log(`\nrecorded in ${path.relative(process.cwd(), file.pathname)}`);
  if (values.publish) await publish(record);
  else if (!isPartial) await drawCharts(file);
  if (isPartial && !values.publish) return;
  console.log(`\n${claimsTable(judgeClaims(record.groups.flatMap(({ workloads }) => workloads)), titlesOf(rivals))}`);
}

if (values.help) console.log(usage);
else await runCommand(main);
