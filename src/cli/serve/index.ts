/**
 * `openline serve`: a real-time server, of an application or of nobody's, in one process or several.
 */
import nodeCluster from "node:cluster";
import process from "node:process";
import { type App, type ClusterWorker, cluster, type DrainWorker } from "../../cluster/index.js";
import { memory } from "../../realtime/index.js";
import { isLoopback, parseIpAddress } from "../../transport/index.js";
import { printable } from "../printable.js";
import { chooseEngine, type EngineChoice } from "./engine-choice.js";
import { KnownError, reportOf } from "./known-error.js";
import { checkApp, loadApp, plainApp } from "./load-app.js";
import { serveRealtime } from "./standard-server.js";

/** What the command line gives. */
export interface ServeCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly workers: number | "auto";
  /** See `chooseEngine`. */
  readonly engine: string;
  /** Origins of pages, or one "*". */
  readonly origin?: readonly string[];
  /** Whether anybody may do everything, from elsewhere, too. */
  readonly anyone?: boolean;
}

/**
 * Runs until SIGINT or SIGTERM, then drains. A second signal ends it at once. What goes wrong at the start is printed, and
 * the exit code is 1 then.
 *
 * @param file of the application's module; without one, every name is a channel, and everybody may do everything
 */
export async function runServe(file: string | undefined, options: ServeCommandOptions): Promise<void> {
  try {
    if (file === undefined) checkAnyone(options);
    else await checkApp(file);
    const engine = chooseEngine(options.engine);
    const start = starter(file, options, engine);
    if (options.workers === 1) await runAlone(start);
    else await runCluster(start, options.workers);
    if (nodeCluster.isPrimary) describe(file, options, engine);
  } catch (error) {
    say(reportOf(error));
    process.exitCode = 1;
  }
}

/** @throws KnownError where whoever can reach it could do everything, and nobody has said that they may */
function checkAnyone({ host, anyone }: ServeCommandOptions): void {
  const address = parseIpAddress(host);
  const isHere = host === "localhost" || (address !== undefined && isLoopback(address));
  if (isHere || anyone === true) return;
  throw new KnownError(
    `on ${host} others could reach it, and without an application anybody may read and publish everything: ` +
      "give one that says who may (openline serve app.js), or --anyone",
  );
}

function starter(
  file: string | undefined,
  { port, host, origin }: ServeCommandOptions,
  chosen: EngineChoice | undefined,
): (worker: ClusterWorker) => Promise<DrainWorker> {
  const origins = origin?.includes("*") === true ? "*" : origin;
  return async (worker) => {
    const app: App = file === undefined ? plainApp : await loadApp(file);
    const end: unknown = await app({
      id: worker.id,
      engine: (await chosen?.make()) ?? worker.engine,
      port,
      host,
      serve: (realtime, more = {}) => serveRealtime(realtime, { port, host, origins }, more, announce),
    });
    if (typeof end === "function") return end as DrainWorker;
    throw new KnownError(`what ${file ?? "it"} exports has to resolve to a function that ends it, as serve() does`);
  };
}

/** One process has nobody to share an engine with. */
async function runAlone(start: (worker: ClusterWorker) => Promise<DrainWorker>): Promise<void> {
  const starting = start({ id: 1, engine: memory() });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = (): void => {
    for (const signal of signals) process.off(signal, stop);
    starting
      .then(async (end) => await end())
      .catch((error: unknown) => {
        say(reportOf(error));
        process.exitCode = 1;
      });
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    await starting;
  } catch (error) {
    for (const signal of signals) process.off(signal, stop);
    throw error;
  }
}

async function runCluster(
  start: (worker: ClusterWorker) => Promise<DrainWorker>,
  workers: number | "auto",
): Promise<void> {
  const urls = new Set<string>();
  nodeCluster.on("message", (_worker, message: unknown) => {
    if (!isUrlMessage(message) || urls.has(message.servesUrl)) return;
    urls.add(message.servesUrl);
    announce(message.servesUrl);
  });
  const running = await cluster({ start, workers, log: say }).catch((error: unknown) => {
    // It says what the worker said, and where that was.
    throw error instanceof Error ? new KnownError(error.message, error) : error;
  });
  if (running !== undefined) say(`${running.workers.length} workers share the port; SIGHUP replaces them one by one`);
}

/** What a worker tells the process that prints. */
interface UrlMessage {
  readonly servesUrl: string;
}

function isUrlMessage(message: unknown): message is UrlMessage {
  return typeof message === "object" && message !== null && "servesUrl" in message;
}

/** Once, though all workers serve it. */
function announce(url: string): void {
  if (nodeCluster.isWorker) process.send?.({ servesUrl: url } satisfies UrlMessage);
  else process.stdout.write(`${url}\n`);
}

function describe(file: string | undefined, { host }: ServeCommandOptions, engine: EngineChoice | undefined): void {
  say(engine === undefined ? "the engine is in memory: what it keeps ends with this process" : engine.description);
  if (file !== undefined) return;
  say(`whoever can reach ${host} may read and publish everything; an application says who may (openline serve app.js)`);
}

/** Prints lines, beside the URLs on standard output. */
function say(text: string): void {
  for (const line of text.split("\n")) process.stderr.write(`openline: ${printable(line)}\n`);
}
