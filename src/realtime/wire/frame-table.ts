/**
 * What stands in the frames that both ends send, and what a table of frames is.
 */
import { anything, type Check, flag, name, object, optional, text, whole } from "./checks.js";
import type { CallOptions, ErrorBody, Frame } from "./frames.js";
import { maxRequestNumber } from "./limits.js";

/** One element of a frame. */
export interface Element<Value> {
  /** What it is called in docs/protocol.md. */
  readonly label: string;
  readonly check: Check<Value>;
  /** Whether it may be missing, which within an array of JSON is `null`. */
  readonly isOptional?: boolean;
  /** Whether it is the number of a request, to which an error can be answered. */
  readonly isRequest?: boolean;
}

type ElementsOf<Checked> = Checked extends readonly [string, ...infer Rest]
  ? { readonly [Index in keyof Rest]-?: Element<Rest[Index]> | Check<Rest[Index]> }
  : never;

/**
 * The elements of each frame behind its operation. A check alone is an element that has to be there, and has its index for
 * a name.
 */
export type FrameTable<Checked extends Frame> = {
  readonly [Operation in Checked[0]]: ElementsOf<Extract<Checked, readonly [Operation, ...unknown[]]>>;
};

/** An element that has to be there. */
export function element<Value>(label: string, check: Check<Value>): Element<Value> {
  return { label, check };
}

/** An element that may be missing. */
export function last<Value>(label: string, check: Check<Value>): Element<Value | undefined> {
  return { label, check: optional(check), isOptional: true };
}

const number: Check<number> = whole(1, maxRequestNumber);

/** The number of a request that wants an answer. */
export const request: Element<number> = { label: "r", check: number, isRequest: true };

/** The number of a request of the receiver's. */
export const answered: Element<number> = { label: "r", check: number };

/** The channel number. */
export const channelNumber: Element<number> = { label: "n", check: whole(0) };

/** An error. */
export const errorBody: Check<ErrorBody> = object<ErrorBody>({
  code: name,
  message: text(),
  retryable: flag,
  retryAfterMs: optional(whole(0)),
  data: anything,
});

const callOptions: Check<CallOptions> = object<CallOptions>({
  key: optional(name),
  timeoutMs: optional(whole(0)),
  credit: optional(whole(0)),
});

type SharedOperation = "ok" | "err" | "item" | "ping" | "call" | "credit" | "cancel";

/** The frames that both ends send. */
export const sharedFrames: FrameTable<Extract<Frame, readonly [SharedOperation, ...unknown[]]>> = {
  // It may be missing, and where it is `null`, that is what was answered.
  ok: [answered, element("value", anything)],
  err: [answered, element("error", errorBody)],
  item: [answered, element("value", anything)],
  ping: [request],
  call: [request, element("name", name), element("input", anything), last("options", callOptions)],
  credit: [answered, element("count", whole(1, maxRequestNumber))],
  cancel: [answered],
};
