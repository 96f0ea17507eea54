/**
 * One subscriber's way through a log: page by page where it lags, then what comes, as long as it keeps up.
 */
import type { LogHole, LogPage } from "../engines/index.js";
import type { Gap, MessageFrame, ServerFrame, SubOptions, SubReply } from "../wire/index.js";
import type { LogHub } from "./log-hub.js";
import type { Subscriber, Subscription } from "./subscription.js";

/** Where a subscriber is. */
type Phase =
  /** The first answer has not been given. */
  | "starting"
  /** It gets pages, and asks for the next one itself. */
  | "paging"
  /** It is ahead of what the hub has got, which it waits for. */
  | "ahead"
  /** It gets what comes. */
  | "live"
  | "stopped";

/** See the head of this file. */
export class LogSubscription implements Subscription {
  readonly #hub: LogHub;
  readonly #subscriber: Subscriber;
  #phase: Phase = "starting";
  /** The last position that was sent, and the epoch in which it means something. */
  #position = "";
  #epoch = "";
  /** The next place in the ring, while it is live. */
  #place = 0;
  #isReading = false;
  /** The client wants a page, and has no room for it. */
  #isWanted = false;

  constructor(hub: LogHub, subscriber: Subscriber) {
    this.#hub = hub;
    this.#subscriber = subscriber;
  }

