/**
 * Hosts of their own on one machine: network namespaces of Linux, which root may make. Each way between two of them goes through
 * a `Link` in this process, over a pair of virtual cables of its own, whose ends can be told to lose everything: nobody is told,
 * connections stay half open, and what was lost is sent again by TCP, as where a cable is pulled out. Nothing leaves the machine.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import os from "node:os";
import { environment } from "./child.js";
import { Link } from "./link.js";
import type { Loss, Network, NetworkPlan, Place } from "./network.js";

/** A cable between this process and a host. */
interface Cable {
  readonly namespace: string;
  /** Its end there. */
  readonly inner: string;
  /** Its end here. */
  readonly outer: string;
  /** The host's address on it. */
  readonly address: string;
}

/** What a way goes over. */
interface Wiring {
  /** The way's own address, here. */
  readonly address: string;
  /** Undefined: it begins here. */
  readonly near: Cable | undefined;
  readonly far: Cable;
}

const prefix = "openline-chaos-";
/** 198.18.0.0/15, which nobody routes: it is for measurements of networks (RFC 2544). A run takes a piece of it. */
const firstAddress = (198 << 24) | (18 << 16);
const pieceAddresses = 1024;
const pieces = (1 << 17) / pieceAddresses;
// Cables have two ends, so that all of them may have the same. Who is where is written down: asking could get lost.
const outerMac = "02:00:00:00:00:01";
const innerMac = "02:00:00:00:00:02";
const checkMs = 3000;

/** Of this process: how many it has made, and the names and the pieces of those that there are. */
let made = 0;
const own = new Set<string>();
const ownPieces = new Set<number>();

/** See the head of this file. */
export class Namespaces implements Network {
  readonly kind = "namespaces";
  readonly #names = new Map<string, string>();
  readonly #wirings = new Map<string, Wiring>();
  readonly #links = new Map<Link, Wiring>();
  readonly #piece = takePiece();
  /** Whether any cables are there. */
  #isWired = false;

  private constructor() {
    // Made by `make`.
  }

