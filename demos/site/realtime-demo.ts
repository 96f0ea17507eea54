// A page over the real-time layer, as a demo: the WebSocket of its pages, and ordinary requests where that does not pass.
import type { Server } from "node:http";
import { type ServeOptions, serve } from "openline";
import type { ContractDefinition, ServedRealtime } from "openline/realtime";
import type { RunningDemo } from "./demo.js";
import { isSameOrigin } from "./origin.js";
import { refuse } from "./responses.js";

/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Pages come back to this very server, so there is nothing to spread. */
const SPREAD_MS = 100;
const STRANGERS = "Only this server's own page may connect";

/** What there is to say of one. */
export interface RealtimeDemo {
  /** The URL path of its WebSocket. */
  readonly path: string;
  readonly realtime: Pick<ServedRealtime<ContractDefinition>, "handlers" | "requestTaker" | "drain" | "close">;
  /** Connections that it takes; a party, not the internet. */
  readonly connectionsMax: number;
  /** Whether its messages are compressed. Default as for `serve()`. */
  readonly perMessageDeflate?: ServeOptions["perMessageDeflate"];
  /** Stops what goes on by itself, before those who are there are told to go. */
  readonly stop?: () => void;
  /** Is told when nobody is left. */
  readonly closed?: () => void;
}

/**
 * Starts it on the site's HTTP server.
 * @param server The site's HTTP server.
 */
export async function startRealtimeDemo(server: Server, demo: RealtimeDemo): Promise<RunningDemo> {
  const { path, realtime, connectionsMax, perMessageDeflate, stop, closed } = demo;
  const { handlers } = realtime;
  // Both ways in look at origins themselves: nobody but pages comes in, and those that came with TLS by a proxy of anybody's, too.
  const entrance = { path, origins: "*", maxConnections: connectionsMax } as const;
  const takes = realtime.requestTaker(entrance);
  const webSockets = await serve({
    server,
    ...entrance,
    ...handlers,
    accept: (request, context) =>
      isSameOrigin(request.headers.get("origin"), request.headers.get("host"))
        ? handlers.accept(request, context)
        : new Response(`${STRANGERS}\n`, { status: 403 }),
    error: (error) => console.error(error),
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
    ...(perMessageDeflate !== undefined && { perMessageDeflate }),
  });

  return {
    request(request, response, url) {
      if (url.pathname !== path) return false;
      const { origin = null, host = null } = request.headers;
      if ((origin !== null || request.method !== "GET") && !isSameOrigin(origin, host)) {
        refuse(response, 403, STRANGERS);
        return true;
      }
      // Pages whose WebSockets do not pass come by ordinary requests.
      if (takes(request, response)) return true;
      refuse(response, 426, "This is a WebSocket endpoint", { Upgrade: "websocket", Connection: "Upgrade" });
      return true;
    },
    async close(deadlineMs) {
      stop?.();
      await realtime.drain({ spreadMs: SPREAD_MS });
      await webSockets.drain({ deadlineMs: deadlineMs - SPREAD_MS });
      await realtime.close();
      closed?.();
    },
  };
}
