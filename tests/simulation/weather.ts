/**
 * What goes wrong with the network during a run.
 */
import type { Direction, Link, SeededRandom } from "#src/testing/index.js";
import type { Simulation } from "./simulation.js";

/** Begins it. */
export function makeWeather(simulation: Simulation, random: SeededRandom): void {
  const { weather } = simulation.scenario;
  if (weather === "fair") return;
  simulation.watch("the weather", changeWeather(simulation, random));
}

async function changeWeather(simulation: Simulation, random: SeededRandom): Promise<void> {
  const { clock, log, server, scenario } = simulation;
  for (let count = random.integer(1, 6); count > 0; count--) {
    await clock.sleep(random.integer(0, scenario.maxPauseMs * scenario.operationsPerSide));
    if (server.links.size === 0) continue;
    const link = random.pick([...server.links]);
    const kind =
      scenario.weather === "storm" ? random.pick(["stalls", "resets", "silence", "change"]) : scenario.weather;
    log.note("the weather", kind);
    if (kind === "stalls") await stall(simulation, link, random);
    else if (kind === "resets") link.reset();
    else if (kind === "silence") link.goSilent();
    else link.change({ latencyMs: random.integer(0, 1000), jitterMs: random.integer(0, 100) });
  }
}

async function stall({ clock }: Simulation, link: Link, random: SeededRandom): Promise<void> {
  const directions = random.pick<readonly Direction[]>([["to-server"], ["to-client"], ["to-server", "to-client"]]);
  for (const direction of directions) link.stall(direction);
  await clock.sleep(random.integer(0, 5000));
  for (const direction of directions) link.unstall(direction);
}
