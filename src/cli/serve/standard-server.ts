/**
 * A real-time server as `openline serve` serves it: with health checks, admission by load, and an end in order.
 */
import type { AppServeOptions, DrainWorker, Servable } from "../../cluster/index.js";
import { healthChecks, overload, type Server, serve } from "../../index.js";
import { KnownError } from "./known-error.js";

/** Where it is served. */
export interface Place {
  readonly port: number;
  readonly host: string;
  /** The pages that may connect. Default: those of the server's own origin. */
  readonly origins: "*" | readonly string[] | undefined;
}

// So many come back to others in a second, and nobody waits for long where there are few.
const clientsPerSecond = 100;
// What is under way when somebody is told to go wants a moment.
const minSpreadMs = 1000;
const maxSpreadMs = 10_000;
// With the time before it well below what a worker of a cluster has.
const drainDeadlineMs = 15_000;
const notFound = 404;

/**
 * Serves it.
 *
 * @param announce is told its URL
 * @returns what ends it
 * @throws KnownError when the port cannot be had; EngineError when the engine does not start
 */
export async function serveRealtime(
  realtime: Servable,
  { port, host, origins }: Place,
  options: AppServeOptions,
  announce: (url: string) => void,
): Promise<DrainWorker> {
  await realtime.ready.catch((error: unknown) => {
    throw readable(error, port, host);
  });
  const isOverloaded = overload();
  let isDraining = false;
  const health = healthChecks({
    ready: {
      // Anybody may ask, and where the engine is is nobody else's business.
      engine: () => (realtime.health().reason === undefined ? undefined : "unavailable"),
      draining: () => (isDraining ? "draining" : undefined),
      // Not the load: the door refuses with a turn for each, while nodes taken out of a service leave their part to the others.
    },
  });
  let server: Server;
  try {
    server = await serve({
      isOverloaded,
      ...(origins === undefined ? {} : { origins }),
      ...options,
      port,
      host,
      request: (request, response) => {
        if (health(request, response)) return;
        if (options.request === undefined) response.writeHead(notFound).end();
        else options.request(request, response);
      },
      ...realtime.handlers,
    });
  } catch (error) {
    isOverloaded.stop();
    await realtime.close().catch(() => undefined);
    throw readable(error, port, host);
  }
  announce(server.url);
  return async () => {
    isDraining = true;
    const clients = [...realtime.sessions].length;
    const spreadMs = Math.ceil((clients / clientsPerSecond) * 1000);
    await realtime.drain({ spreadMs: Math.min(maxSpreadMs, Math.max(minSpreadMs, spreadMs)) });
    await server.drain({ deadlineMs: drainDeadlineMs });
    await realtime.close();
    isOverloaded.stop();
  };
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken: another process listens there",
  EACCES: "is not for this user to listen on",
  EADDRNOTAVAIL: "is not an address of this machine",
};

function readable(error: unknown, port: number, host: string): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (error.name === "EngineError") return new KnownError(error.message, error);
  const refusal = refusals[String(error.code)];
  return refusal === undefined ? error : new KnownError(`port ${port} of ${host} ${refusal}`, error);
}