  /** @throws Error that says why it cannot be */
  static async make(plan: NetworkPlan): Promise<Namespaces> {
    if (process.platform !== "linux") throw new Error("only Linux has them");
    if (process.getuid?.() !== 0) throw new Error("only root may make them");
    await sweep();
    const network = new Namespaces();
    try {
      await network.#build(plan);
      await network.#check();
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  async #build({ hosts, ways }: NetworkPlan): Promise<void> {
    const id = `${process.pid.toString(36)}${(made++).toString(36)}`;
    for (const [index, host] of hosts.entries()) this.#names.set(host, `${prefix}${process.pid}-${id}-${index}`);
    const nextAddress = addressesOf(this.#piece);
    let cables = 0;
    const cable = (host: string): Cable => {
      const index = cables++;
      const [inner, outer] = [`c${index}`, `ol${id}c${index}`];
      return { namespace: this.#names.get(host) ?? "", inner, outer, address: nextAddress() };
    };
    for (const host of hosts) {
      this.#wirings.set(wayOf(undefined, host), { address: nextAddress(), near: undefined, far: cable(host) });
    }
    for (const [from, to] of ways) {
      this.#wirings.set(wayOf(from, to), { address: nextAddress(), near: cable(from), far: cable(to) });
    }
    for (const name of this.#names.values()) {
      own.add(name);
      await run("ip", ["netns", "add", name]);
    }
    const here: string[] = [];
    const there = new Map([...this.#names.values()].map((name) => [name, ["link set lo up"]]));
    for (const { address, near, far } of this.#wirings.values()) {
      for (const [index, end] of [near, far].filter((end) => end !== undefined).entries()) {
        here.push(
          `link add name ${end.outer} address ${outerMac} type veth peer name ${end.inner} address ${innerMac} netns ${end.namespace}`,
          ...(index === 0 ? [`addr add ${address}/32 dev ${end.outer}`] : []),
          `link set ${end.outer} up`,
          `route add ${end.address}/32 dev ${end.outer} src ${address}`,
          `neigh replace ${end.address} lladdr ${innerMac} dev ${end.outer} nud permanent`,
        );
        there
          .get(end.namespace)
          ?.push(
            `addr add ${end.address}/32 dev ${end.inner}`,
            `link set ${end.inner} up`,
            `route add ${address}/32 dev ${end.inner} src ${end.address}`,
            `neigh replace ${address} lladdr ${outerMac} dev ${end.inner} nud permanent`,
          );
      }
    }
    this.#isWired = true;
    await batch("ip", undefined, here);
    for (const [name, lines] of there) await batch("ip", name, lines);
  }

  /** Whether one gets through both ways, and things can be lost: a machine may forbid either. */
  async #check(): Promise<void> {
    for (const { address, near, far } of this.#wirings.values()) {
      if (near === undefined) continue;
      await checkWay(far.address, address);
      const server = net.createServer((socket) => socket.destroy()).listen(0, address);
      await once(server, "listening");
      const { port } = server.address() as net.AddressInfo;
      const script = `require("net").connect(${port}, "${address}").on("connect", () => process.exit(0));
setTimeout(() => process.exit(1), ${checkMs});`;
      try {
        await run("ip", ["netns", "exec", near.namespace, process.execPath, "-e", script]);
      } catch (error) {
        throw new Error("this machine lets nothing in from them", { cause: error });
      } finally {
        server.close();
      }
      const lines = lossOf([{ address, near, far }], { isUpLost: true, isDownLost: true });
      for (const [name, commands] of lines) {
        await batch("tc", name, [...commands, ...commands.map(undone)]);
      }
      return;
    }
  }

  place(host: string): Place {
    const command = ["ip", "netns", "exec", this.#names.get(host) ?? ""];
    return { listensOn: "0.0.0.0", address: this.#wiring(undefined, host).far.address, command };
  }

  #wiring(from: string | undefined, to: string): Wiring {
    const wiring = this.#wirings.get(wayOf(from, to));
    if (wiring === undefined) throw new Error(`there is no way from ${from ?? "here"} to ${to}`);
    return wiring;
  }

  async open(from: string | undefined, to: string): Promise<Link> {
    const wiring = this.#wiring(from, to);
    const { address, near, far } = wiring;
    const link = await Link.open({
      ...(near !== undefined && { host: address }),
      ...{ targetHost: far.address, localAddress: address },
    });
    this.#links.set(link, wiring);
    return link;
  }

  async lose(ways: readonly Link[], loss: Loss): Promise<void> {
    const wirings = ways.flatMap((way) => this.#links.get(way) ?? []);
    const all = lossOf(wirings, { isUpLost: true, isDownLost: true });
    const lost = lossOf(wirings, loss);
    for (const [name, commands] of all) {
      const now = new Set(lost.get(name));
      // What is not there need not be undone.
      const ended = commands.filter((line) => !now.has(line)).map(undone);
      await batch("tc", name, [...ended, ...now], true);
    }
  }

  async close(): Promise<void> {
    const ends = [...this.#wirings.values()].flatMap(({ near, far }) => [near, far].filter((end) => end !== undefined));
    // With its end here, a cable is gone at once; with the namespace, some time later.
    if (this.#isWired)
      await batch(
        "ip",
        undefined,
        ends.map(({ outer }) => `link del ${outer}`),
        true,
      );
    for (const name of this.#names.values()) {
      if (own.delete(name)) await run("ip", ["netns", "del", name]).catch(() => undefined);
    }
    this.#names.clear();
    this.#wirings.clear();
    ownPieces.delete(this.#piece);
  }
}

function wayOf(from: string | undefined, to: string): string {
  return `${from ?? ""} > ${to}`;
}

/** What loses everything at the ends that send in the directions that are lost, by namespace. */
function lossOf(wirings: readonly Wiring[], loss: Loss): Map<string | undefined, string[]> {
  const lines = new Map<string | undefined, string[]>();
  const add = (namespace: string | undefined, device: string): void => {
    const known = lines.get(namespace) ?? [];
    lines.set(namespace, known);
    // Whoever sends is told that it was sent.
    known.push(`qdisc replace dev ${device} root blackhole`);
  };
  for (const { near, far } of wirings) {
    if (loss.isUpLost) {
      if (near !== undefined) add(near.namespace, near.inner);
      add(undefined, far.outer);
    }
    if (loss.isDownLost) {
      if (near !== undefined) add(undefined, near.outer);
      add(far.namespace, far.inner);
    }
  }
  return lines;
}

function undone(line: string): string {
  return line.replace("replace", "del").replace(" blackhole", "");
}

/** A piece of the addresses of which nobody here has any. */
function takePiece(): number {
  const taken = new Set(
    Object.values(os.networkInterfaces())
      .flatMap((list) => list ?? [])
      .map(({ address }) => pieceOf(address)),
  );
  let piece = process.pid % pieces;
  for (let tried = 0; taken.has(piece) || ownPieces.has(piece); tried++) {
    if (tried === pieces) throw new Error("all addresses from 198.18.0.0/15 are taken");
    piece = (piece + 1) % pieces;
  }
  ownPieces.add(piece);
  return piece;
}

/** The addresses of a piece, one after the other. */
function addressesOf(piece: number): () => string {
  let count = 0;
  return () => {
    // Its first and its last are left out, which some take for a network and for everybody.
    if (++count >= pieceAddresses - 1) throw new Error("so many nodes want more addresses than there are");
    const address = firstAddress + piece * pieceAddresses + count;
    return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join(".");
  };
}

function pieceOf(address: string): number | undefined {
  if (!net.isIPv4(address)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const offset = ((a << 24) | (b << 16) | (c << 8) | d) - firstAddress;
  return offset >= 0 && offset < pieces * pieceAddresses ? Math.floor(offset / pieceAddresses) : undefined;
}

/** Nobody listens there, and that is answered. */
async function checkWay(host: string, localAddress: string): Promise<void> {
  const socket = net.connect({ host, port: 9, localAddress });
  socket.setTimeout(checkMs, () => socket.destroy(new Error("nothing gets through to them")));
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  if (error.code !== "ECONNREFUSED") throw error;
}

/** Removes what runs that were killed have left, and ends what still runs there: their names tell whose they were. */
async function sweep(): Promise<void> {
  for (const line of (await run("ip", ["netns", "list"])).split("\n")) {
    const name = line.split(" ")[0] ?? "";
    const pid = new RegExp(`^${prefix}(\\d+)-`, "u").exec(name)?.[1];
    if (pid === undefined || own.has(name) || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    try {
      for (const left of (await run("ip", ["netns", "pids", name])).split("\n").filter(Boolean)) kill(Number(left));
      await run("ip", ["netns", "del", name]);
    } catch {
      // Another run has removed it meanwhile.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** @param isForced whether a line that fails is passed over */
async function batch(
  program: "ip" | "tc",
  namespace: string | undefined,
  lines: readonly string[],
  isForced: boolean = false,
): Promise<void> {
  if (lines.length === 0) return;
  const at = namespace === undefined ? [] : ["-n", namespace];
  const ran = run(program, [...at, ...(isForced ? ["-force"] : []), "-batch", "-"], lines);
  await (isForced ? ran.catch(() => undefined) : ran);
}

/** Runs a program to its end. @returns what it printed @throws Error with what it said of its errors */
async function run(program: string, args: readonly string[], lines: readonly string[] = []): Promise<string> {
  const child = spawn(program, args, { env: environment(), stdio: "pipe" });
  let [out, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  child.stdin.on("error", () => undefined).end(lines.map((line) => `${line}\n`).join(""));
  const [code] = (await once(child, "close").catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw isMissing ? new Error(`${program} is not installed (in Debian: iproute2)`, { cause: error }) : error;
  })) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${errors.trim() || `ended with ${String(code)}`}`);
  return out;
}
