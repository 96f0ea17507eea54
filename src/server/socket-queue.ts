/**
 * Sockets that wait for somebody to iterate over the server.
 */
type Result<AnySocket> = IteratorResult<AnySocket, undefined>;

/** See the head of this file. */
export class SocketQueue<AnySocket> {
  readonly #waitingSockets: AnySocket[] = [];
  readonly #waiters: ((result: Result<AnySocket>) => void)[] = [];
  #hasEnded = false;

  /** Sockets that nobody has taken. */
  get size(): number {
    return this.#waitingSockets.length;
  }

  push(socket: AnySocket): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#waitingSockets.push(socket);
    else waiter({ done: false, value: socket });
  }

  /** Nobody needs to take this socket any more. */
  remove(socket: AnySocket): void {
    const index = this.#waitingSockets.indexOf(socket);
    if (index !== -1) this.#waitingSockets.splice(index, 1);
  }

  /** No more sockets will come; those that wait may still be taken. */
  end(): void {
    this.#hasEnded = true;
    for (const waiter of this.#waiters.splice(0)) waiter({ done: true, value: undefined });
  }

  iterate(): AsyncIterator<AnySocket, undefined> {
    return {
      next: () => {
        const socket = this.#waitingSockets.shift();
        if (socket !== undefined) return Promise.resolve({ done: false, value: socket });
        if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
        return new Promise<Result<AnySocket>>((resolve) => this.#waiters.push(resolve));
      },
    };
  }
}
