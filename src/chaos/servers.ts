/**
 * The servers of an engine under test: our own, which may be broken, or some that are there already.
 */
import { once } from "node:events";
import net from "node:net";
import type { Link } from "./link.js";

/** What nodes are told, to make their engine of. */
export interface EngineChoice {
  readonly kind: "nats" | "redis";
  /** Where the servers are: ways to them that can be broken, for our own. */
  readonly urls: readonly string[];
  readonly prefix: string;
  readonly replicas: number;
}

/** See the head of this file. */
export interface EngineServers {
  /** How many of them are ours. */
  readonly count: number;
  /** How a node reaches a server by an address and a port. */
  url(host: string, port: number): string;
  /** Where a server of ours listens. */
  port(server: number): number;
  /** The ways between a server and the others. */
  routesOf(server: number): readonly Link[];
  /** Copies of what is kept. */
  readonly replicas: number;
  /** Kills a server as a machine that fails would. */
  kill(server: number): Promise<void>;
  /** Ends a server in order. */
  end(server: number): Promise<void>;
  /** Starts it again, with what it had, on the port that it had. */
  start(server: number): Promise<void>;
  /** Takes away what a server had that does not run. */
  empty(server: number): void;
  /** It does nothing any more, and nobody is told; or goes on. */
  pause(server: number, isPaused: boolean): void;
  /** Leaves no room for anything more. */
  fill(): Promise<void>;
  /** Makes room again. */
  free(): Promise<void>;
  /** Resolves when what is kept can be asked for again, after something has befallen them; or after a time. */
  back(): Promise<void>;
  /** Ends everything, and removes what is left of it. */
  close(): Promise<void>;
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
