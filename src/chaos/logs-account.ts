/**
 * The account of logs. Each message stands behind another: what all subscribers have heard is one chain, each of them has heard
 * a part of it without a hole, and what was acknowledged is in it, once, at the position that was told.
 */
import type { Findings } from "./findings.js";
import type { LogLine } from "./journal.js";

/** A message where it stands. */
interface Place {
  readonly id: string;
  readonly previous: string;
}

/** What one subscriber has heard since it subscribed, or since a gap: positions, the first being the one before. */
interface Stretch {
  readonly by: string;
  readonly positions: string[];
}

/** A message that somebody published. */
interface Published {
  readonly by: string;
  /** Positions that were acknowledged. */
  readonly acked: Set<string>;
  ackedAt: number;
}

class Channel {
  readonly places = new Map<string, Place>();
  readonly published = new Map<string, Published>();
  readonly open = new Map<string, Stretch>();
  /** Gaps that were told because the log began anew. */
  gaps = 0;
}

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
        this.#publication(channel, line.id, line.by);
        break;
      case "unsure":
        break;
      case "ack": {
        const publication = this.#publication(channel, line.id, line.by);
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
        this.#findings.add("gap", line.at, `${line.by} was told of a gap in ${line.ch} (${line.reason})`);
        this.#once(line.ch, channel.open.get(line.by));
        channel.open.set(line.by, { by: line.by, positions: [line.pos] });
        break;
      case "unsub":
        this.#once(line.ch, channel.open.get(line.by));
        channel.open.delete(line.by);
        break;
    }
  }

  #publication(channel: Channel, id: string, by: string): Published {
    const known = channel.published.get(id);
    if (known !== undefined) return known;
    const publication = { by, acked: new Set<string>(), ackedAt: 0 };
    channel.published.set(id, publication);
    return publication;
  }

  #live(channel: Channel, { at, by, ch, pos, recovered }: Extract<LogLine, { k: "live" }>): void {
    const stretch = channel.open.get(by);
    if (stretch === undefined) {
      channel.open.set(by, { by, positions: [pos] });
      return;
    }
    const last = stretch.positions.at(-1);
    if (last !== pos)
      this.#findings.add("missed", at, `${by} is live in ${ch} at ${pos}, having heard ${String(last)} last`);
    if (!recovered) this.#findings.add("gap", at, `${by} has not got everything of ${ch} back`);
  }

  #heard(channel: Channel, { at, by, ch, from, m }: Extract<LogLine, { k: "heard" }>): void {
    let stretch = channel.open.get(by);
    if (stretch === undefined) {
      // What was kept came before it was live.
      stretch = { by, positions: [from] };
      channel.open.set(by, stretch);
    }
    if (stretch.positions.at(-1) !== from) {
      const last = String(stretch.positions.at(-1));
      this.#findings.add("missed", at, `${by} heard what follows ${from} in ${ch}, having heard ${last} last`);
    }
    let previous = from;
    for (const [id, position] of m) {
      this.#deliveries++;
      this.#stand(channel, at, ch, by, { id, previous }, position);
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

  /** What does not agree, once everything has been read. */
  close(): LogTotals {
    let published = 0;
    let acknowledged = 0;
    let unsure = 0;
    for (const [name, channel] of this.#channels) {
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
    const positionOf = new Map<string, string>();
    for (const [position, { id }] of channel.places) {
      const other = positionOf.get(id);
      if (other !== undefined)
        this.#findings.add("doubled", undefined, `${id} stands in ${name} at ${other} and ${position}`);
      positionOf.set(id, position);
      if (!channel.published.has(id)) this.#findings.add("forged", undefined, `nobody published ${id} to ${name}`);
    }
    this.#branches(name, channel);
    for (const [id, { by, acked, ackedAt }] of channel.published)
      this.#settle(name, id, by, acked, ackedAt, positionOf);
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

  #settle(
    name: string,
    id: string,
    by: string,
    acked: ReadonlySet<string>,
    ackedAt: number,
    positionOf: ReadonlyMap<string, string>,
  ): void {
    if (acked.size > 1) {
      this.#findings.add("two-answers", ackedAt, `${id} of ${name} was acknowledged at ${[...acked].join(" and ")}`);
    }
    const [position] = acked;
    if (position === undefined) return;
    const stands = positionOf.get(id);
    if (stands === undefined) {
      this.#findings.add("lost", ackedAt, `${id} of ${by}, acknowledged at ${position} of ${name}, came to nobody`);
    } else if (!acked.has(stands)) {
      this.#findings.add(
        "disordered",
        ackedAt,
        `${id} was acknowledged at ${position} of ${name}, and heard at ${stands}`,
      );
    }
  }

  /** Whoever still subscribes has heard what stands last. */
  #hearers(name: string, { places, open }: Channel): void {
    const nextOf = new Map<string, string>();
    for (const [position, { previous }] of places) nextOf.set(previous, position);
    for (const stretch of open.values()) {
      this.#once(name, stretch);
      const { by, positions } = stretch;
      const last = positions.at(-1) ?? "";
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
