/**
 * Where the errors of handlers go.
 */
import type { Platform } from "../transport/index.js";
import type { Socket, SocketHandlers } from "./socket.js";
import { isThenable } from "./thenable.js";

/**
 * Gives an error to the `error` handler, or to the platform where there is none. Never throws: what goes wrong in the
 * `error` handler, at once or later, goes to the platform, too.
 *
 * @param during which handler it comes from, in words
 * @param socket the socket it happened on, where there was one
 */
export function reportTo<Data>(
  handlers: SocketHandlers<Data>,
  platform: Pick<Platform, "reportError">,
  error: unknown,
  during: string,
  socket: Socket<Data> | undefined,
): void {
  if (handlers.error === undefined) {
    report(platform, error, during);
    return;
  }
  const failed = (secondError: unknown): void => {
    report(platform, secondError, "the error handler");
  };
  try {
    // Declared as void, and yet an async function is one of them; a rejection that nobody handles ends the process.
    const handler: (error: unknown, socket: Socket<Data> | undefined) => unknown = handlers.error.bind(handlers);
    const result = handler(error, socket);
    if (isThenable(result)) result.then(undefined, failed);
  } catch (secondError) {
    failed(secondError);
  }
}

function report(platform: Pick<Platform, "reportError">, error: unknown, during: string): void {
  try {
    platform.reportError(error, during);
  } catch {
    // An error that cannot even be printed: there is nobody left to tell.
  }
}

/** What a handler threw, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("a handler threw what is no Error", { cause: error });
}