  /** Finds where to begin, answers, and sends the first page where there is one. */
  async start({ since, last }: SubOptions, reply: (reply: SubReply) => boolean): Promise<void> {
    const hub = this.#hub;
    if (since === undefined && last === undefined) {
      hub.flush();
      this.#epoch = hub.epoch;
      this.#position = hub.position;
      if (this.#answer(reply, undefined)) this.#goLive(hub.ring.end);
      return;
    }
    let gap: Gap | undefined;
    if (since === undefined) await this.#startAtLast(last ?? 0);
    else gap = await this.#startAt(since);
    if (!this.#answer(reply, since === undefined ? undefined : gap === undefined)) return;
    this.#phase = "paging";
    if (gap !== undefined) this.#subscriber.out.sendOwn([["gap", hub.n, gap]]);
    await this.#readPage();
  }

  #answer(reply: (reply: SubReply) => boolean, recovered: boolean | undefined): boolean {
    if (this.#phase === "stopped") return false;
    const { n, kind } = this.#hub;
    const answer = { n, kind, epoch: this.#epoch, position: this.#position };
    return reply(recovered === undefined ? answer : { ...answer, recovered });
  }

  async #startAtLast(count: number): Promise<void> {
    const { engine, limits } = this.#hub.context;
    const limit = Math.min(count, limits.maxHistoryMessages);
    const bounds = await engine.logs.bounds(this.#hub.name);
    this.#epoch = bounds.epoch;
    this.#position = bounds.end;
    if (limit === 0) return;
    const page = await engine.logs.read(this.#hub.name, { limit });
    if (page.status !== "ok") return;
    this.#epoch = page.epoch;
    this.#position = page.entries[0]?.previous ?? bounds.end;
  }

  /** @returns the gap, where something is lost */
  async #startAt([epoch, position]: readonly [string, string]): Promise<Gap | undefined> {
    const { engine } = this.#hub.context;
    this.#epoch = epoch;
    this.#position = position;
    const bounds = await engine.logs.bounds(this.#hub.name);
    if (bounds.epoch !== epoch) return this.#goTo("epoch", bounds.epoch, bounds.start);
    const page = await engine.logs.read(this.#hub.name, { after: position, limit: 1 });
    return page.status === "ok" ? undefined : this.#goOver(page);
  }

  /** Goes on behind what is lost. Of what never was, nothing can be told that has not been handled before: from now on. */
  #goOver({ reason, bounds }: LogHole): Gap {
    return this.#goTo(reason, bounds.epoch, reason === "retention" ? bounds.start : bounds.end);
  }

  #goTo(reason: Gap["reason"], epoch: string, position: string): Gap {
    this.#epoch = epoch;
    this.#position = position;
    return { reason, epoch, position };
  }

  more(): void {
    if (this.#phase !== "paging") return;
    this.#isWanted = true;
    this.#readWanted();
  }

  #readWanted(): void {
    if (!this.#isWanted || this.#isReading || !this.#subscriber.out.hasRoom) return;
    this.#isWanted = false;
    this.#readPage().catch((error: unknown) => this.#subscriber.failed(this, error));
  }

  async #readPage(): Promise<void> {
    this.#isReading = true;
    try {
      const { name, context, ring } = this.#hub;
      const frames: ServerFrame[] = [];
      if (this.#epoch !== this.#hub.epoch) {
        const bounds = await context.engine.logs.bounds(name);
        // The engine may know of a new epoch before it has told.
        if (bounds.epoch !== this.#epoch) frames.push(this.#gapFrame(this.#goTo("epoch", bounds.epoch, bounds.start)));
      }
      const { pageMessages: limit, pageBytes: maxBytes } = context.limits;
      const seen = ring.end;
      let page: LogPage | LogHole;
      do {
        page = await context.engine.logs.read(name, { after: this.#position, limit, maxBytes });
        if (page.status === "hole") frames.push(this.#gapFrame(this.#goOver(page)));
      } while (page.status === "hole");
      if (this.#phase === "stopped") return;
      this.#send(frames, page, seen);
    } finally {
      this.#isReading = false;
    }
    this.#readWanted();
  }

  #gapFrame(gap: Gap): ServerFrame {
    return ["gap", this.#hub.n, gap];
  }

  /** @param seen where the ring ended before the page was read */
  #send(frames: ServerFrame[], page: LogPage, seen: number): void {
    const hub = this.#hub;
    hub.flush();
    for (const entry of page.entries) frames.push(hub.frameOf(entry));
    this.#position = page.entries.at(-1)?.position ?? this.#position;
    const isSameEpoch = this.#epoch === hub.epoch;
    const joint = isSameEpoch ? this.#findJoint(hub.ring.start) : undefined;
    // What it waits for may have gone through the ring, and out of it, while the page was read.
    const isAhead = joint === undefined && isSameEpoch && page.isEnd && hub.ring.start <= seen;
    const isLast = joint !== undefined || isAhead;
    frames.push(["page", hub.n, this.#position, isLast]);
    this.#subscriber.out.sendOwn(frames);
    if (joint !== undefined) this.#join(joint);
    else if (isAhead) {
      this.#phase = "ahead";
      this.#place = hub.ring.end;
    } else this.#phase = "paging";
  }

  /** Where the ring goes on from our position: a place, and the frames of the place before that we lack. */
  #findJoint(from: number): { place: number; rest: readonly MessageFrame[] } | undefined {
    const { ring, position } = this.#hub;
    if (this.#position === position) return { place: ring.end, rest: [] };
    for (let place = ring.end - 1; place >= from; place--) {
      const frames = ring.at(place)?.shared.frames ?? [];
      const index = frames.findIndex(([, , , previous]) => previous === this.#position);
      if (index === 0) return { place, rest: [] };
      if (index > 0) return { place: place + 1, rest: frames.slice(index) };
    }
    return undefined;
  }

  #join({ place, rest }: { place: number; rest: readonly MessageFrame[] }): void {
    if (rest.length > 0) {
      this.#subscriber.out.sendOwn(rest);
      this.#position = rest.at(-1)?.[2] ?? this.#position;
    }
    this.#goLive(place);
  }

  #goLive(place: number): void {
    this.#phase = "live";
    this.#place = place;
    this.pump();
  }

  pump(): void {
    if (this.#phase === "paging") this.#readWanted();
    else if (this.#phase === "ahead") this.#lookForJoint();
    else if (this.#phase === "live") this.#sendLive();
  }

  #lookForJoint(): void {
    const joint = this.#findJoint(Math.max(this.#place, this.#hub.ring.start));
    if (joint !== undefined) this.#join(joint);
    else this.#place = this.#hub.ring.end;
  }

  #sendLive(): void {
    const { ring } = this.#hub;
    const { out } = this.#subscriber;
    while (this.#place < ring.end && out.hasRoom) {
      if (this.#place < ring.start) {
        this.#fallBack();
        return;
      }
      const shared = ring.at(this.#place++)?.shared;
      if (shared === undefined) return;
      out.sendShared(shared);
      this.#position = shared.frames.at(-1)?.[2] ?? this.#position;
    }
  }

  /** It lags too far: it goes on by pages, when it is ready. */
  #fallBack(): void {
    this.#phase = "paging";
    this.#subscriber.out.sendOwn([["page", this.#hub.n, this.#position, false]]);
  }

  /** The log has been reset: a gap is to be told with the next page. */
  broken(): void {
    if (this.#phase !== "live" && this.#phase !== "ahead") return;
    this.#fallBack();
  }

  stop(): void {
    this.#phase = "stopped";
    this.#hub.left(this);
  }
}
