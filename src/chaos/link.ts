/**
 * A way over TCP that can be cut, stopped in one direction or both, and made slow: a proxy on a port of its own, so that
 * neither rights nor another network are needed.
 */
import { once } from "node:events";
import net from "node:net";

const ownHost = "127.0.0.1";

/** What a way does with what comes over it. */
export interface LinkTrouble {
  /** Connections are ended, and new ones refused. */
  readonly isCut?: boolean;
  /** Nothing passes towards the target; nobody is told. */
  readonly isUpStalled?: boolean;
  /** Nothing passes back. */
  readonly isDownStalled?: boolean;
  /** Milliseconds by which everything is late, in each direction. */
  readonly delayMs?: number;
}

/** One direction of one connection. */
class Lane {
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #delayMs: () => number;
  readonly #late: { readonly data: Buffer | undefined; readonly dueMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStalled = false;

  constructor(from: net.Socket, to: net.Socket, delayMs: () => number) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = delayMs;
    from.on("data", (data) => this.#take(data));
    from.on("end", () => this.#take(undefined));
    to.on("drain", () => this.#flow());
  }

  /** @param data undefined: the end */
  #take(data: Buffer | undefined): void {
    const delayMs = this.#delayMs();
    if (delayMs === 0 && this.#late.length === 0) {
      this.#pass(data);
      return;
    }
    const last = this.#late.at(-1)?.dueMs ?? 0;
    this.#late.push({ data, dueMs: Math.max(last, performance.now() + delayMs) });
    this.#passLater();
  }

  #passLater(): void {
    const [first] = this.#late;
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (let next = this.#late[0]; next !== undefined && next.dueMs <= performance.now(); next = this.#late[0]) {
        this.#late.shift();
        this.#pass(next.data);
      }
      this.#passLater();
    }, first.dueMs - performance.now());
  }

  #pass(data: Buffer | undefined): void {
    if (this.#to.destroyed) return;
    if (data === undefined) this.#to.end();
    else if (!this.#to.write(data)) this.#flow();
  }

  stall(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#flow();
  }

  #flow(): void {
    if (this.#isStalled || this.#to.writableNeedDrain) this.#from.pause();
    else this.#from.resume();
  }
}

interface Pair {
  readonly near: net.Socket;
  readonly far: net.Socket;
  readonly up: Lane;
  readonly down: Lane;
}

/** Where a way begins and leads to. */
export interface LinkOptions {
  /** The address that it listens on. Default 127.0.0.1. */
  readonly host?: string;
  /** The address that it leads to. Default 127.0.0.1. */
  readonly targetHost?: string;
  /** The address that it comes from there. Default: the system's choice. */
  readonly localAddress?: string;
}

/** See the head of this file. */
export class Link {
  readonly #server: net.Server;
  readonly #options: LinkOptions;
  readonly #pairs = new Set<Pair>();
  #trouble: LinkTrouble = {};
  /** The port that it leads to; undefined: to nowhere. */
  target: number | undefined;

  private constructor(options: LinkOptions) {
    this.#options = options;
    this.#server = net.createServer({ allowHalfOpen: true }, (near) => this.#connect(near));
  }

  /** Opens one that leads to nowhere yet. */
  static async open(options: LinkOptions = {}): Promise<Link> {
    const link = new Link(options);
    link.#server.listen(0, link.host);
    await once(link.#server, "listening");
    return link;
  }

  /** The address where it begins. */
  get host(): string {
    return this.#options.host ?? ownHost;
  }

  /** The port where it begins. */
  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  #connect(near: net.Socket): void {
    if (this.#trouble.isCut === true || this.target === undefined) {
      near.destroy();
      return;
    }
    const { targetHost: host = ownHost, localAddress } = this.#options;
    const from = localAddress === undefined ? {} : { localAddress };
    const far = net.connect({ port: this.target, host, ...from, allowHalfOpen: true });
    const delayMs = (): number => this.#trouble.delayMs ?? 0;
    const pair = { near, far, up: new Lane(near, far, delayMs), down: new Lane(far, near, delayMs) };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#pairs.delete(pair);
        // Half of it may have ended in order, and what is on its way has to arrive.
        if (!one.readableEnded) other.destroy();
      });
    }
    this.#apply(pair);
  }

  #apply({ near, far, up, down }: Pair): void {
    if (this.#trouble.isCut === true) {
      near.destroy();
      far.destroy();
      return;
    }
    up.stall(this.#trouble.isUpStalled === true);
    down.stall(this.#trouble.isDownStalled === true);
  }

  /** What befalls it from now on; nothing, where nothing is said. */
  set trouble(trouble: LinkTrouble) {
    this.#trouble = trouble;
    for (const pair of this.#pairs) this.#apply(pair);
  }

  /** Ends all connections; new ones may come. */
  reset(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  close(): void {
    this.reset();
    this.#server.close();
  }
}
