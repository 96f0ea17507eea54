/**
 * The rule behind an error, as plain values for logs and metrics.
 */
import { OpenlineError } from "./openline-error.js";

/** A rule that was broken, or a limit that was passed, as every error of this package tells it. */
export interface BrokenRule {
  /** The error's code, which docs/errors.md lists. */
  readonly code: string;
  /** Where the rule stands; undefined for a limit of this library's own. */
  readonly section: string | undefined;
  /** What was seen, where it is a number, in the unit of the rule. */
  readonly observed: number | undefined;
  /** What is allowed, where it is a limit. */
  readonly limit: number | undefined;
}

/** The rule behind an error; undefined for errors of others. */
export function ruleOf(error: unknown): BrokenRule | undefined {
  if (!(error instanceof OpenlineError)) return undefined;
  const { code, section } = error;
  return { code, section, observed: numberIn(error, "observed"), limit: numberIn(error, "limit") };
}

function numberIn(error: object, name: "observed" | "limit"): number | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "number" ? value : undefined;
}
