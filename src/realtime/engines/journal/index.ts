/**
 * The journal of the memory engine in a file, on Node.
 */
export type { FileJournalOptions } from "./file-journal.js";
export { fileJournal, JournalDamagedError } from "./file-journal.js";
export { JournalLockedError } from "./file-lock.js";
