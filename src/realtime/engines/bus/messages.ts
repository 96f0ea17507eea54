/**
 * What goes over the bus between the process that has an engine and one that uses it. Both are of one version, and trust
 * each other: nothing of it is checked.
 */
import { type CurrentEntry, EngineError, type EngineErrorCode } from "../index.js";
import type { FollowName, RequestName } from "./methods.js";

/** To the process that has the engine. Ids are the asker's, from 1, and are used once. */
export type BusRequest =
  | readonly ["ask", id: number, name: RequestName, args: readonly unknown[]]
  | readonly ["follow", id: number, name: FollowName, args: readonly unknown[]]
  | readonly ["stop", id: number];

/** From the process that has the engine, in the order in which the engine answered and told it. */
export type BusAnswer =
  | readonly ["done", id: number, result: unknown]
  | readonly ["failed", id: number, failure: BusFailure]
  /** Whoever follows is told something: which method of its sink, and with what. */
  | readonly ["told", id: number, name: string, args: readonly unknown[]];

/** An error on its way between processes. `code` is undefined where it was none of the engine's. */
export interface BusFailure {
  readonly code: EngineErrorCode | undefined;
  readonly message: string;
  readonly current: CurrentEntry | undefined;
}

/** One direction of the bus. Keeps the order, and copies what it is given by the end of the turn. */
export type BusPort<Message> = (message: Message) => void;

/** Anything that was thrown, as it is sent. */
export function failureOf(error: unknown): BusFailure {
  if (error instanceof EngineError) return { code: error.code, message: error.message, current: error.current };
  return { code: undefined, message: error instanceof Error ? error.message : String(error), current: undefined };
}
