/**
 * A journal whose disk takes a while, and which forgets what it had not written when the process is killed.
 */
import type { Journal, JournalRecord } from "#src/realtime/engines/index.js";
import type { FakeClock } from "#src/testing/index.js";

/** What outlasts the process. */
export class Disk {
  records: JournalRecord[] = [];
}

export class VolatileJournal implements Journal {
  readonly #disk: Disk;
  readonly #clock: FakeClock;
  readonly #writeMs: number;
  #isDead = false;
  #meanwhile: JournalRecord[] | undefined;
  #rewritten = 0;

  constructor(disk: Disk, clock: FakeClock, writeMs: number) {
    this.#disk = disk;
    this.#clock = clock;
    this.#writeMs = writeMs;
  }

  async open(recovered: (record: JournalRecord) => void): Promise<void> {
    for (const record of this.#disk.records) recovered(structuredClone(record));
  }

  async write(records: readonly JournalRecord[]): Promise<void> {
    const copied = structuredClone(records);
    await this.#clock.sleep(this.#writeMs);
    if (this.#isDead) await new Promise(() => {});
    this.#disk.records.push(...copied);
    this.#meanwhile?.push(...copied);
  }

  wantsRewriting(): boolean {
    return this.#disk.records.length > 200 && this.#disk.records.length > 2 * this.#rewritten;
  }

  async rewrite(records: Iterable<JournalRecord>): Promise<void> {
    this.#meanwhile = [];
    const rewritten: JournalRecord[] = [];
    for (const record of records) {
      rewritten.push(structuredClone(record));
      if (rewritten.length % 20 === 0) await this.#clock.sleep(1);
    }
    if (this.#isDead) return;
    this.#disk.records = [...rewritten, ...this.#meanwhile];
    this.#rewritten = this.#disk.records.length;
    this.#meanwhile = undefined;
  }

  async close(): Promise<void> {}

  /** The process is killed. */
  kill(): void {
    this.#isDead = true;
  }
}
