/**
 * Processes that are killed while they write to a journal: what the next one finds is the file as it was at that moment.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Engine, memory } from "#src/realtime/engines/index.js";
import { type FileJournalOptions, fileJournal } from "#src/realtime/engines/journal/index.js";

export class KilledProcesses {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), "openline-journal-"));
  readonly #options: FileJournalOptions;
  readonly #engines: Engine[] = [];
  #files = 0;

  constructor(options: FileJournalOptions) {
    this.#options = options;
  }

  #file(index: number): string {
    return path.join(this.#folder, String(index));
  }

  create(): Engine {
    const engine = memory({ journal: fileJournal(this.#file(this.#files++), this.#options) });
    this.#engines.push(engine);
    return engine;
  }

  reopen(): Engine {
    const last = this.#file(this.#files - 1);
    const next = this.#file(this.#files);
    for (const end of ["", ".new"]) if (existsSync(last + end)) copyFileSync(last + end, next + end);
    return this.create();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
    rmSync(this.#folder, { recursive: true });
  }
}
