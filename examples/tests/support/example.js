/**
 * An example as a process of its own, as a user starts it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = new URL("../../", import.meta.url);

/** Starts an example on a port that the system chooses; stopped when the test is over, whatever came of it. */
export async function startExample(t, script, env = {}) {
  const child = spawn(process.execPath, ["--import", "./tests/support/somebody-else.js", script], {
    cwd: fileURLToPath(folder),
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const lines = createInterface({ input: child.stdout });
  const listening = (async () => {
    for await (const line of lines) {
      const [url] = /http:\/\/localhost:[1-9]\d*/.exec(line) ?? [];
      if (url !== undefined) return url;
    }
    throw new Error(`${script} ended before it listened`);
  })();
  const url = await listening;
  child.stdout.resume();
  return {
    url,
    /** As a service manager does it. */
    async stop() {
      child.kill("SIGTERM");
      const [code, signal] = await exited;
      return code ?? signal;
    },
  };
}
