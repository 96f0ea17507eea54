/**
 * `npm run scaling`: what several nodes over an engine deliver and cost, beside one, and beside Socket.IO's adapters.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { positive, runCommand } from "./lib/options.js";
import { packageVersions } from "./lib/peer.js";
import { recordFile, writeRecord } from "./lib/record.js";
import { printHead, runHead } from "./lib/run-head.js";
import { buildLoad } from "./load/build.js";
import { engineKinds, engineVersion } from "./scaling/engine-servers.js";
import { measureNodes } from "./scaling/measure.js";
import { axisTable, nodesTable } from "./scaling/print.js";
import { Samples } from "./scaling/record.js";
import { systemNamed, systems } from "./scaling/systems.js";
import { axes, workloads } from "./scaling/workloads.js";

const usage = `npm run scaling -- [options]
  --engine NAME    only systems over nats, redis or memory; may be repeated
  --nodes LIST     as so many nodes (default 1,2,4)
  --peer NAME      only these systems; may be repeated: ${systems.map(({ name }) => name).join(", ")}
  --workload NAME  only ${[...workloads, ...axes].map(({ name }) => name).join(", ")}; may be repeated
  --rounds N       rounds of each (default 3)
  --seconds N      measured of each workload in each round (default 1.5)
  --profile FOLDER nodes write CPU profiles there
  --quick          some systems, two nodes, one workload for a moment: shows that everything works, not how fast
The servers of engines are started by this command, and ended. With any option but --rounds and --seconds the record goes to
build/scaling.json, otherwise to results/.`;

// One of each kind.
const quickSystems = ["openline-nats", "openline-redis", "openline-memory", "socket.io-streams", "socket.io-redis"];

const { values } = parseArgs({
  options: {
    engine: { type: "string", multiple: true },
    nodes: { type: "string" },
    peer: { type: "string", multiple: true },
    workload: { type: "string", multiple: true },
    rounds: { type: "string" },
    seconds: { type: "string" },
    profile: { type: "string" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Those that were asked for and whose engine is here. Who is missing is said. */
function chooseSystems() {
  values.peer?.forEach(systemNamed);
  const known = [...Object.keys(engineKinds), "memory"];
  const strange = values.engine?.find((name) => !known.includes(name));
  if (strange !== undefined) throw new Error(`no such engine: ${strange}; there are ${known.join(", ")}`);
  const wanted = systems.filter(
    ({ name, engine }) =>
      (values.peer?.includes(name) ?? (!values.quick || quickSystems.includes(name))) &&
      (values.engine?.includes(engine) ?? true),
  );
  const lacking = new Set(wanted.map(({ engine }) => engine).filter(isLacking));
  for (const name of lacking) console.log(`without ${name}: ${engineKinds[name].advice}`);
  const chosen = wanted.filter(({ engine }) => !lacking.has(engine));
  if (chosen.length === 0) throw new Error("nothing is left to be measured");
  return chosen;
}

const isLacking = (/** @type {string} */ engine) => engine !== "memory" && engineVersion(engine) === undefined;

function chooseNodes() {
  const counts = (values.nodes ?? (values.quick ? "2" : "1,2,4")).split(",").map(Number);
  if (!counts.every((count) => Number.isInteger(count) && count >= 1 && count <= 16)) {
    throw new Error(`--nodes must be numbers from 1 to 16, not ${values.nodes}`);
  }
  return counts;
}

function chooseNamed(all) {
  return all.filter(({ name }) => values.workload?.includes(name) ?? (!values.quick || name === "spread"));
}

/** What is measured: a session for each system, number of nodes and what it is put under. */
function planOf(chosen, counts) {
  const ofWorkloads = chooseNamed(workloads);
  const sessions = counts.flatMap((nodes) =>
    chosen.map((system) => ({
      system,
      nodes,
      workloads: ofWorkloads.filter(({ places }) => !(places && system.isOne)),
    })),
  );
  const points = chooseNamed(axes).map((axis) => {
    const xs = values.quick ? axis.quickPoints : axis.points;
    return { axis, points: xs.map((x) => ({ x, workload: axis.workloadAt(x) })) };
  });
  for (const { axis, points: along } of points) {
    for (const system of chosen.filter(({ name }) => axis.systems.includes(name))) {
      sessions.push({ system, nodes: axis.nodes, workloads: along.map(({ workload }) => workload) });
    }
  }
  const measured = sessions.filter((session) => session.workloads.length > 0);
  if (measured.length === 0) throw new Error(`no such workload\n${usage}`);
  return { sessions: measured, workloads: ofWorkloads, axes: points };
}

