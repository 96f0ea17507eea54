/**
 * A way to a server that can be cut, or stop.
 */
import { once } from "node:events";
import net from "node:net";

export class TcpProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #far = new Set<net.Socket>();
  /** Connections to the server whose nodes take them for ended, and what those had sent over them. */
  readonly #late = new Map<net.Socket, Buffer[]>();
  #isOpen = true;
  #isStopped = false;

  private constructor(serverPort: number) {
    this.#server = net.createServer((near) => {
      if (!this.#isOpen) {
        near.destroy();
        return;
      }
      const far = net.connect(serverPort, "127.0.0.1");
      near.on("data", (data) => {
        const late = this.#late.get(far);
        if (late === undefined) far.write(data);
        else late.push(data);
      });
      far.on("data", (data) => near.write(data));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          if (one === far || !this.#late.has(far)) other.destroy();
        });
      }
      this.#far.add(far);
      far.on("close", () => this.#far.delete(far));
      if (this.#isStopped) far.pause();
    });
  }

  static async start(serverPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(serverPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  url(scheme: string): string {
    return `${scheme}://127.0.0.1:${String((this.#server.address() as net.AddressInfo).port)}`;
  }

  /** Ends all connections, and refuses others until `mend`. */
  cut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isOpen = true;
  }

  /** Nothing comes through any more, and nobody is told. */
  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What is asked comes through, and no answer. */
  silence(): void {
    for (const socket of this.#far) socket.pause();
  }

  /** From now on, what nodes send over the connections that there are is kept back. */
  keepBack(): void {
    for (const far of this.#far) this.#late.set(far, []);
  }

  /** Octets that have been kept back. */
  get keptBack(): number {
    return [...this.#late.values()].flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Nodes lose their connections, while the server goes on having them. */
  part(): void {
    for (const socket of this.#sockets) if (!this.#far.has(socket)) socket.destroy();
  }

  /** What was kept back comes to the server, over the connections that are ended then. Resolves when the server has ended them, too. */
  async comeLate(): Promise<void> {
    await Promise.all(
      [...this.#late].map(async ([far, late]) => {
        const closed = once(far, "close");
        far.end(Buffer.concat(late));
        await closed;
      }),
    );
    this.#late.clear();
  }

  resume(): void {
    this.#isStopped = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async dispose(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
