/**
 * Which of the two ways to the kernel TCP connections take.
 */
import { UsageError } from "../../protocol/index.js";
import { passesHandleSelfTest } from "./handle-self-test.js";
import { HandleTransport, loadStreamBinding } from "./handle-stream.js";
import { nodeTurns } from "./node-turns.js";

/** "handle" drives the socket's libuv handle, "net" goes through `net.Socket`; "auto" is the first where it works. */
export type TransportOption = "auto" | "net" | "handle";

let tried: Promise<HandleTransport | undefined> | undefined;

/** The handle transport, tried once for the process; undefined where it does not work. */
async function tryHandles(): Promise<HandleTransport | undefined> {
  const binding = loadStreamBinding();
  if (binding === undefined) return undefined;
  const transport = new HandleTransport(binding, nodeTurns);
  return (await passesHandleSelfTest(transport)) ? transport : undefined;
}

/**
 * Chooses.
 *
 * @returns the handle transport, or undefined for `net.Socket`
 * @throws UsageError `invalid-argument` for an option that is none of the three, or for "handle" where it does not work
 */
export async function chooseTransport(option: TransportOption = "auto"): Promise<HandleTransport | undefined> {
  if (option !== "auto" && option !== "net" && option !== "handle") {
    throw new UsageError("invalid-argument", String(option), undefined, 'transport must be "auto", "net" or "handle"');
  }
  if (option === "net") return undefined;
  tried ??= tryHandles();
  const handles = await tried;
  if (handles === undefined && option === "handle") {
    throw new UsageError("invalid-argument", option, undefined, "this Node does not offer what this transport needs");
  }
  return handles;
}
