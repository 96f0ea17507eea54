/**
 * What `openline serve app.js` starts: the types of the module's function.
 */
import type { ServeOptions } from "../node/index.js";
import type { ServeHandlers } from "../realtime/index.js";
import type { ClusterWorker, DrainWorker } from "./options.js";

/** What of a real-time server is needed to serve it; `createRealtime` makes one. */
export interface Servable {
  readonly ready: Promise<void>;
  readonly handlers: ServeHandlers<undefined>;
  readonly sessions: Iterable<unknown>;
  health(): { readonly reason: string | undefined };
  drain(options?: { readonly spreadMs?: number }): Promise<void>;
  close(): Promise<void>;
}

/** What the function is called with, in each process that serves. */
export interface AppContext extends ClusterWorker {
  /** As `--port` says, 9000 where it does not. */
  readonly port: number;
  /** As `--host` says, 127.0.0.1 where it does not. */
  readonly host: string;
  /**
   * Serves it there, with health checks, admission by load, and an end in order.
   *
   * @param options what else `serve()` takes; `request` is asked what is no health check
   * @returns what ends it, for the function to return
   * @throws EngineError when the engine does not start; the system's error when the port cannot be had
   */
  readonly serve: (realtime: Servable, options?: AppServeOptions) => Promise<DrainWorker>;
}

/** Options of `serve()` that are an application's own. */
export type AppServeOptions = Omit<
  ServeOptions,
  "port" | "host" | "server" | "noServer" | "accept" | "open" | "message" | "drain" | "close" | "takeRequest"
>;

/**
 * The default export of the module, or what it exports as `start`.
 *
 * ```ts
 * export default (({ engine, serve }) => serve(createRealtime(api, { engine, calls }))) satisfies App;
 * ```
 */
export type App = (context: AppContext) => Promise<DrainWorker>;
