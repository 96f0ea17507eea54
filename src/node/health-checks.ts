/**
 * Answers to whoever asks over HTTP whether this process lives, and whether it may get connections.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** A check: undefined where all is well, or what is not. */
export type HealthCheck = () => string | undefined;

/** What can be set about it. */
export interface HealthCheckOptions {
  /**
   * What has to be well before connections come here, by name. One that throws is not well. Default: nothing, so that a
   * process is ready that answers.
   */
  readonly ready?: Readonly<Record<string, HealthCheck>>;
  /** The path that answers as long as the process does anything at all. Default "/health/live". */
  readonly livePath?: string;
  /** The path that answers 200 where all checks are well, and 503 otherwise. Default "/health/ready". */
  readonly readyPath?: string;
}

/** Answers a request that asks for one of the paths, and says whether it was one. */
export type AnswerHealth = (request: IncomingMessage, response: ServerResponse) => boolean;

const ok = 200;
const methodNotAllowed = 405;
const unavailable = 503;

/**
 * Makes what answers health checks, for load balancers and orchestrators.
 *
 * ```ts
 * const health = healthChecks({ ready: { engine: () => realtime.health().reason, draining: () => isDraining ? "draining" : undefined } });
 * const server = await serve({ port: 9000, request: (request, response) => health(request, response) || app(request, response) });
 * ```
 *
 * The body is JSON: `{ "status": "ok", "checks": { "engine": "ok" } }`, with the reason in place of "ok" where one is not.
 */
export function healthChecks(options: HealthCheckOptions = {}): AnswerHealth {
  const { ready = {}, livePath = "/health/live", readyPath = "/health/ready" } = options;
  return (request, response) => {
    const [path] = (request.url ?? "").split("?", 1);
    if (path === livePath) answer(request, response, {});
    else if (path === readyPath) answer(request, response, ready);
    else return false;
    return true;
  };
}

function answer(
  { method }: IncomingMessage,
  response: ServerResponse,
  checks: Readonly<Record<string, HealthCheck>>,
): void {
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(methodNotAllowed, { allow: "GET, HEAD" }).end();
    return;
  }
  const reasons = Object.entries(checks).map(([name, check]) => [name, reasonOf(check)] as const);
  const isWell = reasons.every(([, reason]) => reason === undefined);
  const body = JSON.stringify({
    status: isWell ? "ok" : "unavailable",
    checks: Object.fromEntries(reasons.map(([name, reason]) => [name, reason ?? "ok"])),
  });
  response.writeHead(isWell ? ok : unavailable, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(body),
  });
  response.end(method === "HEAD" ? undefined : body);
}

function reasonOf(check: HealthCheck): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
