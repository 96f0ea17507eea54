/**
 * `npm run crash:realtime -- --clients 1000 --kills 3 --seed 1`: see crash.ts. Ends with 1 where anything does not agree.
 */
import { parseArgs } from "node:util";
import { crash } from "./crash.js";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "1000" },
    rooms: { type: "string", default: "20" },
    kills: { type: "string", default: "3" },
    messages: { type: "string", default: "5" },
    seed: { type: "string" },
  },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const clients = Number(values.clients);
const plan = {
  ...{ clients, seed, minDelayMs: 1000 },
  rooms: Number(values.rooms),
  kills: Number(values.kills),
  messages: Number(values.messages),
};
const endings: (() => unknown)[] = [];
console.log(`${clients} clients in ${plan.rooms} rooms, ${plan.kills} kills, seed ${seed}`);
try {
  const report = await crash(plan, { after: (end) => endings.push(end) });
  const { acknowledged, unacknowledged, arrived, duplicates, deliveries, reconnects, spreads, faults } = report;
  const milliseconds = (numbers: readonly number[]): string => numbers.map((number) => number.toFixed(0)).join(", ");
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  console.log(`${acknowledged} messages acknowledged, ${duplicates} of them as duplicates`);
  console.log(`${unacknowledged} given up, ${arrived} of which were kept`);
  console.log(`${deliveries} deliveries, ${reconnects} reconnects, ${report.journalBytes} octets of journal`);
  console.log(
    `listening again after ${milliseconds(report.restartMs)} ms, all back after ${milliseconds(report.backMs)} ms`,
  );
  for (const { count, fullestShare, allowedShare } of spreads) {
    const share = `${percent(fullestShare)} in the fullest 100 ms (10 % is even, ${percent(allowedShare)} allowed)`;
    console.log(`${count} first reconnects: ${share}`);
    if (fullestShare > allowedShare) process.exitCode = 1;
  }
  for (const fault of faults.slice(0, 20)) console.error(fault);
  console.log(faults.length === 0 ? "all agrees" : `${faults.length} faults`);
  if (faults.length > 0) process.exitCode = 1;
} finally {
  for (const end of endings.reverse()) await end();
}
