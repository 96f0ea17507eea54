/**
 * Asking functions that an application gives as options.
 */
import { UsageError } from "../protocol/index.js";
import { isThenable } from "../socket/index.js";

/**
 * What an application's function says at once. A promise would be taken for `true` by whoever did not look, and its
 * rejection would end the process.
 *
 * @throws UsageError `invalid-argument` for a promise
 */
export function saysTrue(answer: unknown, option: string): boolean {
  if (isThenable(answer)) {
    answer.then(undefined, () => undefined);
    throw new UsageError(
      "invalid-argument",
      "a promise",
      undefined,
      `${option} has to decide at once; accept may wait`,
    );
  }
  return answer === true;
}
