/**
 * A node of a run, in a process of its own, whose options come as JSON in the first argument. It prints where it listens,
 * and is there to be killed. A line on its standard input tells it to drain, or to tell how everything is at the end; it ends
 * with that input, so that nothing is left when whoever started it is gone.
 */
import { createInterface } from "node:readline";
import { serve } from "../index.js";
import { createRealtime, RealtimeError } from "../realtime/index.js";
import { type CallInput, chaosApi } from "./api.js";
import { createEngine } from "./engine.js";
import { JournalWriter } from "./journal.js";
import { SecondsOfProcess } from "./seconds.js";
import type { EngineChoice } from "./servers.js";

/** See the head of this file. */
export interface NodeOptions {
  readonly folder: string;
  readonly node: number;
  /** How many processes this node has had before. */
  readonly incarnation: number;
  readonly engine: EngineChoice;
  /** The address that it listens on. */
  readonly host: string;
  readonly boards: number;
  readonly halls: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as NodeOptions;
const { node, incarnation } = options;
const name = `node ${node}`;
// Written at once: what a node has run is known though it is killed.
const journal = new JournalWriter(options.folder, `node-${node}-${incarnation}`, true);
const seconds = new SecondsOfProcess(name, journal);
let runs = 0;

async function run({ id, takesMs }: CallInput): Promise<string> {
  const run = `${node}.${incarnation}.${runs++}`;
  journal.write({ k: "run", node, id, run });
  await new Promise((resolve) => setTimeout(resolve, takesMs));
  journal.write({ k: "ran", node, id, run });
  return run;
}

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const realtime = createRealtime(chaosApi, {
  engine: await createEngine(options.engine),
  authenticate: ({ token }) => (typeof token === "string" ? { user: token } : undefined),
  calls: { order: run, ask: run },
  limits: {
    // Whoever cannot be reached is found out soon, so that much happens in little time.
    pingMs: 4000,
    // All that is published in a run.
    maxLogBytes: 4_000_000_000,
    // Clients try again for as long as a run lasts, and however long the machine makes that.
    idempotencyWindowMs: 86_400_000,
  },
  error: (error, during) => {
    // What the engine cannot do while it is broken is expected.
    if (error instanceof RealtimeError || (error as { name?: string }).name === "EngineError") return;
    journal.write({ k: "trouble", proc: name, what: `${during}: ${String(error)}` });
  },
});

async function tellEnd(): Promise<void> {
  for (let board = 0; board < options.boards; board++) {
    const values: Record<string, string> = {};
    for await (const { key, value } of realtime.entries(`board/${board}`)) values[key] = value as string;
    journal.write({ k: "end-state", by: name, ch: `board/${board}`, values });
  }
  for (let hall = 0; hall < options.halls; hall++) {
    const { users } = await realtime.presence(`hall/${hall}`, 1000);
    journal.write({ k: "end-presence", by: name, ch: `hall/${hall}`, users: users.map(({ user }) => user) });
  }
}

async function drain(): Promise<void> {
  await realtime.drain({ spreadMs: 500 });
  await server.drain({ deadlineMs: 5000 });
  await realtime.close();
  end();
}

function end(): void {
  seconds.stop();
  journal.close();
  process.exit();
}

// Whoever started it tries again when the engine is away.
await realtime.ready.catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exit(1);
});
const server = await serve({
  port: 0,
  host: options.host,
  heartbeat: { intervalMs: 3000, timeoutMs: 4000 },
  ...realtime.handlers,
});
seconds.start(() => [...realtime.sessions].length);
print({ port: server.port });

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { does } = JSON.parse(line) as { readonly does: string };
    if (does === "drain") void drain();
    if (does === "tell") {
      tellEnd().then(
        () => print({ told: true }),
        (error: unknown) => print({ told: false, error: String(error) }),
      );
    }
  })
  .on("close", end);
