/**
 * `npm run growth`: how the processor time per message grows with connections, with size and with fan-out.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { drawGrowthCharts } from "./charts/draw.js";
import { axes } from "./growth/axes.js";
import { figures } from "./lib/figures.js";
import { positive, runCommand } from "./lib/options.js";
import { alignColumns } from "./lib/print.js";
import { recordFile, writeRecord } from "./lib/record.js";
import { findRivals, rivalsFor } from "./lib/rivals.js";
import { measureRounds } from "./lib/rounds.js";
import { printHead, runHead } from "./lib/run-head.js";
import { summarize } from "./lib/summary.js";
import { buildLoad } from "./load/build.js";

const usage = `npm run growth -- [options]
  --quick       two points of each axis for a moment: shows that everything works, not how fast
  --rounds N    rounds of each point (default 3)
  --seconds N   measured in each round (default 2)
  --axis NAME   only ${axes.map(({ name }) => name).join(", ")}; may be repeated
  --peer NAME   only these peers (default openline, uws, ws); may be repeated
With --quick, --axis or --peer the record goes to build/growth.json, otherwise to results/, with charts.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    axis: { type: "string", multiple: true },
    peer: { type: "string", multiple: true },
    help: { type: "boolean", default: false },
  },
});

/** Those that were asked for; without asking, those of the three that are there. */
async function chooseRivals() {
  if (values.peer !== undefined) return findRivals(values.peer);
  return (await findRivals(undefined)).filter(({ peer }) => ["openline", "uws", "ws"].includes(peer.name));
}

async function main() {
  const rounds = positive("rounds", values.rounds, values.quick ? 1 : 3);
  const windowMs = positive("seconds", values.seconds, values.quick ? 0.2 : 2) * 1000;
  const settings = { timing: { warmUpMs: values.quick ? 100 : 1000, windowMs }, quick: false, rounds };
  const wanted = axes.filter(({ name }) => values.axis?.includes(name) ?? true);
  if (wanted.length === 0) throw new Error(`no such axis; there are ${axes.map(({ name }) => name).join(", ")}`);

  await buildLoad();
  const rivals = await chooseRivals();
  const record = { ...runHead(rivals, { ...settings, quick: values.quick }), axes: [] };
  printHead(record);

  for (const { name, title, subtitle, xTitle, unit, figure, points, quickPoints, workloadAt } of wanted) {
    const takesPart = rivalsFor(rivals, workloadAt(1));
    const recorded = [];
    record.axes.push({ name, title, subtitle, xTitle, unit, figure, points: recorded });
    const rows = [["", ...takesPart.map(({ peer }) => peer.title)]];
    for (const x of values.quick ? quickPoints : points) {
      const workload = workloadAt(x);
      const { samples, failures } = await measureRounds(takesPart, workload, settings);
      const results = summarize(samples, workload.kind.compared);
      recorded.push({ x, title: workload.title, failures: failures.map(({ message }) => message), results });
      const medianOf = ({ peer }) => results.find((result) => result.peer === peer.name)?.medians[figure];
      const cells = takesPart
        .map(medianOf)
        .map((value) => (value === undefined ? "failed" : figures[figure].format(value)));
      rows.push([`  ${x}`, ...cells]);
      for (const { message } of failures) {
        console.error(`failed: ${message}`);
        process.exitCode = 1;
      }
    }
    console.log(`\n${title}: ${figures[figure].title}\n${alignColumns(rows)}`);
  }

  const isPartial = values.quick || values.axis !== undefined || values.peer !== undefined;
  const file = recordFile("growth", isPartial);
  await writeRecord(file, record);
  if (!isPartial) await drawGrowthCharts(file);
  console.log(`\nrecorded in ${path.relative(process.cwd(), file.pathname)}`);
}

if (values.help) console.log(usage);
else await runCommand(main);
