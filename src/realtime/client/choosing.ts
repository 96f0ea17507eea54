/**
 * WebSockets, until they fail again and again: then the fallback is loaded, and decides from there on.
 */
import type { ClientParts } from "./connection.js";

/** The part of the client that is loaded when it is needed. */
export interface FallbackModule {
  /**
   * Makes the function that connects by whatever passes.
   *
   * @param isForced whether WebSockets are not wanted
   */
  createConnect(parts: ClientParts, isForced: boolean): ClientParts["connect"];
}

// One failure may be anything, and most others are the server's; the fallback finds out.
const maxFailures = 2;

/** Makes the function that connects. */
export function choosing(parts: ClientParts, mode: "auto" | "only" | "never" = "auto"): ClientParts["connect"] {
  const { connect, loadFallback } = parts;
  if (mode === "never" || loadFallback === undefined) return connect;
  const isForced = mode === "only";
  let failures = isForced || isRemembered(parts.memoryKey) ? maxFailures : 0;
  let other: ClientParts["connect"] | undefined;
  const choose: ClientParts["connect"] = async (url, options) => {
    if (failures >= maxFailures) {
      const fallback = await loadFallback().catch((error: unknown) => {
        if (isForced) throw error;
        return undefined;
      });
      other ??= fallback?.createConnect(parts, isForced);
    }
    if (other !== undefined) return await other(url, options);
    // Until the server has said something.
    failures++;
    try {
      return await connect(url, {
        ...options,
        message(connection, message) {
          failures = 0;
          return options.message(connection, message);
        },
      });
    } catch (error) {
      // What would happen again is a proxy's word, it may be. Once more: the fallback may not have been there.
      if (parts.refusalOf?.(error)?.mayPass !== false || failures > maxFailures) throw error;
      failures = maxFailures;
      return await choose(url, options);
    }
  };
  return choose;
}

/** Whether a page has found out not long ago that WebSockets do not pass. */
function isRemembered(key: string | undefined): boolean {
  try {
    return key !== undefined && Number(localStorage.getItem(key)) > Date.now();
  } catch {
    // There is none in a worker, and a page may be denied it.
    return false;
  }
}
