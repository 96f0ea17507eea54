// A sum over the last moments.

/** See the head of this file. */
export class WindowedSum {
  readonly #windowMs: number;
  #values: { readonly value: number; readonly atMs: number }[] = [];

  /** @param windowMs What is older does not count. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(value: number, nowMs: number): void {
    this.#values.push({ value, atMs: nowMs });
  }

  sum(nowMs: number): number {
    this.#values = this.#values.filter(({ atMs }) => nowMs - atMs < this.#windowMs);
    return this.#values.reduce((sum, { value }) => sum + value, 0);
  }

  clear(): void {
    this.#values = [];
  }
}
