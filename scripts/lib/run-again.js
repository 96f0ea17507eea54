/** A second chance for tests that fail where the machine is busy. */

/** More files than these fail for another reason than that the machine was busy. */
export const maxFilesAgain = 5;

/**
 * Runs files that failed beside others once more, one at a time, and says which passed then.
 *
 * @param {readonly string[]} failed at most `maxFilesAgain`; more, or one that is not among the processes, have no second chance
 * @param {(processes: { file: string, members: string[] }[], concurrency: number) => Promise<string[]>} runTests runs files
 *   and tells which failed
 * @param {(line: string) => void} say prints a line
 * @returns {Promise<boolean>} whether every file has passed, be it alone
 */
export async function passesAgain(failed, runTests, say) {
  if (failed.length === 0) return true;
  if (failed.length > maxFilesAgain) {
    say(`${failed.length} files failed. Up to ${maxFilesAgain} would be run again.`);
    return false;
  }
  say(`Failed beside others, and now run alone: ${failed.join(", ")}`);
  const failedTwice = await runTests(
    failed.map((file) => ({ file, members: [] })),
    1,
  );
  const late = failed.filter((file) => !failedTwice.includes(file));
  if (late.length > 0) say(`\nPASSED ONLY WHEN IT HAD THE MACHINE FOR ITSELF: ${late.join(", ")}`);
  if (failedTwice.length > 0) say(`\nFailed twice: ${failedTwice.join(", ")}`);
  return failedTwice.length === 0;
}
