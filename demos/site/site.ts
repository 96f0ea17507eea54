// Puts the site together: one port for all pages, and for what the demos do beside them.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { compose } from "./compose.js";
import type { Demo, RunningDemo } from "./demo.js";
import { createRequestListener, createUpgradeListener } from "./request-listener.js";
import { loadStaticFiles, type StaticFile } from "./static-files.js";
import { addTraffic, NO_TRAFFIC } from "./traffic.js";

/** Less than the process waits for, when it has been told to end. */
const DRAIN_DEADLINE_MS = 4_000;
/** Longer than the longest polling interval of a page, so that polling, too, uses one connection throughout. */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;

/** The running site. */
export interface Site {
  readonly port: number;
  /** Says goodbye to every page, one after the other (close code 1012), and stops listening; resolves when all is closed. */
  close(): Promise<void>;
}

/**
 * Starts the site.
 * @param options `port`: 0 to 65535, 0 picks a free one. `host`: the address to listen on, all of them by default.
 * `demos`: what there is. `publicFolder`: where the pages were built, a file URL that ends in a slash.
 * @throws When the port cannot be had (`EADDRINUSE`, `EACCES`) or a page has not been built (`ENOENT`).
 */
export async function startSite(options: {
  readonly port: number;
  readonly host?: string | undefined;
  readonly demos: readonly Demo[];
  readonly publicFolder: URL;
}): Promise<Site> {
  const files = new Map<string, StaticFile>();
  const served = new Set(options.demos.map(({ path }) => path));
  for (const { name, path } of options.demos) {
    const folder = new URL(`${name}/`, options.publicFolder);
    const loaded = await loadStaticFiles(folder, path, (html, of) => compose(html, of, served));
    for (const [filePath, file] of loaded) files.set(filePath, file);
  }
  const running: RunningDemo[] = [];
  const httpServer = createServer(createRequestListener(files, running));
  const socketPaths = new Set(options.demos.flatMap((demo) => demo.socketPaths));
  httpServer.on("upgrade", createUpgradeListener(socketPaths, running));
  httpServer.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    httpServer.once("error", reject);
    httpServer.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) }, () => {
      httpServer.off("error", reject);
      resolve();
    });
  });
  const traffic = () => running.map((demo) => demo.traffic?.() ?? NO_TRAFFIC).reduce(addTraffic, NO_TRAFFIC);
  for (const demo of options.demos) running.push(await demo.start(httpServer, { traffic }));
  return {
    // A server that listens on a TCP port has an address with one.
    port: (httpServer.address() as AddressInfo).port,
    async close() {
      const stopped = new Promise<void>((resolve) => httpServer.close(() => resolve()));
      await Promise.all(running.map((demo) => demo.close(DRAIN_DEADLINE_MS)));
      httpServer.closeAllConnections();
      await stopped;
    },
  };
}