/** Everything in turns, each round beginning with another one. What failed once takes no further part. */
async function measureAll(sessions, rounds, settings) {
  /** @type {Map<string, Samples>} */
  const samples = new Map();
  const failures = [];
  const failed = new Set();
  const keyOf = ({ system, nodes }, workload) => `${system.name} ${nodes} ${workload}`;
  for (let round = 0; round < rounds; round++) {
    const first = Math.floor((round * sessions.length) / rounds);
    for (const session of [...sessions.slice(first), ...sessions.slice(0, first)]) {
      const { system, nodes } = session;
      const left = session.workloads.filter(({ name }) => !failed.has(keyOf(session, name)));
      if (left.length === 0) continue;
      process.stderr.write(`round ${round + 1} of ${rounds}: ${system.title}, ${nodes}\n`);
      const wrong = await measureNodes(system, nodes, left, settings, (workload, figures) => {
        if (!samples.has(workload)) samples.set(workload, new Samples());
        samples.get(workload).add({ system: system.name, nodes, round }, figures);
      });
      for (const { workload, error } of wrong) {
        failed.add(keyOf(session, workload));
        failures.push({ workload, message: error.message });
        console.error(`failed: ${error.message}`);
        process.exitCode = 1;
      }
    }
  }
  return { samples, failures };
}

/** @param {readonly import("./scaling/systems.js").System[]} chosen */
async function headOf(chosen, settings) {
  const peers = await Promise.all(
    chosen.map(async ({ name, title, engine, packages }) => {
      const version = engine === "memory" ? {} : { [engineKinds[engine].program]: engineVersion(engine) };
      return { peer: { name, title }, versions: { ...(await packageVersions(...packages)), ...version } };
    }),
  );
  return runHead(peers, settings);
}

async function main() {
  const { quick } = values;
  const rounds = positive("rounds", values.rounds, quick ? 1 : 3);
  const windowMs = positive("seconds", values.seconds, quick ? 0.2 : 1.5) * 1000;
  const timing = { warmUpMs: quick ? 50 : 1500, windowMs };
  const settings = { timing, quick, ...(values.profile && { profileFolder: path.resolve(values.profile) }) };

  await buildLoad();
  const chosen = chooseSystems();
  const plan = planOf(chosen, chooseNodes());
  const head = await headOf(chosen, { quick, rounds, timing });
  printHead(head);
  const { samples, failures } = await measureAll(plan.sessions, rounds, settings);

  const titles = new Map(chosen.map(({ name, title }) => [name, title]));
  const recordOf = ({ name, title, load, share, quick: quickLoad }) => ({
    ...{ name, title, load: quick ? { ...load, ...quickLoad } : load, share },
    failures: failures.filter(({ workload }) => workload === name).map(({ message }) => message),
    results: samples.get(name)?.results() ?? [],
  });
  const record = {
    ...head,
    workloads: plan.workloads.map(recordOf),
    axes: plan.axes.map(({ axis: { name, title, xTitle, figure, nodes }, points }) => ({
      ...{ name, title, xTitle, figure, nodes },
      points: points.map(({ x, workload }) => ({ x, ...recordOf(workload) })),
    })),
  };
  for (const { name, title, results } of record.workloads) {
    if (results.length > 0) console.log(`\n${name}: ${nodesTable(title, results, titles)}`);
  }
  for (const [index, { points }] of record.axes.entries()) {
    const { axis } = plan.axes[index];
    const along = axis.systems.filter((name) => titles.has(name));
    console.log(`\n${axis.name}: ${axisTable(axis, points, titles, along)}`);
  }
  const isPartial =
    quick || ["engine", "nodes", "peer", "workload", "profile"].some((name) => values[name] !== undefined);
  const file = recordFile("scaling", isPartial);
  await writeRecord(file, record);
  console.log(`\nrecorded in ${path.relative(process.cwd(), file.pathname)}`);
}

// What is under way is ended by what it has left for that moment.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

if (values.help) console.log(usage);
else await runCommand(main);
