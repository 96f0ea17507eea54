/**
 * Schemas of any library that keeps to Standard Schema, and values that are checked by them.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { RealtimeError } from "../wire/index.js";

/** A schema: of zod, valibot, arktype, or any other library that keeps to Standard Schema. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** What a schema takes. */
export type InputOf<AnySchema> = AnySchema extends Schema<infer Input, unknown> ? Input : unknown;

/** What a schema makes of it. */
export type OutputOf<AnySchema> = AnySchema extends Schema<unknown, infer Output> ? Output : unknown;

/** What is wrong with a value: `error.data` of `invalid-value` is an array of these. */
export interface Issue {
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (string | number)[];
}

/**
 * A schema that takes everything, for values whose type is known and that nobody checks: those of servers of one's own.
 *
 * ```ts
 * contract({ channels: { "cursor/{room}": signal({ message: unchecked<Position>() }) } });
 * ```
 */
export function unchecked<Value>(): Schema<Value> {
  return { "~standard": { version: 1, vendor: "openline", validate: (value) => ({ value: value as Value }) } };
}

/**
 * Checks a value that came from elsewhere.
 *
 * @param schema undefined: everything is right
 * @returns what the schema makes of it, at once where the schema tells at once
 * @throws RealtimeError `invalid-value`, with its issues as `data`: thrown, or rejected with
 */
export function validate<Output>(
  schema: Schema<unknown, Output> | undefined,
  value: unknown,
): Output | Promise<Output> {
  if (schema === undefined) return value as Output;
  const result = schema["~standard"].validate(value);
  // Whatever kind of promise it is, callers get one of ours.
  return isPromise(result) ? Promise.resolve(result).then(outputOf) : outputOf(result);
}

function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof (value as Partial<Promise<Value>>).then === "function";
}

function outputOf<Output>(result: StandardSchemaV1.Result<Output>): Output {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, maxIssues).map(issueOf);
  throw new RealtimeError("invalid-value", issues[0]?.message ?? "the schema refuses this value", { data: issues });
}

// A hostile value may have one for each of its elements, and they go back over the wire.
const maxIssues = 16;

function issueOf({ message, path = [] }: StandardSchemaV1.Issue): Issue {
  const keys = path.map((segment) => (typeof segment === "object" ? segment.key : segment));
  const told = keys.map((key) => (typeof key === "number" ? key : String(key)));
  return { message, ...(told.length > 0 && { path: told }) };
}
