/**
 * Where the processes of a run are, and the ways between them: all on this machine's own addresses, with ways that are
 * proxies; or each on a host of its own, with ways that can lose what they carry besides.
 */
import { Link } from "./link.js";
import { Namespaces } from "./namespaces.js";

/** What a network is made of. */
export type NetworkKind = "namespaces" | "proxies";

/** Where a process is. */
export interface Place {
  /** The address that it listens on. */
  readonly listensOn: string;
  /** The address at which this process reaches it. */
  readonly address: string;
  /** What a program is started by, so that it runs there. */
  readonly command: readonly string[];
}

/** Which directions of a way lose everything, without a word to anybody. */
export interface Loss {
  readonly isUpLost: boolean;
  readonly isDownLost: boolean;
}

/** See the head of this file. */
export interface Network {
  readonly kind: NetworkKind;
  place(host: string): Place;
  /**
   * Opens a way to a host.
   *
   * @param from where it begins: another host; undefined: here
   */
  open(from: string | undefined, to: string): Promise<Link>;
  /** What gets lost on some ways from now on. @throws Error where they cannot lose anything */
  lose(ways: readonly Link[], loss: Loss): Promise<void>;
  /** Removes it. What runs on its hosts has to have ended. */
  close(): Promise<void>;
}

/** The hosts that a network is for, and between which of them there are ways. */
export interface NetworkPlan {
  readonly hosts: readonly string[];
  readonly ways: readonly (readonly [from: string, to: string])[];
}

/** A network of proxies, which needs no rights. */
export class Proxies implements Network {
  readonly kind = "proxies";

  place(): Place {
    return { listensOn: "127.0.0.1", address: "127.0.0.1", command: [] };
  }

  open(): Promise<Link> {
    return Link.open();
  }

  lose(): Promise<void> {
    return Promise.reject(new Error("proxies lose nothing"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The name of the host of a node. */
export function nodeHost(node: number): string {
  return `node ${node}`;
}

/** The name of the host of a server. */
export function serverHost(server: number): string {
  return `server ${server}`;
}

/** Hosts for nodes and servers, with ways from each node to each server, and from each server to the others. */
export function planNetwork(nodes: number, servers: number): NetworkPlan {
  const nodeHosts = Array.from({ length: nodes }, (_node, index) => nodeHost(index));
  const serverHosts = Array.from({ length: servers }, (_server, index) => serverHost(index));
  const hosts = [...nodeHosts, ...serverHosts];
  const ways = hosts.flatMap((from) => serverHosts.filter((to) => to !== from).map((to) => [from, to] as const));
  return { hosts, ways };
}

/**
 * Makes a network.
 *
 * @param kind undefined: namespaces where they can be made, and proxies with a word why where they cannot
 * @throws Error when namespaces are asked for and cannot be made
 */
export async function makeNetwork(
  kind: NetworkKind | undefined,
  plan: NetworkPlan,
  log: (line: string) => void,
): Promise<Network> {
  if (kind === "proxies") return new Proxies();
  try {
    return await Namespaces.make(plan);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (kind === "namespaces") throw new Error(`cannot make network namespaces: ${reason}`, { cause: error });
    log(`proxies in place of network namespaces, so that nothing gets lost on its way: ${reason}`);
    return new Proxies();
  }
}
