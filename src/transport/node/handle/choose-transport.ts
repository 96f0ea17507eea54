/**
 * Which of the two ways to the kernel TCP connections take.
 */
import { UsageError } from "../../../protocol/index.js";
import { nodeTurns } from "../node-turns.js";
import { loadStreamBinding } from "./binding.js";
import { HandleTransport } from "./handle-transport.js";
import { passesSelfTest } from "./self-test.js";

/** "handle" drives the socket's libuv handle, "net" goes through `net.Socket`; "auto" is the first where it works. */
export type TransportOption = "auto" | "net" | "handle";

let tried: Promise<HandleTransport | undefined> | undefined;
let triedTls: Promise<boolean> | undefined;

/** The handle transport, tried once for the process; undefined where it does not work. */
async function tryHandles(): Promise<HandleTransport | undefined> {
  const binding = loadStreamBinding();
  if (binding === undefined) return undefined;
  const transport = new HandleTransport(binding, nodeTurns);
  if (!(await passesSelfTest(transport, "tcp"))) return undefined;
  transport.accepts = await passesSelfTest(transport, "accept");
  return transport;
}

/** Tries TLS sockets, too, once for the process. */
async function tryTls(transport: HandleTransport): Promise<boolean> {
  transport.takesTls = true;
  transport.takesTls = await passesSelfTest(transport, "tls");
  return transport.takesTls;
}

/**
 * Chooses.
 *
 * @param mayHaveTls whether TLS sockets are to go this way, too, where that works
 * @returns the handle transport, or undefined for `net.Socket`
 * @throws UsageError `invalid-argument` for an option that is none of the three, or for "handle" where it does not work
 */
export async function chooseTransport(
  option: TransportOption = "auto",
  mayHaveTls: boolean = false,
): Promise<HandleTransport | undefined> {
  if (option !== "auto" && option !== "net" && option !== "handle") {
    throw new UsageError("invalid-argument", String(option), undefined, 'transport must be "auto", "net" or "handle"');
  }
  if (option === "net") return undefined;
  tried ??= tryHandles();
  const handles = await tried;
  if (handles === undefined && option === "handle") {
    throw new UsageError("invalid-argument", option, undefined, "this Node does not offer what this transport needs");
  }
  if (handles !== undefined && mayHaveTls) {
    triedTls ??= tryTls(handles);
    await triedTls;
  }
  return handles;
}
