/**
 * Whether what was given as handlers can be called at all: said when a server or client is made, not when the first event comes.
 */
import { UsageError } from "../protocol/index.js";

const socketHandlers = ["open", "message", "drain", "close", "error"] as const;

/**
 * @param options whatever holds handlers by their names
 * @param more names of functions beside those of sockets
 * @throws UsageError `invalid-argument` for a handler that is no function; undefined is none at all
 */
export function checkHandlers(options: object, more: readonly string[] = []): void {
  for (const name of [...socketHandlers, ...more]) {
    const handler: unknown = Reflect.get(options, name);
    if (handler === undefined || typeof handler === "function") continue;
    throw new UsageError("invalid-argument", typeof handler, undefined, `${name} must be a function`);
  }
}
