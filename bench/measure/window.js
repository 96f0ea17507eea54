/**
 * One window under a load that goes on and on: messages, and what they cost the process that is measured.
 */
import { latencyFigures } from "../lib/figures.js";
import { readResidentBytes, readUsage, usageBetween } from "../lib/process-usage.js";

/**
 * @typedef {object} Timing
 * @property {number} warmUpMs under load, before anything counts
 * @property {number} windowMs that is measured
 */

/**
 * @param {object} parties
 * @param {number} parties.pid of the process that is measured
 * @param {import("../lib/child.js").Child} parties.load
 * @param {(milliseconds: number) => Promise<void>} parties.pause
 * @param {Timing} timing
 * @param {string} unit what a message is called in the figures: "Message" or "Delivery"
 * @returns {Promise<Record<string, number>>} figures
 */
export async function measureWindow({ pid, load, pause }, { warmUpMs, windowMs }, unit) {
  await pause(warmUpMs);
  const loadBefore = await load.ask("count");
  const before = readUsage(pid);
  await pause(windowMs);
  const loadAfter = await load.ask("count");
  const after = readUsage(pid);
  const residentBytes = readResidentBytes(pid);
  await load.ask("finish");

  const messages = loadAfter.messages - loadBefore.messages;
  const seconds = loadAfter.atSeconds - loadBefore.atSeconds;
  if (messages === 0) throw new Error(`nothing came back within ${windowMs} ms`);
  const { cpuSeconds, userSeconds } = usageBetween(before, after);
  const plural = unit === "Delivery" ? "deliveries" : "messages";
  return {
    [`${plural}PerSecond`]: messages / seconds,
    payloadBytesPerSecond: (loadAfter.payloadBytes - loadBefore.payloadBytes) / seconds,
    receivedBytesPerMessage: (loadAfter.receivedBytes - loadBefore.receivedBytes) / messages,
    [`cpuMicrosecondsPer${unit}`]: (cpuSeconds * 1e6) / messages,
    userShare: cpuSeconds === 0 ? 0 : userSeconds / cpuSeconds,
    ...latencyFigures(loadAfter.latencyMicroseconds),
    cores: cpuSeconds / seconds,
    loadCores: (loadAfter.cpuSeconds - loadBefore.cpuSeconds) / seconds,
    residentBytes,
  };
}
