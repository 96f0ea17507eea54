/**
 * Everything that runs in a run: servers of the engine, nodes, clients, and the ways between them.
 */
import { Child } from "./child.js";
import type { ClientsOptions } from "./clients-process.js";
import { JournalWriter } from "./journal.js";
import type { Link } from "./link.js";
import { type Network, nodeHost, serverHost } from "./network.js";
import type { NodeOptions } from "./node-process.js";
import type { EngineChoice, EngineServers } from "./servers.js";

/** What a world is made of. */
export interface WorldPlan {
  readonly folder: string;
  readonly nodes: number;
  readonly engine: Omit<EngineChoice, "urls">;
  /** Where the engine is, when it is not ours. */
  readonly urls: readonly string[];
  readonly servers: EngineServers | undefined;
  readonly network: Network;
  readonly boards: number;
  readonly halls: number;
  readonly log: (line: string) => void;
}

const restartMs = 300;
/** An engine that a node cannot be started over for so long is not there any more. */
const startMs = 60_000;

/** A node, with the ways to it and from it. */
class PlacedNode {
  readonly index: number;
  /** From clients to it. */
  readonly way: Link;
  /** From it to each server. */
  readonly ways: readonly Link[];
  readonly #plan: WorldPlan;
  readonly #journal: JournalWriter;
  #child: Child | undefined;
  #incarnation = 0;
  #isWanted = true;
  /** Whether its end was asked for. */
  #isEnding = false;

  constructor(index: number, plan: WorldPlan, journal: JournalWriter, way: Link, ways: readonly Link[]) {
    this.index = index;
    this.#plan = plan;
    this.#journal = journal;
    this.way = way;
    this.ways = ways;
  }

