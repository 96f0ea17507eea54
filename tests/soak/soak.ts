/**
 * Rounds of load for as long as it is told, over both transports, and whether anything has grown in the end.
 */
import { type Server, serve } from "#src/index.js";
import { SeededRandom } from "#src/testing/index.js";
import { judgeFlatness, type Verdict } from "./flatness.js";
import { runRound } from "./load.js";
import { createCollect, type Sample, takeSample } from "./sample.js";

export interface SoakOptions {
  readonly seed: number;
  readonly connections: number;
  /** Asked before each round. */
  readonly goesOn: (rounds: number) => boolean;
  /** Octets that are kept after each round, to see that they are found. */
  readonly leakBytes?: number;
  /** Told of each sample. */
  readonly sampled?: (sample: Sample) => void;
}

export interface SoakResult {
  readonly samples: readonly Sample[];
  readonly connections: number;
  readonly messages: number;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

const mib = 1024 * 1024;

/** What may not grow, by which part of it and by how much. The system's allocator keeps what it likes for later. */
const tolerances = new Map<Exclude<keyof Sample, "round">, readonly [relative: number, absolute: number]>([
  ["heapBytes", [0.02, 0.25 * mib]],
  ["externalBytes", [0.02, 0.25 * mib]],
  ["residentBytes", [0.05, 16 * mib]],
  ["resources", [0, 0]],
  ["timers", [0, 0]],
  ["sockets", [0, 0]],
]);

/** See the head of this file. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const random = new SeededRandom(options.seed);
  const collect = createCollect();
  const servers = await Promise.all([listen("handle"), listen("net")]);
  const samples: Sample[] = [];
  const leaked: Uint8Array[] = [];
  let connections = 0;
  let messages = 0;
  for (let round = 0; options.goesOn(round); round++) {
    for (const server of servers) {
      const result = await runRound(server, options.connections, random.fork());
      connections += result.connections;
      messages += result.messages;
    }
    if (options.leakBytes !== undefined) leaked.push(new Uint8Array(options.leakBytes));
    const sockets = servers.reduce((sum, server) => sum + server.sockets.size, 0);
    const sample = await takeSample(round, sockets, collect);
    samples.push(sample);
    options.sampled?.(sample);
  }
  await Promise.all(servers.map((server) => server.close()));
  const verdicts = new Map(
    [...tolerances].map(([name, [relative, absolute]]) => {
      return [
        name,
        judgeFlatness(
          samples.map((sample) => sample[name]),
          relative,
          absolute,
        ),
      ];
    }),
  );
  return { samples, connections, messages, verdicts };
}

function listen(transport: "handle" | "net"): Promise<Server> {
  const server: Promise<Server> = serve({
    port: 0,
    host: "localhost",
    // Where handles do not work, there is one transport only.
    transport: transport === "handle" ? "auto" : transport,
    open: (socket) => socket.subscribe("news"),
    message: async (socket, message) => {
      if (message === "publish") (await server).publish("news", "news", { except: socket });
      else socket.send(message);
    },
  });
  return server;
}
