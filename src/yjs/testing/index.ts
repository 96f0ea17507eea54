/**
 * openline/yjs/testing: what every storage of documents must do, as cases for any test runner.
 *
 * ```ts
 * for (const { name, needs, run } of documentStorageContract) {
 *   if (needs === undefined) it(name, () => run({ create: () => myStorage() }));
 * }
 * ```
 */
import { documentCases } from "./document-cases.js";
import { otherCases } from "./other-cases.js";
import type { StorageCase } from "./world.js";

export type { StorageCase, StorageSubject } from "./world.js";

/** See the head of this file. */
export const documentStorageContract: readonly StorageCase[] = [...documentCases, ...otherCases];