  /** Starts it, again and again until it runs: an engine that is away lets it end. Not for ever, so that a run comes to its end. */
  async start(): Promise<void> {
    const { folder, engine, servers, network, boards, halls, log } = this.#plan;
    const { command, listensOn } = network.place(nodeHost(this.index));
    const urls = servers === undefined ? this.#plan.urls : this.ways.map(({ host, port }) => servers.url(host, port));
    const endMs = performance.now() + startMs;
    while (this.#isWanted) {
      const options: NodeOptions = {
        ...{ folder, node: this.index, incarnation: this.#incarnation++, boards, halls },
        host: listensOn,
        engine: { ...engine, urls },
      };
      const child = Child.script(`node ${this.index}`, "./node-process.js", options, command);
      this.#child = child;
      try {
        const { port } = await child.next("port");
        this.way.target = Number(port);
        this.#isEnding = false;
        void child.ended().then(() => this.#hasEnded(child));
        return;
      } catch (error) {
        if (!this.#isWanted) return;
        if (performance.now() > endMs) {
          this.#child = undefined;
          this.#journal.write({ k: "trouble", proc: child.name, what: `does not start: ${String(error)}` });
          return;
        }
        log(`node ${this.index} does not start: ${error instanceof Error ? error.message : String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, restartMs));
      }
    }
  }

  /** A node that ends by itself is a fault of ours, and what it said is kept. */
  #hasEnded(child: Child): void {
    if (this.#isEnding || !this.#isWanted || this.#child !== child) return;
    this.#journal.write({ k: "trouble", proc: child.name, what: `crashed: ${child.errors}` });
    this.#plan.log(`node ${this.index} has crashed: ${child.errors}`);
    void this.start();
  }

  async kill(): Promise<void> {
    this.#isEnding = true;
    this.way.target = undefined;
    await this.#child?.kill();
    this.way.reset();
  }

  /** Ends it in order. @param withinMs after which it is killed */
  async drain(withinMs: number): Promise<void> {
    this.#isEnding = true;
    const child = this.#child;
    child?.tell({ does: "drain" });
    const timer = setTimeout(() => child?.signal("SIGKILL"), withinMs);
    await child?.ended();
    clearTimeout(timer);
    this.way.target = undefined;
  }

  pause(isPaused: boolean): void {
    this.#child?.signal(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  /** Has it tell how everything is. */
  async tell(): Promise<void> {
    this.#child?.tell({ does: "tell" });
    const { told, error } = (await this.#child?.next("told")) ?? {};
    if (told !== true)
      this.#journal.write({ k: "trouble", proc: `node ${this.index}`, what: `at the end: ${String(error)}` });
  }

  async close(): Promise<void> {
    this.#isWanted = false;
    this.way.close();
    for (const way of this.ways) way.close();
    await this.#child?.kill();
  }
}

/** See the head of this file. */
export class World {
  readonly plan: WorldPlan;
  readonly journal: JournalWriter;
  readonly nodes: PlacedNode[] = [];
  readonly #clients: Child[] = [];
  readonly #recovering = new Set<Promise<void>>();

  constructor(plan: WorldPlan) {
    this.plan = plan;
    this.journal = new JournalWriter(plan.folder, "run", true);
  }

  /** Starts the nodes. */
  async start(): Promise<void> {
    const { servers, nodes, network } = this.plan;
    for (let index = 0; index < nodes; index++) {
      const host = nodeHost(index);
      const ways: Link[] = [];
      for (let server = 0; server < (servers?.count ?? 0); server++) {
        const way = await network.open(host, serverHost(server));
        way.target = servers?.port(server);
        ways.push(way);
      }
      this.nodes.push(new PlacedNode(index, this.plan, this.journal, await network.open(undefined, host), ways));
    }
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  /** Starts the clients, and resolves when all of them hear. */
  async startClients(options: Omit<ClientsOptions, "urls" | "process">): Promise<void> {
    const urls = this.nodes.map(({ way }) => `ws://127.0.0.1:${way.port}`);
    for (let process = 0; process < options.processes; process++) {
      this.#clients.push(Child.script(`clients ${process}`, "./clients-process.js", { ...options, urls, process }));
    }
    await this.#hear("ready");
  }

  #tell(does: string, withinMs?: number): void {
    for (const child of this.#clients) child.tell({ does, ...(withinMs !== undefined && { withinMs }) });
  }

  async #hear(property: string): Promise<boolean> {
    const lines = await Promise.all(this.#clients.map((child) => child.next(property)));
    return lines.every((line) => line[property] === true);
  }

  /** Servers become what they were, which the end waits for. */
  recovers(recovering: Promise<void>): void {
    const recovered = recovering.finally(() => this.#recovering.delete(recovered));
    this.#recovering.add(recovered);
  }

  /** Resolves when they are. */
  async recovered(): Promise<void> {
    await Promise.all(this.#recovering);
  }

  /** Clients do things from now on. */
  load(): void {
    this.journal.write({ k: "load" });
    this.#tell("load");
  }

  /** Clients do nothing more. @returns whether all of them are connected, and everything is answered */
  async calm(withinMs: number): Promise<boolean> {
    this.journal.write({ k: "calm" });
    this.#tell("calm", withinMs);
    return await this.#hear("calm");
  }

  /** Clients say the end: who hears it has heard everything. */
  async sayEnd(withinMs: number): Promise<void> {
    this.#tell("end");
    // Who cannot say it does not keep the others from telling what they have.
    await Promise.race([this.#hear("said"), new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
  }

  /** Clients wait until they hear the end, and tell how everything is; nodes tell it, too. */
  async tellEnd(withinMs: number): Promise<void> {
    this.#tell("tell", withinMs);
    await this.#hear("told");
    await Promise.all(this.nodes.map((node) => node.tell()));
  }

  /** The ways between a server and the others, and those of nodes to it. */
  waysOfServer(server: number): readonly Link[] {
    const routes = this.plan.servers?.routesOf(server) ?? [];
    return [...routes, ...this.nodes.flatMap(({ ways }) => ways[server] ?? [])];
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients.map((child) => child.kill()), ...this.nodes.map((node) => node.close())]);
    await this.plan.servers?.close();
    this.journal.close();
  }
}
