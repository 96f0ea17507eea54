/**
 * Numbers on the command line.
 */

/**
 * @param {string} name of the option
 * @param {string | undefined} given
 * @param {number} defaultValue
 * @throws for anything that is no number above 0
 */
export function positive(name, given, defaultValue) {
  const value = given === undefined ? defaultValue : Number(given);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not ${given}`);
  return value;
}

/**
 * Runs a command; what it rejects with is printed, and makes the exit status 1.
 *
 * @param {() => Promise<void>} command
 */
export async function runCommand(command) {
  try {
    await command();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
