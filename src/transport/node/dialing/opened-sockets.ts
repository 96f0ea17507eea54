/**
 * The sockets of one attempt to reach a server: whatever ends it, none of them stays open, and none of their late
 * errors ends the process.
 */
import type { Socket as TcpSocket } from "node:net";

/** See the head of this file. */
export class OpenedSockets {
  readonly #sockets = new Set<TcpSocket>();

  /** Takes responsibility for a socket. */
  add<Socket extends TcpSocket>(socket: Socket): Socket {
    this.#sockets.add(socket);
    // Without a listener, an error between two steps, or after the last, would end the process. Each step looks whether
    // its socket is still there.
    socket.on("error", ignore);
    return socket;
  }

  /** Cuts one that is not wanted any more. Its late errors are of no interest. */
  discard(socket: TcpSocket): void {
    this.#sockets.delete(socket);
    socket.destroy();
  }

  /** Cuts all. */
  discardAll(): void {
    // The last comes first: TLS says farewell through the one that it goes over.
    for (const socket of [...this.#sockets].reverse()) this.discard(socket);
  }

  /** Leaves a socket to somebody else, who listens to its errors, and with it those that it goes over. */
  release(socket: TcpSocket): void {
    this.#sockets.clear();
    socket.off("error", ignore);
  }
}

function ignore(): void {
  // Whoever waited for this socket has been told otherwise.
}
