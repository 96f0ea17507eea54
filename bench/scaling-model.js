/**
 * `npm run scaling:model`: from what was measured to sizes that no machine here holds.
 */
import { parseArgs } from "node:util";
import { positive, runCommand } from "./lib/options.js";
import { alignColumns } from "./lib/print.js";
import { readRecord } from "./lib/record.js";
import { costsOf } from "./scaling/fit.js";
import { planOf } from "./scaling/model.js";
import { limitsByEngine, scenarios } from "./scaling/scenarios.js";
import { systemNamed } from "./scaling/systems.js";

const usage = `npm run scaling:model -- [options]
  --peer NAME                 a system that was measured (default openline-nats, openline-redis, and both with signals)
  --share N                   of a processor that a node may use on average (default ${limitsByEngine.nats.processorShare})
  --connections-per-node N    at most (default ${limitsByEngine.nats.connectionsPerNode})
Its inputs are results/scaling.json and results/record.json, its scenarios scaling/scenarios.js.`;

const { values } = parseArgs({
  options: {
    peer: { type: "string", multiple: true },
    share: { type: "string" },
    "connections-per-node": { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = (/** @type {number} */ value) => (value >= 100 ? whole.format(value) : value.toPrecision(2));

/** Memory of a connection that has subscribed, and of a node without any. */
async function memoryOf(measured, name) {
  const { groups } = await readRecord(new URL("results/record.json", import.meta.url));
  const members = groups.flatMap(({ workloads }) => workloads).find((workload) => workload.name === "members");
  const result = members?.results.find(({ peer }) => peer === "openline");
  if (result === undefined) throw new Error("without memory: npm run bench -- --workload members --publish");
  const nodes = measured.workloads.flatMap(({ results }) => results.filter(({ system }) => system === name));
  return {
    bytesPerConnection: result.medians.residentBytesPerConnection,
    bytesPerNode: Math.max(...nodes.map(({ medians }) => medians.residentBytesPerNode)),
  };
}

const rangeOf = (/** @type {string} */ least, /** @type {string} */ most) =>
  least === most ? least : `${least} - ${most}`;

async function main() {
  const measured = await readRecord(new URL("results/scaling.json", import.meta.url));
  const names = values.peer ?? ["openline-nats", "openline-nats-signal", "openline-redis", "openline-redis-signal"];
  const costRows = [["µs of processor time", "publish", "receive", "deliver", "engine", "engine, a copy"]];
  // Logs over NATS alone are in one stream; in Redis, each channel is by itself.
  const tables = [];
  for (const name of names) {
    const { engine, title } = systemNamed(name);
    const costs = costsOf(measured, name);
    for (const [pace, { publish, receive, deliver, engineMessage, engineCopy }] of Object.entries(costs)) {
      costRows.push([`  ${title}, ${pace}`, ...[publish, receive, deliver, engineMessage, engineCopy].map(short)]);
    }
    const memory = await memoryOf(measured, name);
    const limits = {
      ...limitsByEngine[engine],
      processorShare: positive("share", values.share, limitsByEngine[engine].processorShare),
      connectionsPerNode: positive(
        "connections-per-node",
        values["connections-per-node"],
        limitsByEngine[engine].connectionsPerNode,
      ),
    };
    tables.push([
      title,
      name === "openline-nats",
      scenarios.map((scenario) => [
        scenario.name,
        planOf(scenario, costs.together, memory, limits),
        planOf(scenario, costs.alone, memory, limits),
      ]),
    ]);
  }
  console.log(alignColumns(costRows));
  const heads = [
    "deliveries/s",
    "nodes",
    "bound by",
    "processors",
    "GB",
    "engine servers",
    "processors",
    "busiest",
    "leader",
  ];
  for (const [title, hasLeader, plans] of tables) {
    const rows = plans.map(([name, least, most]) => {
      const between = (format, of) => rangeOf(format(of(least)), format(of(most)));
      return [
        `  ${name}`,
        whole.format(most.deliveriesPerSecond),
        between(whole.format, ({ nodes }) => nodes),
        rangeOf(least.boundBy, most.boundBy),
        between(short, ({ nodeProcessors }) => nodeProcessors),
        between(short, ({ memoryBytes }) => memoryBytes / 1e9),
        between(whole.format, ({ engineServers }) => engineServers),
        between(short, ({ engineProcessors }) => engineProcessors),
        between(short, ({ busiestShare }) => busiestShare),
        hasLeader ? between(short, ({ leaderShare }) => leaderShare) : "",
        `${short(most.slowestMs)} ms (${most.slowestGroup})`,
      ];
    });
    console.log(`\n${alignColumns([[title, ...heads, "one message at a node"], ...rows])}`);
  }
  console.log("\nranges: from what comes together to what comes alone, see scaling/fit.js");
  console.log("busiest, leader: of what one engine server may do; above 1 it is too much for one");
}

if (values.help) console.log(usage);
else await runCommand(main);
