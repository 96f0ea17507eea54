/**
 * What React's `useSyncExternalStore` reads: a snapshot that stays the same object until something has changed, and whoever
 * is told then.
 *
 * Changes of one turn are told once, at its end. Until then the snapshot is the one before, so that components which render
 * in between all show the same.
 */

/** See the head of this file. */
export abstract class Store<Snapshot> {
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot | undefined;
  #initial: Snapshot | undefined;
  #isDue = false;

  /** What is shown now, as an object of its own. */
  protected abstract make(): Snapshot;

  /** What is shown before anything has come: on a server, and while its page is taken over. */
  protected makeInitial(): Snapshot {
    return this.make();
  }

  readonly getSnapshot = (): Snapshot => (this.#snapshot ??= this.make());

  readonly getServerSnapshot = (): Snapshot => (this.#initial ??= this.makeInitial());

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns what stops it */
  listen(listener: () => void): () => void {
    // The same function may listen twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Something has changed. */
  protected changed(): void {
    if (this.#isDue) return;
    // What is shown before is made before anything changes.
    this.getServerSnapshot();
    this.getSnapshot();
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  /** Nobody is told, and whoever asks gets what is there then. */
  protected forgetSnapshot(): void {
    this.#snapshot = undefined;
  }

  /** Shows what has changed. */
  protected flush(): void {
    this.#snapshot = this.make();
    for (const listener of this.#listeners) listener();
  }
}
