/**
 * What every engine of the real-time layer must do, as cases for any test runner.
 *
 * ```ts
 * for (const { name, isAboutRestarts, run } of engineContract) {
 *   it(name, () => run({ create: () => myEngine() }));
 * }
 * ```
 */
import { logCases } from "./log-cases.js";
import { otherCases } from "./other-cases.js";
import { stateCases } from "./state-cases.js";
import type { EngineCase } from "./world.js";

export type { EngineCase, EngineSubject } from "./world.js";

/** See the head of this file. */
export const engineContract: readonly EngineCase[] = [...logCases, ...stateCases, ...otherCases];
