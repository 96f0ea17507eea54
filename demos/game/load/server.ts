// The game's server for the load, in a process of its own: one arena without bots of its own, on a free port.
import { serve } from "openline";
import { Random } from "../../trading/exchange/random.js";
import { nodeTickTimer } from "../game.js";
import { GameRoom } from "../game-room.js";

/** What the server says of a time between two questions. */
export interface ServerReport {
  readonly ticks: number;
  readonly skipped: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same in processor time. */
  readonly cpuP50Ms: number;
  readonly cpuP99Ms: number;
  /** Processor time of the whole process. */
  readonly cpuMs: number;
  readonly players: number;
}

const room = new GameRoom({ random: new Random(1), bots: 0, playersMax: 1_000, meets: false, timer: nodeTickTimer });
const server = await serve({ port: 0, host: "127.0.0.1", perMessageDeflate: false, ...room.realtime.handlers });

let begun = { tick: 0, skipped: 0, cpu: process.cpuUsage() };
process.on("message", (message) => {
  if (message === "begin") {
    room.times.clear();
    room.cpuTimes.clear();
    begun = { tick: room.arena.tick, skipped: room.skippedTicks, cpu: process.cpuUsage() };
    return;
  }
  const { user, system } = process.cpuUsage(begun.cpu);
  const report: ServerReport = {
    ticks: room.arena.tick - begun.tick,
    skipped: room.skippedTicks - begun.skipped,
    p50Ms: room.times.percentile(50),
    p99Ms: room.times.percentile(99),
    cpuP50Ms: room.cpuTimes.percentile(50),
    cpuP99Ms: room.cpuTimes.percentile(99),
    cpuMs: (user + system) / 1_000,
    players: room.arena.players.size,
  };
  process.send?.(report);
});
process.on("disconnect", () => {
  room.stop();
  void server.close().then(() => room.realtime.close());
});
process.send?.({ url: server.url });
