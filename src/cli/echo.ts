/**
 * `openline echo`: the target for conformance suites, and for trying things out.
 */
import process from "node:process";
import { serve } from "../index.js";
import { printable } from "./printable.js";

/** What the command line gives. */
export interface EchoOptions {
  readonly port: number;
  readonly host: string;
}

/** Runs until SIGINT or SIGTERM, then drains with 1012 (service restart). A second signal ends it at once. */
export async function runEcho({ port, host }: EchoOptions): Promise<void> {
  const server = await serve({
    port,
    host,
    // It knows nobody and tells nothing: any page may try it.
    origins: "*",
    message(socket, message) {
      socket.send(message);
    },
  }).catch((error: unknown) => {
    process.stderr.write(`openline: ${printable(error instanceof Error ? error.message : String(error))}\n`);
    process.exitCode = 1;
    return undefined;
  });
  if (server === undefined) return;
  process.stdout.write(`${server.url}\n`);
  const stop = (): void => {
    process.removeListener("SIGINT", stop);
    process.removeListener("SIGTERM", stop);
    void server.drain();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}
