/**
 * `npm run micro`: each hot piece against the others' equivalents.
 */
import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { drawMicroCharts } from "./charts/draw.js";
import { importAll } from "./lib/discover.js";
import { figures } from "./lib/figures.js";
import { machine } from "./lib/machine.js";
import { positive, runCommand } from "./lib/options.js";
import { packageVersions } from "./lib/peer.js";
import { alignColumns, ratioText } from "./lib/print.js";
import { recordFile, writeRecord } from "./lib/record.js";
import { summarize } from "./lib/summary.js";

const usage = `npm run micro -- [options] [names]
  --quick     a moment for each case: shows that everything works, not how fast
  --rounds N  turns of each contender (default 15)
  names       only pieces, or cases, whose name contains one of them: masking, utf8/1kib
With --quick or names the record goes to build/micro.json, otherwise to results/, with charts.`;

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const run = promisify(execFile);
const caseProcess = fileURLToPath(new URL("micro/case-process.js", import.meta.url));

/** @param {import("./lib/summary.js").Result[]} results */
function table(title, bytes, results) {
  const own = results.find(({ peer }) => peer === "openline");
  const rows = results.map(({ peer, medians }) => {
    const { nanosecondsPerOperation: nanoseconds } = medians;
    const ratio = own?.ratios[peer]?.nanosecondsPerOperation;
    const gigabytes = (bytes / nanoseconds).toFixed(2);
    return [
      `  ${peer}`,
      figures.nanosecondsPerOperation.format(nanoseconds),
      gigabytes,
      ratio === undefined ? "" : ratioText(ratio),
    ];
  });
  return alignColumns([[title, "ns each", "GB/s", "openline : it"], ...rows]);
}

async function main() {
  const rounds = positive("rounds", values.rounds, values.quick ? 3 : 15);
  const [turnMs, warmUpMs] = values.quick ? [2, 5] : [40, 500];
  const record = {
    date: new Date().toISOString(),
    machine: machine(),
    node: process.version,
    peers: Object.entries(await packageVersions("openline", "ws", "bufferutil", "utf-8-validate")).map(
      ([name, version]) => ({ name, title: name, versions: { [name]: version } }),
    ),
    quick: values.quick,
    rounds,
    pieces: [],
  };
  for (const { file, module } of await importAll("micro/pieces")) {
    const { piece } = module;
    const isWanted = ({ name }) => names.length === 0 || names.some((part) => `${piece.name}/${name}`.includes(part));
    const cases = [];
    for (const { name, title, bytes } of piece.cases.filter(isWanted)) {
      const parameters = [file, name, rounds, turnMs, warmUpMs].map(String);
      const { stdout } = await run(process.execPath, [caseProcess, ...parameters]);
      const samples = new Map(Object.entries(JSON.parse(stdout)));
      const results = summarize(samples, ["nanosecondsPerOperation"]);
      cases.push({ name, title, bytes, results });
      console.log(`${table(`${piece.name}/${name}: ${title}`, bytes, results)}\n`);
    }
    if (cases.length > 0) record.pieces.push({ name: piece.name, title: piece.title, cases });
  }
  if (record.pieces.length === 0) throw new Error(`no such piece: ${names.join(", ")}`);
  const isPartial = values.quick || names.length > 0;
  const recorded = recordFile("micro", isPartial);
  await writeRecord(recorded, record);
  if (!isPartial) await drawMicroCharts(recorded);
  console.log(`recorded in ${path.relative(process.cwd(), recorded.pathname)}`);
}

if (values.help) console.log(usage);
else await runCommand(main);
