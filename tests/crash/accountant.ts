/**
 * Who keeps account of what was published, acknowledged and heard, and finds what does not agree: everything that was
 * acknowledged has to come to every listener of its room exactly once, in the order of its position, and what was not, at
 * most once.
 */
import type { LogEvent } from "#src/realtime/client/node/index.js";

/** What one listener has heard. */
export class Ledger {
  readonly name: string;
  readonly #heard = new Map<string, string>();
  readonly #faults: string[] = [];
  #position: string | undefined;
  #awaited: { readonly value: string; readonly heard: () => void } | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Messages that it has heard. */
  get size(): number {
    return this.#heard.size;
  }

  /** The position of a value that it has heard. */
  positionOf(value: string): string | undefined {
    return this.#heard.get(value);
  }

  take(event: LogEvent<unknown>): void {
    if (event.type === "gap") this.#faults.push(`${this.name} was told of a gap (${event.reason})`);
    else if (event.type === "live" && !event.recovered) this.#faults.push(`${this.name} has not recovered`);
    else if (event.type === "message") this.#message(String(event.value), event.position, event.previous);
    this.#position = event.position;
  }

  #message(value: string, position: string, previous: string): void {
    if (this.#position !== undefined && previous !== this.#position) {
      this.#faults.push(`${this.name} heard ${value} after ${this.#position}, and not after ${previous}`);
    }
    if (this.#heard.has(value)) this.#faults.push(`${this.name} heard ${value} twice`);
    this.#heard.set(value, position);
    if (this.#awaited?.value === value) this.#awaited.heard();
  }

  /** Resolves when it has heard a value. One is awaited at a time. */
  async hears(value: string): Promise<void> {
    if (this.#heard.has(value)) return;
    await new Promise<void>((resolve) => {
      this.#awaited = { value, heard: resolve };
    });
  }
}

/** One room. */
export class RoomAccount {
  readonly name: string;
  readonly ledgers: Ledger[] = [];
  /** Positions of what was acknowledged, by value. */
  readonly acknowledged = new Map<string, string>();
  /** What was published, and may or may not have arrived. */
  readonly unacknowledged = new Set<string>();
  readonly #faults: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  open(listener: string): Ledger {
    const ledger = new Ledger(`${listener} in ${this.name}`);
    this.ledgers.push(ledger);
    return ledger;
  }

  begin(value: string): void {
    this.unacknowledged.add(value);
  }

  /** A value has been acknowledged, which may happen again to one that is published again with its key. */
  acknowledge(value: string, position: string): void {
    const before = this.acknowledged.get(value);
    if (before !== undefined && before !== position) {
      this.#faults.push(`${value} was acknowledged at ${before} and at ${position}`);
    }
    this.unacknowledged.delete(value);
    this.acknowledged.set(value, position);
  }

  /** Deliveries that were due, and were made. */
  get deliveries(): number {
    return this.ledgers.reduce((sum, { size }) => sum + size, 0);
  }

  /** Of what was not acknowledged, how many came all the same. */
  get arrived(): number {
    const [first] = this.ledgers;
    return [...this.unacknowledged].filter((value) => first?.positionOf(value) !== undefined).length;
  }

  /** What does not agree, once everybody has heard the last message. */
  audit(): readonly string[] {
    const faults = [...this.#faults];
    for (const ledger of this.ledgers) {
      faults.push(...ledger.faults);
      let known = 0;
      for (const [value, position] of this.acknowledged) {
        const heardAt = ledger.positionOf(value);
        if (heardAt === undefined) faults.push(`${ledger.name} has not heard ${value}, acknowledged at ${position}`);
        else if (heardAt !== position)
          faults.push(`${ledger.name} heard ${value} at ${heardAt}, and not at ${position}`);
        else known++;
      }
      for (const value of this.unacknowledged) if (ledger.positionOf(value) !== undefined) known++;
      if (known < ledger.size) faults.push(`${ledger.name} has heard ${ledger.size - known} that nobody published`);
    }
    const sizes = new Set(this.ledgers.map(({ size }) => size));
    if (sizes.size > 1) faults.push(`in ${this.name} listeners have heard ${[...sizes].join(" and ")} messages`);
    return faults;
  }
}
