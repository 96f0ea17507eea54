import { fileURLToPath } from "node:url";
import { Child } from "./child.js";

/** @typedef {import("./peer.js").Peer} Peer */
/** @typedef {import("./workload.js").Workload} Workload */

/**
 * @typedef {object} Timing
 * @property {number} warmUpMs under load, before anything counts
 * @property {number} windowMs that is measured
 */

/**
 * What one server did in one window.
 *
 * @typedef {object} Sample
 * @property {number} messagesPerSecond
 * @property {number} payloadBytesPerSecond one way
 * @property {number} cpuMicrosecondsPerMessage of the server process
 * @property {number} userMicrosecondsPerMessage the part of it outside the kernel, which is what a library can change most
 * @property {number} serverCores how many cores the server kept busy
 * @property {number} loadCores the same of the load generator: near 1, it is what was measured
 * @property {number} residentBytes of the server process at the end
 */

/** @param {string} path from bench/ */
const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/**
 * Starts a server and a load of its own, measures one window, and ends both.
 *
 * @param {{ peer: Peer, file: string }} rival the peer and the URL of its file
 * @param {Workload} workload
 * @param {Timing} timing
 * @param {string} [profileFolder] where the server writes a CPU profile
 * @returns {Promise<Sample>} rejected when the server answers wrongly, stalls or ends
 */
export async function measure({ peer, file }, workload, { warmUpMs, windowMs }, profileFolder) {
  const server = new Child(`the server of ${peer.name}`, peer.command(pathOf("server/main.js"), [file], profileFolder));
  const load = new Child(`the load on ${peer.name}`, [process.execPath, pathOf("load/main.js"), workload.load]);

  const pause = async (/** @type {number} */ milliseconds) => {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const passed = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
    try {
      await Promise.race([passed, server.failed, load.failed]);
    } finally {
      clearTimeout(timer);
    }
  };

  try {
    const { port } = await server.ask("serve", { kind: workload.server });
    await load.ask("start", { port, settings: workload.settings });
    await pause(warmUpMs);
    const [serverBefore, loadBefore] = await Promise.all([server.ask("usage"), load.ask("count")]);
    await pause(windowMs);
    const [serverAfter, loadAfter] = await Promise.all([server.ask("usage"), load.ask("count")]);
    await load.ask("finish");

    const messages = loadAfter.messages - loadBefore.messages;
    const milliseconds = loadAfter.atMs - loadBefore.atMs;
    if (messages === 0) throw new Error(`the server of ${peer.name} answered nothing within ${windowMs} ms`);
    const userMicroseconds = serverAfter.userMicroseconds - serverBefore.userMicroseconds;
    const cpuMicroseconds = userMicroseconds + serverAfter.systemMicroseconds - serverBefore.systemMicroseconds;
    return {
      messagesPerSecond: (messages / milliseconds) * 1000,
      payloadBytesPerSecond: ((loadAfter.bytes - loadBefore.bytes) / milliseconds) * 1000,
      cpuMicrosecondsPerMessage: cpuMicroseconds / messages,
      userMicrosecondsPerMessage: userMicroseconds / messages,
      serverCores: cpuMicroseconds / 1000 / milliseconds,
      loadCores: (loadAfter.cpuMicroseconds - loadBefore.cpuMicroseconds) / 1000 / milliseconds,
      residentBytes: serverAfter.residentBytes,
    };
  } finally {
    await load.end();
    await server.end();
  }
}
