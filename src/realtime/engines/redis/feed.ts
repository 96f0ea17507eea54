/**
 * Whoever follows what is told: as long as each item names the one before it, they are handed on; where one does not,
 * something went lost, and what is missing is read before it goes on.
 */
import type { EngineHost } from "../index.js";

/** What is told. */
export interface Told {
  readonly epoch: string;
  /** The position before it. */
  readonly previous: string;
  readonly position: string;
}

/** What has been read. */
export interface CaughtUp<Item extends Told> {
  readonly items: readonly Item[];
  /** Where it stands then. */
  readonly epoch: string;
  readonly position: string;
  /** Whether nothing followed. */
  readonly isEnd: boolean;
}

/** Where items come from and go to. */
export interface FeedParts<Item extends Told> {
  readonly host: EngineHost;
  /** Reads what follows; whoever is followed tells a break of the chain by itself, and says where it goes on. */
  read(epoch: string, position: string): Promise<CaughtUp<Item>>;
  tell(item: Item): void;
  /** Whether reading leaves out what is past by then: what was told meanwhile, and follows, goes before what was read. */
  readonly leavesOut?: boolean;
  /** Something was told, and was not heard. */
  missed(): void;
}

// What is told while something is read. Beyond it, reading goes on.
const maxMeanwhile = 1000;
const maxReachMs = 1000;

/** See the head of this file. */
export class Feed<Item extends Told> {
  readonly #parts: FeedParts<Item>;
  #epoch = "";
  #position = "";
  #meanwhile: Item[] = [];
  #isBegun = false;
  #isReading = true;
  #isMore = false;
  /** Since it was looked at last. */
  #hasHeard = false;
  #isStopped = false;
  readonly #waiting = new Set<{ readonly epoch: string; readonly position: string; readonly done: () => void }>();

  constructor(parts: FeedParts<Item>) {
    this.#parts = parts;
  }

  /** It begins behind this position. What has been told by now and follows is handed on. */
  begin(epoch: string, position: string): void {
    this.#epoch = epoch;
    this.#position = position;
    this.#isBegun = true;
    this.#isReading = false;
    this.#moved();
    this.#takeMeanwhile();
  }

  /**
   * Resolves when what stands there has been handed on; or after a while, for what was told may have gone lost, and is read
   * later.
   */
  async reached(epoch: string, position: string): Promise<void> {
    if (this.#isStopped || this.#isAt(epoch, position)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(waiting);
        resolve();
      };
      const timer = this.#parts.host.setTimer(done, maxReachMs);
      const waiting = { epoch, position, done };
      this.#waiting.add(waiting);
    });
  }

  #isAt(epoch: string, position: string): boolean {
    return this.#isBegun && epoch === this.#epoch && isBehind(position, this.#position);
  }

  #moved(): void {
    for (const { epoch, position, done } of this.#waiting) if (this.#isAt(epoch, position)) done();
  }

  /** Something is told. */
  received(item: Item): void {
    if (this.#isStopped) return;
    this.#hasHeard = true;
    if (!this.#isReading) {
      this.#take(item);
      return;
    }
    if (this.#meanwhile.length >= maxMeanwhile) {
      this.#meanwhile = [];
      this.#isMore = true;
    }
    this.#meanwhile.push(item);
  }

  /** It stands there: if that is elsewhere than here, something was not heard. Resolves when that has been read. */
  async standsAt(epoch: string, position: string): Promise<void> {
    const hasHeard = this.#hasHeard;
    this.#hasHeard = false;
    if (this.#isReading || this.#isStopped || (epoch === this.#epoch && position === this.#position)) return;
    // What was asked may have been overtaken by what was told; or a replica that knew less became the master. And what
    // was told may be on its way: if anything was heard since the last look, it is heard.
    await this.#catchUp(!hasHeard && (epoch !== this.#epoch || !isBehind(position, this.#position)));
  }

  #take(item: Item): void {
    const isSame = item.epoch === this.#epoch;
    if (isSame && item.previous === this.#position) {
      this.#position = item.position;
      this.#parts.tell(item);
      this.#moved();
    } else if (!isSame || !isBehind(item.position, this.#position)) {
      // It is read with what is missing.
      void this.#catchUp(false);
    }
  }

  #takeMeanwhile(): void {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    if (this.#isMore) {
      this.#isMore = false;
      void this.#catchUp(false);
      return;
    }
    for (const [index, item] of meanwhile.entries()) {
      if (this.#isReading) {
        this.#meanwhile.push(...meanwhile.slice(index));
        return;
      }
      this.#take(item);
    }
  }

  async #catchUp(isMissed: boolean): Promise<void> {
    if (!this.#isBegun) return;
    if (isMissed) this.#parts.missed();
    this.#isReading = true;
    try {
      await this.#read();
      this.#isReading = false;
      this.#takeMeanwhile();
    } catch {
      // What comes next finds the hole again, and so does the next look.
      this.#isReading = false;
      this.#meanwhile = [];
    }
  }

  async #read(): Promise<void> {
    for (let isEnd = false; !isEnd && !this.#isStopped; ) {
      const page = await this.#parts.read(this.#epoch, this.#position);
      // Stopped meanwhile.
      if (!this.#isReading) return;
      isEnd = page.isEnd;
      if (this.#parts.leavesOut === true && this.#takeFollowing() && page.epoch === this.#epoch) {
        const items = page.items.filter((item) => !isBehind(item.position, this.#position));
        if (items.length === 0) continue;
        for (const item of items) this.#parts.tell(item);
      } else {
        for (const item of page.items) this.#parts.tell(item);
      }
      this.#epoch = page.epoch;
      this.#position = page.position;
      this.#moved();
    }
  }

  /** Hands on what was told meanwhile, as far as it follows. @returns whether anything did */
  #takeFollowing(): boolean {
    const before = this.#position;
    for (;;) {
      const [item] = this.#meanwhile;
      if (item?.epoch !== this.#epoch || item.previous !== this.#position) break;
      this.#meanwhile.shift();
      this.#position = item.position;
      this.#parts.tell(item);
    }
    this.#moved();
    return this.#position !== before;
  }

  stop(): void {
    this.#isStopped = true;
    this.#isReading = false;
    this.#meanwhile = [];
    for (const { done } of this.#waiting) done();
  }
}

/** Whether a position is no later than another. */
function isBehind(position: string, other: string): boolean {
  const [major = 0, minor = 0] = position.split("-", 2).map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split("-", 2).map(Number);
  return major < otherMajor || (major === otherMajor && minor <= otherMinor);
}

/** Takes a message apart that names its place: "epoch previous position", a tab, and the rest. */
export function toldOf(message: Buffer): Told & { readonly rest: Buffer } {
  const tab = message.indexOf("\t");
  const [epoch = "", previous = "", position = ""] = message.toString("utf8", 0, tab).split(" ");
  return { epoch, previous, position, rest: message.subarray(tab + 1) };
}
