/**
 * What `deploy/` sets up, as far as it runs without containers: its application as processes, and a balancer before them.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Ender } from "../support/line-process.js";

const folder = new URL("../../../deploy/", import.meta.url);

/** A file of `deploy/`. */
export function deployed(name: string): string {
  return fileURLToPath(new URL(name, folder));
}

/** The application, in a process of its own, with an environment as the image has it. */
export class DeployedNode {
  readonly port: number;
  readonly metricsPort: number;
  /** What it has printed when it ends, and with which code. */
  readonly ended: Promise<readonly [last: unknown, code: number | null]>;
  readonly #child: ChildProcessByStdio<null, Readable, null>;

  private constructor(child: ChildProcessByStdio<null, Readable, null>, lines: AsyncIterator<string>, first: string) {
    const { port, metricsPort } = JSON.parse(first) as { readonly port: number; readonly metricsPort: number };
    this.port = port;
    this.metricsPort = metricsPort;
    this.#child = child;
    const exited = once(child, "exit") as Promise<[number | null]>;
    this.ended = (async () => {
      let last: unknown;
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) last = JSON.parse(line.value);
      return [last, (await exited)[0]];
    })();
  }

  static async start(t: Ender, env: Readonly<Record<string, string>>): Promise<DeployedNode> {
    const child = spawn(process.execPath, [deployed("app.js")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, PORT: "0", METRICS_PORT: "0", ...env },
    });
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done === true) throw new Error("the node did not start");
    return new DeployedNode(child, lines, first.value);
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** What it answers to a health check, with its status. */
  async health(path: string): Promise<readonly [number, unknown]> {
    const url = `http://127.0.0.1:${String(this.port)}${path}`;
    const response = await fetch(url, { headers: { connection: "close" } });
    return [response.status, await response.json()];
  }

  async metrics(): Promise<string> {
    const url = `http://127.0.0.1:${String(this.metricsPort)}/metrics`;
    const response = await fetch(url, { headers: { connection: "close" } });
    return await response.text();
  }
}

/** Gives each connection to the next of the nodes that takes it, as the service of a cluster does. */
export class Balancer {
  /** The ports of the nodes. */
  readonly nodes = new Set<number>();
  readonly #server: net.Server;
  #turn = 0;

  private constructor(server: net.Server) {
    this.#server = server;
    server.on("connection", (near: net.Socket) => this.#pass(near, [...this.nodes], this.#turn++));
  }

  static async start(t: Ender): Promise<Balancer> {
    // What a client sends waits until there is a node that gets it.
    const server = net.createServer({ pauseOnConnect: true, noDelay: true });
    const sockets = new Set<net.Socket>();
    server.on("connection", (socket: net.Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    });
    return new Balancer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${String((this.#server.address() as net.AddressInfo).port)}/live`;
  }

  #pass(near: net.Socket, ports: readonly number[], turn: number): void {
    const port = ports[turn % ports.length];
    if (port === undefined) {
      near.destroy();
      return;
    }
    const far = net.connect({ port, host: "127.0.0.1", noDelay: true });
    let isThere = false;
    near.on("error", () => far.destroy());
    far.on("error", () => {
      if (isThere) near.destroy();
      else {
        const others = ports.filter((other) => other !== port);
        this.#pass(near, others, turn);
      }
    });
    far.on("connect", () => {
      isThere = true;
      far.pipe(near);
      near.pipe(far);
    });
    near.on("close", () => far.destroy());
    far.on("close", () => {
      if (isThere) near.destroy();
    });
  }
}
