/**
 * The account of logs. Each message stands behind another: what all subscribers have heard is one chain, each of them has heard
 * a part of it without a hole, and what was acknowledged is in it, once, at the position that was told.
 */
import { type Excuse, isAcross } from "./calls-account.js";
import type { Findings } from "./findings.js";
import type { LogLine } from "./journal.js";

/** A message where it stands. */
interface Place {
  readonly id: string;
  readonly previous: string;
}

/**
 * What one subscriber has heard since it subscribed, or since a gap: positions, the first being the one before. Each is one of an
 * epoch: a log that begins anew may have the same ones again.
 */
interface Stretch {
  readonly by: string;
  readonly epoch: string;
  readonly positions: string[];
}

/** A message that somebody published. */
interface Published {
  readonly by: string;
  /** Positions that were acknowledged. */
  readonly acked: Set<string>;
  readonly askedAt: number;
  ackedAt: number;
}

type HeardLine = Extract<LogLine, { k: "heard" }>;

/** What must not be, where nothing has been forgotten. */
interface Suspicion {
  readonly at: number;
  readonly what: string;
}

class Channel {
  readonly places = new Map<string, Place>();
  readonly published = new Map<string, Published>();
  readonly open = new Map<string, Stretch>();
  /** What was heard before it was told of which epoch it is. */
  readonly early = new Map<string, HeardLine[]>();
  /** The epoch that was told last, and when. */
  epoch = "";
  #toldAt = Number.NEGATIVE_INFINITY;

  told(epoch: string, at: number): void {
    if (at < this.#toldAt) return;
    this.epoch = epoch;
    this.#toldAt = at;
  }
}

/** An answer may be on its way for so long, and a message to who hears it. */
const answerMs = 2000;
const comeMs = 15_000;

/** What there was. */
export interface LogTotals {
  readonly published: number;
  readonly acknowledged: number;
  /** Acknowledged as duplicates: they had been kept before they were sent again. */
  readonly duplicates: number;
  /** Nobody knows whether they are kept. */
  readonly unsure: number;
  readonly deliveries: number;
  readonly gaps: number;
}

/** See the head of this file. */
export class LogsAccount {
  readonly #findings: Findings;
  readonly #channels = new Map<string, Channel>();
  #duplicates = 0;
  #deliveries = 0;
  #gaps = 0;
  readonly #suspicions: Suspicion[] = [];
  #lapses: readonly Excuse[] = [];

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  #channel(name: string): Channel {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel = new Channel();
    this.#channels.set(name, channel);
    return channel;
  }

  take(line: LogLine): void {
    const channel = this.#channel(line.ch);
    switch (line.k) {
      case "begin":
        this.#publication(channel, line);
        break;
      case "unsure":
        break;
      case "ack": {
        const publication = this.#publication(channel, line);
        publication.acked.add(line.pos);
        publication.ackedAt = line.at;
        if (line.dup) this.#duplicates++;
        break;
      }
      case "live":
        this.#live(channel, line);
        break;
      case "heard":
        this.#heard(channel, line);
        break;
      case "gap":
        this.#gaps++;
        this.#suspicions.push({ at: line.at, what: `${line.by} was told of a gap in ${line.ch} (${line.reason})` });
        this.#place(channel, line.by, channel.epoch);
        channel.told(line.ep, line.at);
        this.#once(line.ch, channel.open.get(line.by));
        channel.open.set(line.by, { by: line.by, epoch: line.ep, positions: [line.pos] });
        break;
      case "unsub":
        this.#place(channel, line.by, channel.epoch);
        this.#once(line.ch, channel.open.get(line.by));
        channel.open.delete(line.by);
        break;
    }
  }

