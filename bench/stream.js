/**
 * `npm run stream`: one stream of 2 Mbit/s to 500 viewers, from one process.
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
import { framesPerSecond, megabitsPerSecond } from "./stream/picture.js";
import { servers } from "./stream/servers.js";

const usage = `npm run stream -- [options]
  --quick        40 viewers for two seconds: shows that everything works, not how fast
  --viewers N    (default 500)
  --seconds N    measured of each peer in each round (default 60)
  --rounds N     (default 1)
  --processes N  that the viewers share (default 2)
  --peer NAME    only ${Object.keys(servers).join(", ")}; may be repeated
The record goes to build/stream.json.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    viewers: { type: "string" },
    seconds: { type: "string" },
    rounds: { type: "string" },
    processes: { type: "string" },
    peer: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});

const fileOf = (/** @type {string} */ name) => fileURLToPath(new URL(`stream/${name}`, import.meta.url));

/**
 * How steeply memory grows, by least squares.
 *
 * @param {readonly number[]} samples octets
 * @param {number} intervalMs
 * @returns {number} MB a minute
 */
function slopeOf(samples, intervalMs) {
  const middle = (samples.length - 1) / 2;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  let [above, below] = [0, 0];
  for (const [index, sample] of samples.entries()) {
    above += (index - middle) * (sample - mean);
    below += (index - middle) ** 2;
  }
  return below === 0 ? 0 : (above / below / 1e6) * (60_000 / intervalMs);
}

/** @param {readonly number[]} samples @param {number} quarter from 0 */
function quarterOf(samples, quarter) {
  return samples.slice((samples.length * quarter) / 4, (samples.length * (quarter + 1)) / 4);
}

/** @param {readonly number[]} samples */
function medianOf(samples) {
  return [...samples].sort((a, b) => a - b)[samples.length >> 1] ?? 0;
}

/** @param {string} peer @param {{ viewers: number, seconds: number, processes: number, warmUpMs: number }} settings */
async function measure(peer, { viewers, seconds, processes, warmUpMs }) {
  const server = new Child(`${peer}'s server`, [process.execPath, fileOf("server-process.js")]);
  const crowd = Array.from(
    { length: processes },
    (_, index) => new Child(`viewers ${index + 1}`, [process.execPath, fileOf("viewer-process.js")]),
  );
  const all = [server, ...crowd];
  const failed = Promise.race(all.map((child) => child.failed));
  const run = async () => {
    const { port } = await server.ask("serve", { peer });
    const count = Math.ceil(viewers / processes);
    await Promise.all(crowd.map((child) => child.ask("connect", { peer, port, count })));
    await server.ask("play");
    await wait(warmUpMs);
    await Promise.all(all.map((child) => child.ask("begin")));
    const begunMs = performance.now();
    await wait(seconds * 1000);
    const [{ processorSeconds, residentBytes, sampleIntervalMs }, ...seen] = await Promise.all(
      all.map((child) => child.ask("report")),
    );
    const lastedSeconds = (performance.now() - begunMs) / 1000;
    const sum = (/** @type {string} */ name) => seen.reduce((total, report) => total + report[name], 0);
    const most = (/** @type {string} */ name) => Math.max(...seen.map((report) => report[name]));
    const megabits = (sum("bytes") * 8) / 1e6;
    return {
      peer,
      viewers: sum("viewers"),
      megabitsPerViewerSecond: megabits / sum("viewers") / lastedSeconds,
      lost: sum("lost"),
      stalled: sum("stalled"),
      longestGapMs: most("longestGapMs"),
      latencyP50Ms: most("latencyP50Ms"),
      latencyP99Ms: most("latencyP99Ms"),
      processorMicrosecondsPerMegabit: (processorSeconds * 1e6) / megabits,
      processorShare: processorSeconds / lastedSeconds,
      residentMegabytes: Math.max(...residentBytes) / 1e6,
      // Whether it levels off: the slope alone does not tell.
      residentMegabytesByQuarter: [0, 1, 2, 3].map((quarter) => medianOf(quarterOf(residentBytes, quarter)) / 1e6),
      residentMegabytesPerMinute: slopeOf(residentBytes, sampleIntervalMs),
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
  ["viewers", ({ viewers }) => String(viewers)],
  ["Mbit/s each", ({ megabitsPerViewerSecond }) => megabitsPerViewerSecond.toFixed(2)],
  ["stalled", ({ stalled }) => String(stalled)],
  ["lost", ({ lost }) => String(lost)],
  ["longest gap", ({ longestGapMs }) => `${longestGapMs.toFixed(0)} ms`],
  ["p50", ({ latencyP50Ms }) => `${latencyP50Ms.toFixed(0)} ms`],
  ["p99", ({ latencyP99Ms }) => `${latencyP99Ms.toFixed(0)} ms`],
  ["processor/Mbit", ({ processorMicrosecondsPerMegabit }) => `${processorMicrosecondsPerMegabit.toFixed(0)} µs`],
  ["of a core", ({ processorShare }) => `${(processorShare * 100).toFixed(0)} %`],
  ["memory", ({ residentMegabytes }) => `${residentMegabytes.toFixed(0)} MB`],
  ["growth/min", ({ residentMegabytesPerMinute }) => `${residentMegabytesPerMinute.toFixed(1)} MB`],
];

async function main() {
  const settings = {
    viewers: positive("viewers", values.viewers, values.quick ? 40 : 500),
    seconds: positive("seconds", values.seconds, values.quick ? 2 : 60),
    processes: positive("processes", values.processes, values.quick ? 1 : 2),
    warmUpMs: values.quick ? 500 : 5000,
  };
  const rounds = positive("rounds", values.rounds, 1);
  const peers = values.peer ?? Object.keys(servers);
  const unknown = peers.find((peer) => !(peer in servers));
  if (unknown !== undefined) throw new Error(`no such peer: ${unknown}`);
  console.log(`${megabitsPerSecond} Mbit/s at ${framesPerSecond} frames a second, ${settings.seconds} s of each peer`);
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another one.
    for (const index of peers.keys()) {
      const peer = peers[(index + round) % peers.length];
      try {
        samples.push({ ...(await measure(peer, settings)), round });
      } catch (error) {
        // A server that does not get through with it buffers until it does nothing else, and the others are still of interest.
        console.error(`failed: ${peer}: ${error.message}`);
        process.exitCode = 1;
      }
    }
  }
  const rows = samples.map((sample) => [sample.peer, ...columns.map(([, text]) => text(sample))]);
  console.log(alignColumns([["", ...columns.map(([title]) => title)], ...rows]));
  for (let round = 0; round < rounds; round++) {
    const ofRound = samples.filter((sample) => sample.round === round);
    const own = ofRound.find(({ peer }) => peer === "openline");
    for (const { peer, processorMicrosecondsPerMegabit } of ofRound) {
      if (own === undefined || peer === "openline") continue;
      const ratio = own.processorMicrosecondsPerMegabit / processorMicrosecondsPerMegabit;
      console.log(`openline takes ${ratio.toFixed(2)} of the processor time that ${peer} takes for each Mbit`);
    }
  }
  const file = recordFile("stream", true);
  await writeRecord(file, { date: new Date().toISOString(), machine: machine(), settings, samples });
  console.log(`written to ${path.relative(process.cwd(), fileURLToPath(file))}`);
  const silent = samples.find(({ megabitsPerViewerSecond }) => !(megabitsPerViewerSecond > 0));
  if (silent !== undefined) throw new Error(`nothing came from ${silent.peer}`);
}

if (values.help) console.log(usage);
else await runCommand(main);
