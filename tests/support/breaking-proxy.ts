/**
 * An HTTP proxy that stands before a server, as a company has one, and does to WebSockets what some of them do.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** What becomes of upgrades. "swallow": they pass, and nothing behind them does. */
export type UpgradeFate = "pass" | "refuse" | "hang" | "strip" | "swallow";

export class BreakingProxy {
  fate: UpgradeFate;
  /** Whether what comes in pieces is held back until it is whole. */
  isGathering = false;
  /** How many answers to POST are lost on the way. */
  lostAnswers = 0;
  upgrades = 0;
  /** Ordinary requests, by method. */
  readonly methods: string[] = [];
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((incoming, outgoing) => this.#forward(incoming, outgoing));

  private constructor(target: number, fate: UpgradeFate) {
    this.#target = target;
    this.fate = fate;
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
    this.#server.on("upgrade", (incoming: IncomingMessage, socket: Socket) => this.#upgrade(incoming, socket));
  }

  static async start(t: TestContext, target: number, fate: UpgradeFate): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(target, fate);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      proxy.cut();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** Cuts all that goes through it. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): void {
    // One that is kept alive is used again.
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = "", url, headers } = incoming;
    this.methods.push(method);
    const onward = request({ port: this.#target, host: "127.0.0.1", method, path: url, headers }, (answer) => {
      if (method === "POST" && this.lostAnswers > 0) {
        this.lostAnswers--;
        outgoing.destroy();
        return;
      }
      if (this.isGathering && answer.headers["content-type"] === "text/event-stream") return;
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    onward.on("socket", (socket: Socket) => this.#keep(socket));
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }

  #upgrade(incoming: IncomingMessage, socket: Socket): void {
    this.upgrades++;
    if (this.fate === "hang") return;
    if (this.fate === "refuse") {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const lines = [`${incoming.method ?? ""} ${incoming.url ?? ""} HTTP/1.1`];
    for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
      const name = incoming.rawHeaders[index] as string;
      if (this.fate === "strip" && /^(?:upgrade|connection)$/iu.test(name)) continue;
      lines.push(`${name}: ${incoming.rawHeaders[index + 1] as string}`);
    }
    const onward = connect(this.#target, "127.0.0.1");
    this.#keep(onward);
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.pipe(socket);
    if (this.fate !== "swallow") socket.pipe(onward);
    else socket.resume();
    socket.on("close", () => onward.destroy());
  }
}