  #publication(channel: Channel, { id, by, at }: Extract<LogLine, { k: "begin" | "ack" }>): Published {
    const known = channel.published.get(id);
    if (known !== undefined) return known;
    const publication = { by, acked: new Set<string>(), askedAt: at, ackedAt: 0 };
    channel.published.set(id, publication);
    return publication;
  }

  #live(channel: Channel, { at, by, ch, ep, pos, recovered }: Extract<LogLine, { k: "live" }>): void {
    channel.told(ep, at);
    this.#place(channel, by, ep);
    const stretch = channel.open.get(by);
    if (stretch === undefined) {
      channel.open.set(by, { by, epoch: ep, positions: [pos] });
      return;
    }
    const last = stretch.positions.at(-1);
    if (last !== pos || stretch.epoch !== ep)
      this.#findings.add("missed", at, `${by} is live in ${ch} at ${pos}, having heard ${String(last)} last`);
    if (!recovered) this.#suspicions.push({ at, what: `${by} has not got everything of ${ch} back` });
  }

  /** What somebody heard first is of this epoch. */
  #place(channel: Channel, by: string, epoch: string): void {
    const lines = channel.early.get(by) ?? [];
    channel.early.delete(by);
    const [first] = lines;
    if (first === undefined) return;
    channel.open.set(by, { by, epoch, positions: [first.from] });
    for (const line of lines) this.#heard(channel, line);
  }

  #heard(channel: Channel, line: HeardLine): void {
    const { at, by, ch, from, m } = line;
    const stretch = channel.open.get(by);
    if (stretch === undefined) {
      // What was kept came before it was live.
      const early = channel.early.get(by) ?? [];
      channel.early.set(by, early);
      early.push(line);
      return;
    }
    const { epoch } = stretch;
    if (stretch.positions.at(-1) !== from) {
      const last = String(stretch.positions.at(-1));
      this.#findings.add("missed", at, `${by} heard what follows ${from} in ${ch}, having heard ${last} last`);
    }
    let previous = from;
    for (const [id, position] of m) {
      this.#deliveries++;
      this.#stand(channel, at, ch, by, { id, previous: placeOf(epoch, previous) }, placeOf(epoch, position));
      stretch.positions.push(position);
      previous = position;
    }
  }

  /** A message has been heard somewhere. */
  #stand(channel: Channel, at: number, ch: string, by: string, place: Place, position: string): void {
    const known = channel.places.get(position);
    if (known === undefined) channel.places.set(position, place);
    else if (known.id !== place.id || known.previous !== place.previous) {
      const other = `${known.id} behind ${known.previous}`;
      this.#findings.add(
        "disordered",
        at,
        `${by} heard ${place.id} behind ${place.previous} at ${position} of ${ch}, others ${other}`,
      );
    }
  }

  /**
   * What does not agree, once everything has been read.
   *
   * @param lapses when what was kept was forgotten, so that there may be gaps
   */
  close(lapses: readonly Excuse[] = []): LogTotals {
    this.#lapses = lapses;
    for (const { at, what } of this.#suspicions) {
      if (!isAcross(lapses, Number.NEGATIVE_INFINITY, at)) this.#findings.add("gap", at, what);
    }
    let published = 0;
    let acknowledged = 0;
    let unsure = 0;
    for (const [name, channel] of this.#channels) {
      for (const by of [...channel.early.keys()]) this.#place(channel, by, channel.epoch);
      this.#closeChannel(name, channel);
      published += channel.published.size;
      for (const { acked } of channel.published.values()) {
        if (acked.size > 0) acknowledged++;
        else unsure++;
      }
    }
    return {
      published,
      acknowledged,
      unsure,
      duplicates: this.#duplicates,
      deliveries: this.#deliveries,
      gaps: this.#gaps,
    };
  }

  #closeChannel(name: string, channel: Channel): void {
    const positionsOf = new Map<string, string[]>();
    for (const [position, { id }] of channel.places) {
      const others = positionsOf.get(id) ?? [];
      positionsOf.set(id, [...others, position]);
      const { askedAt = 0, ackedAt = 0 } = channel.published.get(id) ?? {};
      // Who did not hear that it was kept sends it again, to a log that does not know of it.
      const isAgain = isAcross(this.#lapses, askedAt, ackedAt === 0 ? Number.POSITIVE_INFINITY : ackedAt);
      if (others.length > 0 && !isAgain)
        this.#findings.add("doubled", undefined, `${id} stands in ${name} at ${[...others, position].join(" and ")}`);
      if (!channel.published.has(id)) this.#findings.add("forged", undefined, `nobody published ${id} to ${name}`);
    }
    this.#branches(name, channel);
    for (const [id, published] of channel.published) this.#settle(name, id, published, positionsOf.get(id) ?? []);
    this.#hearers(name, channel);
  }

  /** Behind each message stands one. */
  #branches(name: string, { places }: Channel): void {
    const nextOf = new Map<string, string>();
    for (const [position, { id, previous }] of places) {
      const other = nextOf.get(previous);
      if (other === undefined) nextOf.set(previous, id);
      else
        this.#findings.add(
          "disordered",
          undefined,
          `behind ${previous} of ${name} stand ${other} and ${id} (${position})`,
        );
    }
  }

  #settle(name: string, id: string, { by, acked, askedAt, ackedAt }: Published, places: readonly string[]): void {
    if (acked.size > 1 && !isAcross(this.#lapses, askedAt, ackedAt)) {
      this.#findings.add("two-answers", ackedAt, `${id} of ${name} was acknowledged at ${[...acked].join(" and ")}`);
    }
    const [position] = acked;
    if (position === undefined) return;
    const [place] = places;
    if (place === undefined) {
      // It may have been forgotten before it came to anybody.
      if (isAcross(this.#lapses, ackedAt - answerMs, ackedAt + comeMs)) return;
      this.#findings.add("lost", ackedAt, `${id} of ${by}, acknowledged at ${position} of ${name}, came to nobody`);
    } else if (!places.some((known) => acked.has(positionOf(known)))) {
      this.#findings.add(
        "disordered",
        ackedAt,
        `${id} was acknowledged at ${position} of ${name}, and heard at ${places.map(positionOf).join(" and ")}`,
      );
    }
  }

  /** Whoever still subscribes has heard what stands last. */
  #hearers(name: string, { places, open, epoch: current }: Channel): void {
    const nextOf = new Map<string, string>();
    for (const [position, { previous }] of places) nextOf.set(previous, position);
    for (const stretch of open.values()) {
      this.#once(name, stretch);
      const { by, epoch, positions } = stretch;
      const last = placeOf(epoch, positions.at(-1) ?? "");
      if (epoch !== current) {
        this.#findings.add("missed", undefined, `${by} was not told that ${name} has begun anew`);
        continue;
      }
      let missing = 0;
      for (let next = nextOf.get(last); next !== undefined && missing < places.size; next = nextOf.get(next)) missing++;
      if (missing > 0) this.#findings.add("missed", undefined, `${by} has not heard the last ${missing} of ${name}`);
    }
  }

  /** Nobody has heard anything twice. */
  #once(name: string, stretch: Stretch | undefined): void {
    if (stretch === undefined || new Set(stretch.positions).size === stretch.positions.length) return;
    this.#findings.add("doubled", undefined, `${stretch.by} has heard a message of ${name} twice`);
  }
}

/** Where something stands, whatever begins anew. */
function placeOf(epoch: string, position: string): string {
  return `${position} of ${epoch}`;
}

function positionOf(place: string): string {
  return place.slice(0, place.indexOf(" "));
}
