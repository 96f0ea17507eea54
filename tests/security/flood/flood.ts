/**
 * The flood: a server at its default settings, ordinary clients, and abusers of every kind, each in processes of their
 * own.
 */
import { setTimeout as pass } from "node:timers/promises";
import type { ServeOptions } from "#src/index.js";
import type { AbuserOptions } from "./abusers-process.js";
import type { ClientOptions } from "./clients-process.js";
import type { AbuserState, ClientState, ServerState, Tally } from "./messages.js";
import { FloodProcess } from "./messages.js";

/** How large it is, and how long it takes. */
export interface FloodOptions {
  readonly clients: number;
  readonly clientIntervalMs: number;
  /** Abusers of each kind, of which there are nine. */
  readonly perKind: number;
  readonly stepMs: number;
  /** Milliseconds over which abusers' first connections are spread. */
  readonly spreadMs: number;
  /** Octets that those begin with who read nothing. */
  readonly burstBytes: number;
  readonly quietMs: number;
  readonly attackMs: number;
  /** What is not as by default. */
  readonly server?: Partial<ServeOptions>;
}

/** What came out. */
export interface FloodResult {
  readonly abusers: number;
  /** Abusers that were connected when the attack ended, by kind. */
  readonly connected: Tally;
  readonly quiet: ClientState;
  readonly underAttack: ClientState;
  readonly afterwards: ClientState;
  readonly before: ServerState;
  readonly atPeak: ServerState;
  readonly after: ServerState;
  /** How abusers' connections ended, by kind, as they saw it, before they were taken away. */
  readonly ends: Readonly<Record<string, Tally>>;
  /** The same by the server's reports. */
  readonly reports: Readonly<Record<string, Tally>>;
  /** Sockets that were open when the server had closed. */
  readonly left: number;
}

/** Runs it. */
export async function runFlood(options: FloodOptions): Promise<FloodResult> {
  const running: { stop(): Promise<void> }[] = [];
  try {
    const [server, port] = await FloodProcess.start<ServerState, number>("./server-process.js", options.server ?? {});
    running.push(server);
    const clientOptions: ClientOptions = { port, clients: options.clients, intervalMs: options.clientIntervalMs };
    const [clients] = await FloodProcess.start<ClientState, number>("./clients-process.js", clientOptions);
    running.push(clients);
    // What is compiled on the way is not what is measured.
    await pass(options.quietMs / 4);
    await clients.ask("state");
    const before = await server.ask("state");
    await pass(options.quietMs);
    const quiet = await clients.ask("state");

    const { perKind, stepMs, spreadMs, burstBytes } = options;
    const abuserOptions: AbuserOptions = { port, perKind, stepMs, spreadMs, burstBytes };
    const [abusers, abuserCount] = await FloodProcess.start<AbuserState, number>("./abusers-process.js", abuserOptions);
    running.push(abusers);
    await pass(options.attackMs);
    const underAttack = await clients.ask("state");
    const atPeak = await server.ask("state");
    const { connected, ends } = await abusers.ask("stop");
    await abusers.stop();

    const after = await untilGone(server, before.socketCount + 1);
    await clients.ask("state");
    await pass(options.quietMs / 2);
    const afterwards = await clients.ask("state");
    const settled = await server.ask("state");
    await clients.stop();
    const { socketCount: left, errors } = await server.ask("close");
    return {
      abusers: abuserCount,
      connected,
      quiet,
      underAttack,
      afterwards,
      before,
      atPeak,
      after: { ...settled, reports: after.reports, errors },
      ends,
      reports: atPeak.reports,
      left,
    };
  } finally {
    for (const each of running.reverse()) await each.stop();
  }
}

/** When no more sockets are left than there were; a newcomer may be among them. */
async function untilGone(server: FloodProcess<ServerState>, socketCount: number): Promise<ServerState> {
  for (;;) {
    const state = await server.ask("state");
    if (state.socketCount <= socketCount) return state;
    await pass(50);
  }
}
