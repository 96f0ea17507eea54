/**
 * The order of what is sent, although the octets of a `Blob` have to be read first: what comes after one waits for it,
 * the start of the closing handshake included.
 */
export class SendQueue {
  /** What waits for the reading that is under way; undefined while there is none. */
  #waiting: (() => void)[] | undefined;

  /** Whether what is done now has to wait. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Does something when everything before it has been done: at once, where nothing is being read. */
  run(action: () => void): void {
    if (this.#waiting === undefined) action();
    else this.#waiting.push(action);
  }

  /**
   * Reads a `Blob` when everything before it has been done, then calls one of both, before anything after it is done.
   *
   * @param read what has been read
   * @param failed it cannot be read: the file behind it has changed, or is gone
   */
  runWithOctets(blob: Blob, read: (octets: ArrayBuffer) => void, failed: (error: unknown) => void): void {
    this.run(() => {
      this.#waiting ??= [];
      void blob.arrayBuffer().then(
        (octets) => this.#goOn(() => read(octets)),
        (error: unknown) => this.#goOn(() => failed(error)),
      );
    });
  }

  #goOn(first: () => void): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    first();
    // Where another reading begins, what is left waits for that, and before what is added meanwhile.
    for (const action of waiting) this.run(action);
  }
}
