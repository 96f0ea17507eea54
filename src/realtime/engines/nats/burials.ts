/**
 * Messages that say that something is gone, and are taken away themselves when everybody has heard.
 */
import type { EngineTimer } from "../index.js";
import type { NatsLink } from "./link.js";
import type { Streams } from "./streams.js";
import type { StreamKind } from "./subjects.js";

/** A message to take away. */
export interface Burial {
  readonly kind: StreamKind;
  /** Of the stream: in another one of the same name, something else has that sequence. */
  readonly epoch: string;
  readonly seq: number;
  readonly dueAtMs: number;
  /** What has to be done first. */
  readonly before?: (() => Promise<void>) | undefined;
}

const sweepIntervalMs = 5000;
// What is forgotten stays in its stream until its subject is used again.
const maxBurials = 100_000;
const maxAtOnce = 200;
// Of 200 octets each, about.
const maxKept = 10_000;

/**
 * What says that something is gone, by subject, and is to stay as long as there is not too much of it: a server that is killed has
 * back, when it is started again, what stood in a subject before a message that was taken away (nats-server from 2.10 to 2.15.1
 * at least). Until then it does no harm.
 */
export class LastWords {
  /** How to take it away; the oldest is the first. */
  readonly #kept = new Map<string, () => void>();

  /** @param bury takes it away when there is too much of it */
  add(subject: string, bury: () => void): void {
    this.delete(subject);
    this.#kept.set(subject, bury);
    for (const [oldest, buryOldest] of this.#kept) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(oldest);
      buryOldest();
    }
  }

  /** Something has taken its place. */
  delete(subject: string): void {
    this.#kept.delete(subject);
  }

  /** Their stream is another one. */
  clear(): void {
    this.#kept.clear();
  }
}

/** See the head of this file. */
export class Burials {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  #due: Burial[] = [];
  #timer: EngineTimer | undefined;
  #isSweeping = false;

  constructor(link: NatsLink, streams: Streams) {
    this.#link = link;
    this.#streams = streams;
    this.#sweepLater();
  }

  /** Takes a message away after a while, by the host's `now`. */
  add(kind: StreamKind, seq: number, delayMs: number, before?: () => Promise<void>): void {
    if (this.#due.length >= maxBurials) return;
    const epoch = this.#streams.epochOf(kind);
    this.#due.push({ kind, epoch, seq, dueAtMs: this.#link.host.now() + delayMs, before });
  }

  #sweepLater(): void {
    this.#timer = this.#link.host.setTimer(() => {
      // What cannot be taken away now stays: it costs a little room.
      void this.#sweep().catch(() => undefined);
      this.#sweepLater();
    }, sweepIntervalMs);
  }

  async #sweep(): Promise<void> {
    if (this.#isSweeping || !this.#link.isConnected) return;
    this.#isSweeping = true;
    try {
      const nowMs = this.#link.host.now();
      const due = this.#due.filter(({ dueAtMs }) => dueAtMs <= nowMs).slice(0, maxAtOnce);
      const taken = new Set(due);
      for (const kind of new Set(due.map((burial) => burial.kind))) await this.#streams.lookAt(kind);
      this.#due = this.#due.filter((burial) => !taken.has(burial));
      for (const { kind, epoch, seq, before } of due) {
        if (epoch !== this.#streams.epochOf(kind)) continue;
        await before?.();
        // Something newer may have taken its place already, which is an error that says so.
        await this.#link.api(`STREAM.MSG.DELETE.${this.#streams.name(kind)}`, { seq }).catch(() => undefined);
      }
    } finally {
      this.#isSweeping = false;
    }
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
