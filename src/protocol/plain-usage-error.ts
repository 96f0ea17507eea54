/**
 * A `UsageError` that carries no table of rules.
 */
import type { UsageCode } from "./errors.js";
import { OpenlineError, seen } from "./openline-error.js";

/**
 * A call that makes no sense, thrown at its caller. Where octets count, it is thrown as it is, and says its code in
 * place of the rule; `UsageError`, which knows the rules, extends it, so that `instanceof` holds for both.
 */
export class PlainUsageError extends OpenlineError {
  override readonly name = "UsageError";
  override readonly code: UsageCode;
  override readonly section: string | undefined;
  /** What was passed. */
  readonly observed: unknown;
  /** What is allowed, where the rule is a limit. */
  readonly limit: number | undefined;

  /**
   * @param hint what it is about, in words: the argument's name, or what to do instead
   * @param text the rule
   * @param section where the rule stands
   */
  constructor(
    code: UsageCode,
    observed?: unknown,
    limit?: number,
    hint?: string,
    text: string = code,
    section?: string,
  ) {
    super(`${text}${hint ? `: ${hint}` : ""}${seen(observed, limit)}${section ? ` (${section})` : ""}`);
    this.code = code;
    this.section = section;
    this.observed = observed;
    this.limit = limit;
  }
}
