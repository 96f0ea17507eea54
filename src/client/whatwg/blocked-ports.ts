/**
 * Ports that a WebSocket must not be opened to (Fetch §2.9, "Port blocking"): services that could take what a client
 * sends for commands of theirs.
 */
import { OpenlineError } from "../../protocol/index.js";

// The table of "bad port" in Fetch, and 0, which nobody can be reached at.
const badPorts: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Whether "a port is a bad port". URLs without a port have the one of their scheme, which is none. */
export function isBadPort(url: URL): boolean {
  return url.port !== "" && badPorts.has(Number(url.port));
}

/** The port of a URL is one that no WebSocket is opened to (Fetch §2.9). */
export class BlockedPortError extends OpenlineError {
  override readonly name = "BlockedPortError";
  override readonly code = "port-blocked";
  override readonly section = "Fetch §2.9";
  /** The port. */
  readonly observed: number;

  constructor(port: number) {
    super(`a WebSocket must not be opened to port ${String(port)}, which belongs to another service`);
    this.observed = port;
  }
}
