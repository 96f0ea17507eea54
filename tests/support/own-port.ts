/**
 * Servers on ports of their own, over each way to the kernel.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ServeOptions, Server } from "#src/index.js";
import { serve } from "#src/index.js";

/** What a table of tests goes over: whoever connects must not see which it is. */
export const transports = ["net", "handle"] as const;

/** Starts a server on a free port of this machine; closed when the test is over. */
export async function startOwnPort<Data = undefined>(
  t: TestContext,
  options: Partial<ServeOptions<Data>> = {},
): Promise<Server<Data>> {
  const server = await serve<Data>({ port: 0, host: "127.0.0.1", ...options });
  t.after(() => {
    // A raw peer does not answer a Close frame, and would have us wait for its deadline.
    for (const socket of server.sockets) socket.terminate();
    return server.close();
  });
  if (options.transport !== undefined) assert.equal(server.transport, options.transport);
  return server;
}
