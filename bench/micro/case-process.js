/**
 * A process for one case: its contenders take turns, and of every turn the processor time is taken. Unlike the time on
 * the clock it does not count when others have the processor; what the garbage collector does beside it does count.
 */
import { performance } from "node:perf_hooks";

const [pieceFile, caseName, roundsText, turnText, warmUpText] = process.argv.slice(2);
const rounds = Number(roundsText);
const turnMs = Number(turnText);
const warmUpMs = Number(warmUpText);

const { piece } = await import(pieceFile);
const { operations, contenders: createContenders } = piece.cases.find(({ name }) => name === caseName);

/**
 * Runs for at least so long.
 *
 * @param {() => void} run
 * @param {number} atLeastMs
 * @param {number} runsAtATime between two looks at the clock
 * @returns {number} nanoseconds of processor time for each run
 */
function runFor(run, atLeastMs, runsAtATime) {
  const began = performance.now();
  const before = process.cpuUsage();
  let runs = 0;
  do {
    for (let index = 0; index < runsAtATime; index++) run();
    runs += runsAtATime;
  } while (performance.now() - began < atLeastMs);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / runs;
}

const contenders = Object.entries(createContenders()).map(([name, { run, check }]) => {
  check();
  return { name, run, runsAtATime: 1, samples: [] };
});
for (const contender of contenders) {
  // A look at the clock every tenth of a millisecond or so.
  contender.runsAtATime = Math.max(1, Math.ceil(100_000 / runFor(contender.run, warmUpMs, 1)));
}
for (let round = 0; round < rounds; round++) {
  const first = round % contenders.length;
  for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
    const nanosecondsPerRun = runFor(contender.run, turnMs, contender.runsAtATime);
    contender.samples.push({ nanosecondsPerOperation: nanosecondsPerRun / operations });
  }
}
console.log(JSON.stringify(Object.fromEntries(contenders.map(({ name, samples }) => [name, samples]))));
