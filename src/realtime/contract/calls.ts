/**
 * Calls: requests by name, with one answer or a stream of results.
 */
import type { Schema } from "./schema.js";

/** A call, see `call`. */
export interface Call<
  Input extends Schema | undefined = Schema | undefined,
  Output extends Schema | undefined = Schema | undefined,
  Stream extends Schema | undefined = Schema | undefined,
> {
  readonly input: Input;
  readonly output: Output;
  /** The schema of each result; undefined where there is one answer. */
  readonly stream: Stream;
  readonly idempotent: boolean;
}

/** What is declared of a call with one answer. */
export interface AnsweredCall<Input, Output> {
  /** The schema of what is asked with. None: anything. */
  readonly input?: Input;
  /** The schema of the answer. None: anything. */
  readonly output?: Output;
  /**
   * Whether it runs once for each key, however often it is sent: then a client sends it again after a reconnect until it
   * is answered. Default false: what was under way when a connection was lost fails.
   */
  readonly idempotent?: boolean;
  readonly stream?: undefined;
}

/** What is declared of a call with a stream of results. */
export interface StreamedCall<Input, Stream> {
  /** The schema of what is asked with. None: anything. */
  readonly input?: Input;
  /** The schema of each result. */
  readonly stream: Stream;
  readonly output?: undefined;
  readonly idempotent?: undefined;
}

/**
 * A call with a stream of results.
 *
 * @param options its schemas
 */
export function call<Stream extends Schema, Input extends Schema | undefined = undefined>(
  options: StreamedCall<Input, Stream>,
): Call<Input, undefined, Stream>;
/**
 * A call with one answer.
 *
 * @param options its schemas, and whether it is idempotent
 */
export function call<Input extends Schema | undefined = undefined, Output extends Schema | undefined = undefined>(
  options?: AnsweredCall<Input, Output>,
): Call<Input, Output, undefined>;
/** Both. */
export function call(options: AnsweredCall<Schema, Schema> | StreamedCall<Schema, Schema> = {}): Call {
  const { input, output, stream, idempotent = false } = options;
  return { input, output, stream, idempotent };
}
