/**
 * A worker of a cluster that is not ours, as process managers have them, which tries to be one of ours: prints `failed`.
 */
import nodeCluster from "node:cluster";
import { cluster } from "#src/cluster/index.js";

if (nodeCluster.isPrimary) nodeCluster.fork();
else {
  await cluster({ start: () => Promise.reject(new Error("it was started")) }).catch((error: unknown) => {
    const failed = error instanceof Error ? error.message : String(error);
    process.stdout.write(`${JSON.stringify({ failed })}\n`, () => process.exit());
  });
}
