/**
 * A cluster whose workers try the handle transport, all at once, and print what came of it.
 */
import cluster from "node:cluster";
import { passesSelfTest } from "#src/transport/node/handle/self-test.js";
import { HandleTransport, loadStreamBinding, nodeTurns } from "#src/transport/node/index.js";

const workers = 3;

if (cluster.isPrimary) {
  for (let count = 0; count < workers; count++) cluster.fork();
} else {
  const binding = loadStreamBinding();
  if (binding === undefined) throw new Error("this Node has no stream binding");
  const transport = new HandleTransport(binding, nodeTurns);
  const passed: Record<string, boolean> = {};
  for (const over of ["tcp", "accept", "tls"] as const) {
    transport.takesTls = over === "tls";
    passed[over] = await passesSelfTest(transport, over);
  }
  process.stdout.write(`${JSON.stringify({ passed })}\n`, () => process.exit());
}
