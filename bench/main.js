/**
 * `npm run bench`: measures every workload on every peer, in turns, and prints and records what came out.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { importAll } from "./lib/discover.js";
import { machine } from "./lib/machine.js";
import { measure } from "./lib/measure.js";
import { heading, table } from "./lib/print.js";
import { summarize } from "./lib/summary.js";

const usage = `npm run bench -- [options]
  --quick            one short round: shows that everything works, not how fast
  --rounds N         rounds of each workload (default 5)
  --seconds N        measured in each round (default 3)
  --workload NAME    only workloads whose name contains NAME; may be repeated
  --peer NAME        only these peers; may be repeated
  --baseline NAME    the peer that ratios refer to (default ws)
  --profile FOLDER   servers on Node write CPU profiles there`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    workload: { type: "string", multiple: true },
    peer: { type: "string", multiple: true },
    baseline: { type: "string", default: "ws" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** @param {string | undefined} given */
function positive(name, given, defaultValue) {
  const value = given === undefined ? defaultValue : Number(given);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not ${given}`);
  return value;
}

const resultsFile = new URL("results/latest.json", import.meta.url);

/** The peers that were asked for and are there, with their versions. */
async function findPeers() {
  const found = [];
  for (const { file, module } of await importAll("peers")) {
    const { peer } = module;
    if (values.peer !== undefined && !values.peer.includes(peer.name)) continue;
    try {
      found.push({ peer, file, versions: await peer.versions() });
    } catch (error) {
      // Who was asked for by name must be there; others may be missing on this machine.
      if (values.peer !== undefined || peer.name === "openline") throw error;
      console.log(`without ${peer.name}: ${error.message}`);
    }
  }
  if (found.length === 0) throw new Error(`no such peer: ${values.peer?.join(", ")}`);
  return found;
}

async function findWorkloads() {
  const all = (await importAll("workloads")).map(({ module }) => module.workload);
  const found = all.filter(({ name }) => values.workload?.some((part) => name.includes(part)) ?? true);
  if (found.length === 0) throw new Error(`no such workload; there are ${all.map(({ name }) => name).join(", ")}`);
  return found;
}

async function main() {
  const rounds = positive("rounds", values.rounds, values.quick ? 1 : 5);
  const windowMs = positive("seconds", values.seconds, values.quick ? 0.5 : 3) * 1000;
  const timing = { warmUpMs: values.quick ? 250 : 1500, windowMs };
  const profileFolder = values.profile === undefined ? undefined : path.resolve(values.profile);
  const rivals = await findPeers();
  const workloads = await findWorkloads();
  const record = {
    date: new Date().toISOString(),
    machine: machine(),
    node: process.version,
    peers: Object.fromEntries(rivals.map(({ peer, versions }) => [peer.name, versions])),
    baseline: values.baseline,
    quick: values.quick,
    rounds,
    ...timing,
    workloads: [],
  };
  console.log(`node ${record.node}; ${JSON.stringify(record.peers)}`);
  console.log(`${record.machine.processor}, ${record.machine.cores} cores, ${record.machine.system}`);
  console.log(`\n${heading(values.baseline)}`);

  for (const workload of workloads) {
    const { name, title, settings } = workload;
    const takesPart = rivals.filter(({ peer }) => peer.serve[workload.server] !== undefined);
    const samples = new Map(takesPart.map(({ peer }) => [peer.name, []]));
    for (let round = 0; round < rounds; round++) {
      // In turns, so that what else happens on the machine happens to all.
      for (const rival of takesPart) {
        samples.get(rival.peer.name).push(await measure(rival, workload, timing, profileFolder));
      }
    }
    const results = summarize(samples, values.baseline);
    record.workloads.push({ name, title, settings, results });
    console.log(`\n${table(title, results)}`);
  }

  await mkdir(new URL(".", resultsFile), { recursive: true });
  await writeFile(resultsFile, `${JSON.stringify(record, undefined, 2)}\n`);
  console.log("\nrecorded in results/latest.json");
}

if (values.help) {
  console.log(usage);
} else {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
