// `npm run game:load -- --players 200 --all-seeing 4 --seconds 30`: the game's server under players who are real clients, in
// processes of their own. Says how long ticks take, and what comes to each player with and without area of interest. Ends
// with 1 where a tick takes too long, or area of interest saves too little.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TICK_MS } from "../shared/world.js";
import type { PlayersReport } from "./players.js";
import type { ServerReport } from "./server.js";

const P99_MAX_MS = TICK_MS / 2;
const REDUCTION_MIN = 5;
/** Until all have flown apart, and what has to be compiled is compiled. */
const WARM_UP_MS = 8_000;

const { values } = parseArgs({
  options: {
    players: { type: "string", default: "200" },
    "all-seeing": { type: "string", default: "4" },
    seconds: { type: "string", default: "30" },
  },
});
const [players, allSeeing, seconds] = [Number(values.players), Number(values["all-seeing"]), Number(values.seconds)];

function start(name: string, ...given: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(name, import.meta.url)), given);
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const [message] = (await once(child, "message")) as [Answer];
  return message;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function ask<Answer>(child: ChildProcess): Promise<Answer> {
  child.send("end");
  return answerOf<Answer>(child);
}

const server = start("server.js");
const { url } = await answerOf<{ url: string }>(server);
const crowd = start("players.js", url, String(players), String(allSeeing));
await answerOf(crowd);
await wait(WARM_UP_MS);
for (const child of [server, crowd]) child.send("begin");
await wait(seconds * 1_000);
const [told, got] = await Promise.all([ask<ServerReport>(server), ask<PlayersReport>(crowd)]);
for (const child of [server, crowd]) child.disconnect();

const perSecond = (octets: number): string => `${(octets / seconds / 1_000).toFixed(1)} kB/s`;
const reduction = got.octetsOfAll / got.octetsOfSeen;
console.log(`${told.players} players, ${told.ticks} ticks in ${seconds} s, ${told.skipped} left out`);
console.log(`tick, all that is sent included: p50 ${told.p50Ms.toFixed(1)} ms, p99 ${told.p99Ms.toFixed(1)} ms`);
console.log(`the same in processor time: p50 ${told.cpuP50Ms.toFixed(1)} ms, p99 ${told.cpuP99Ms.toFixed(1)} ms`);
const share = ((100 * told.cpuMs) / (seconds * 1_000)).toFixed(0);
console.log(
  `processor time of the whole process: ${(told.cpuMs / told.ticks).toFixed(1)} ms for each tick, ${share} % of a core`,
);
console.log(
  `to a player who sees what is near: ${perSecond(got.octetsOfSeen)}, ${got.entriesOfSeen.toFixed(0)} entries`,
);
console.log(`to a player who sees everything: ${perSecond(got.octetsOfAll)}, ${got.entriesOfAll.toFixed(0)} entries`);
console.log(`area of interest: ${reduction.toFixed(1)} times fewer octets`);
console.log(`corrections: ${(got.corrections / seconds).toFixed(2)} a second for each player`);
// On a machine that others use, too, only processor time says anything.
if (told.cpuP99Ms > P99_MAX_MS || !(reduction >= REDUCTION_MIN)) process.exitCode = 1;
