/**
 * What the errors of Redis and of its client library mean: whether a request may have been done, and whether it may
 * succeed in a moment.
 */
import { EngineError } from "../index.js";
import { outOfTurn } from "./turns.js";

/** What follows from an error. */
export type Failure =
  /** The server does not know the script: it has not been run. */
  | "no-script"
  /** It has not been done, since what was asked before has not. */
  | "out-of-turn"
  /** It has not been done, and may be in a moment. */
  | "not-done"
  /** As "not-done", and only over another connection: this one leads to what is no master any more. */
  | "not-master"
  /** It may have been done. */
  | "unknown"
  /** It has not been done, since there is no room. */
  | "full"
  /** It has not been done, and will not be. */
  | "refused";

const notDone = /^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOREPLICAS)\b/u;

/** See the head of this file. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return "refused";
  const { message, name } = error;
  if (message.startsWith("NOSCRIPT")) return "no-script";
  if (message.startsWith(outOfTurn)) return "out-of-turn";
  if (message.startsWith("READONLY")) return "not-master";
  if (notDone.test(message) || /enableOfflineQueue|^None of startup nodes|^Failed to refresh slots/u.test(message)) {
    return "not-done";
  }
  if (message.startsWith("OOM")) return "full";
  return name === "ReplyError" ? "refused" : "unknown";
}

/** What the engine's caller gets of an error. */
export function engineErrorOf(error: unknown, isClosed: boolean): EngineError {
  if (error instanceof EngineError) return error;
  if (isClosed) return new EngineError("closed", "the engine has been closed", { cause: error });
  if (failureOf(error) === "full") {
    return new EngineError("full", `Redis has no more memory (maxmemory): ${String(error)}`, { cause: error });
  }
  return new EngineError("unavailable", `Redis does not do it: ${String(error)}`, { cause: error });
}

/** Whether it is for wrong credentials, or for what they do not allow. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(?:WRONGPASS|NOAUTH|NOPERM)\b/u.test(error.message);
}

/** Whether connecting again will fail likewise: for credentials, or a certificate that nobody vouches for. */
export function isForGood(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return (
    isRefusal(error) ||
    error.message.includes("certificate") ||
    (typeof code === "string" && code.startsWith("ERR_TLS"))
  );
}

/** Whether the client library gave up waiting. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message.includes("timed out") && failureOf(error) === "unknown";
}

/** Whether asking again may help, and does no harm. */
export function isWorthAgain(error: unknown, isIdempotent: boolean, deadlineMs: number): boolean {
  if (performance.now() >= deadlineMs) return false;
  switch (failureOf(error)) {
    case "not-done":
    case "not-master":
    case "no-script":
    case "out-of-turn":
      return true;
    case "unknown":
      return isIdempotent;
    default:
      return false;
  }
}
