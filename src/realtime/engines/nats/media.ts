/**
 * The media: frames are messages of NATS itself. The node that appended last to a channel holds its newest group, and
 * gives it to those who come later; when another node appends, it takes the group over first.
 */
import { randomInt } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import type { MediaEngine, MediaFrame, MediaTail } from "../index.js";
import { EngineError } from "../index.js";
import type { NatsLink } from "./link.js";
import { FrameJoiner, partsOf } from "./media-frames.js";
import type { Subjects } from "./subjects.js";

/** The newest group of a channel. */
interface Group {
  group: number;
  /** Frames that it has so far. */
  count: number;
  /** Its frames; undefined when they became too many octets. */
  frames: MediaFrame[] | undefined;
  bytes: number;
}

interface Held extends Group {
  readonly stop: () => void;
}

/** What is asked of whoever holds a group, and told among them. */
type Question =
  | { readonly t: "newest" }
  | { readonly t: "take" }
  /** Two nodes began at once: the one with the greater number goes on. */
  | { readonly t: "hold"; readonly source: number };

/** What comes before the frames of an answer. */
interface Answer {
  readonly group: number;
  readonly count: number;
  /** Frames that follow; undefined: they are not kept. */
  readonly frames: number | undefined;
}

const noResponders = 503;
// Octets of all groups that are held here; the one that was appended to longest ago is not kept for late comers first.
const maxHeldBytes = 256 * 1024 * 1024;
const maxHeld = 10_000;
const maxSource = 2 ** 32 - 1;

/** See the head of this file. */
export class NatsMedia implements MediaEngine {
  readonly #link: NatsLink;
  readonly #subjects: Subjects;
  readonly #source: number = randomInt(maxSource);
  /** The one that was appended to longest ago is the first. */
  readonly #held = new Map<string, Held>();
  /** Appending to a channel is one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #bytes = 0;

  constructor(link: NatsLink, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
  }

  async append(
    channel: string,
    frame: { data: Uint8Array; isKey: boolean; timeMs?: number | undefined },
    groupBytesMax: number,
  ): Promise<{ group: number; index: number }> {
    this.#link.check();
    const turn = (this.#turns.get(channel) ?? Promise.resolve()).then(() =>
      this.#append(channel, frame, groupBytesMax),
    );
    // Whoever called hears of an error; the next one has nothing to do with it.
    const settled = turn.catch(() => undefined);
    this.#turns.set(channel, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(channel) === settled) this.#turns.delete(channel);
    }
  }

  async #append(
    channel: string,
    { data, isKey, timeMs }: { data: Uint8Array; isKey: boolean; timeMs?: number | undefined },
    groupBytesMax: number,
  ): Promise<{ group: number; index: number }> {
    const before: Group | undefined = this.#held.get(channel) ?? (await this.#ask(channel, "take"));
    if (before === undefined && !isKey) {
      throw new EngineError("no-key-frame", "the first frame of all must be a key frame");
    }
    const group: Group =
      before === undefined || isKey
        ? { group: (before?.group ?? 0) + 1, count: 0, frames: [], bytes: 0 }
        : { ...before };
    const frame: MediaFrame = { group: group.group, index: group.count++, data, timeMs };
    if (group.frames !== undefined) {
      group.bytes += data.byteLength;
      if (group.bytes > groupBytesMax) release(group);
      else group.frames.push(frame);
    }
    const isHeld = this.#held.has(channel);
    this.#hold(channel, group, before === undefined);
    for (const part of partsOf(frame, this.#source, this.#link.maxPayloadBytes)) {
      this.#link.send(this.#subjects.media(channel), part);
    }
    // Whoever appends after us, on another node, finds us.
    if (!isHeld) await this.#link.flush();
    return { group: frame.group, index: frame.index };
  }

  #hold(channel: string, group: Group, isFirst: boolean): void {
    const known = this.#held.get(channel);
    const subject = this.#subjects.mediaGroup(channel);
    const stop = known?.stop ?? this.#link.subscribe(subject, (message) => this.#asked(channel, message));
    this.#bytes += group.bytes - (known?.bytes ?? 0);
    this.#held.delete(channel);
    this.#held.set(channel, { ...group, stop });
    if (isFirst) this.#link.send(subject, JSON.stringify({ t: "hold", source: this.#source } satisfies Question));
    for (const [name, oldest] of this.#held) {
      if (this.#held.size > maxHeld) this.#letGo(name);
      else if (this.#bytes > maxHeldBytes) {
        this.#bytes -= oldest.bytes;
        release(oldest);
      } else break;
    }
  }

  #letGo(channel: string): Held | undefined {
    const held = this.#held.get(channel);
    if (held === undefined) return undefined;
    held.stop();
    this.#held.delete(channel);
    this.#bytes -= held.bytes;
    return held;
  }

  #asked(channel: string, { data, reply = "" }: Msg): void {
    const question = JSON.parse(Buffer.from(data).toString()) as Question;
    switch (question.t) {
      case "newest":
        this.#answer(this.#held.get(channel), reply);
        break;
      case "take":
        this.#answer(this.#letGo(channel), reply);
        break;
      case "hold":
        if (question.source > this.#source) this.#letGo(channel);
        break;
    }
  }

  #answer(held: Group | undefined, reply: string): void {
    if (held === undefined || reply === "") return;
    const { group, count, frames } = held;
    this.#link.send(reply, JSON.stringify({ group, count, frames: frames?.length } satisfies Answer));
    for (const frame of frames ?? []) {
      for (const part of partsOf(frame, this.#source, this.#link.maxPayloadBytes)) this.#link.send(reply, part);
    }
  }

  /** @returns undefined where nobody has a group */
  #ask(channel: string, t: "newest" | "take"): Promise<Group | undefined> {
    return new Promise((resolve, reject) => {
      const inbox = this.#link.createInbox();
      const joiner = new FrameJoiner();
      const frames: MediaFrame[] = [];
      let answer: Answer | undefined;
      const unsubscribe = this.#link.subscribe(inbox, ({ headers, data }) => {
        if (headers?.code === noResponders) finish(undefined);
        else if (answer === undefined) answer = JSON.parse(Buffer.from(data).toString()) as Answer;
        else {
          const frame = joiner.add(data);
          if (frame !== undefined) frames.push(frame);
        }
        if (answer !== undefined && frames.length === (answer.frames ?? 0)) finish(groupOf(answer, frames));
      });
      const timer = setTimeout(() => {
        unsubscribe();
        reject(this.#link.silence());
      }, this.#link.options.timeoutMs);
      function finish(group: Group | undefined): void {
        clearTimeout(timer);
        unsubscribe();
        resolve(group);
      }
      this.#link.send(this.#subjects.mediaGroup(channel), JSON.stringify({ t } satisfies Question), inbox);
    });
  }

  async tail(channel: string, receive: (frame: MediaFrame) => void): Promise<MediaTail> {
    const joiner = new FrameJoiner();
    let early: MediaFrame[] | undefined = [];
    const stop = this.#link.subscribe(this.#subjects.media(channel), ({ data }) => {
      const frame = joiner.add(data);
      if (frame === undefined) return;
      if (early === undefined) receive(frame);
      else early.push(frame);
    });
    try {
      await this.#link.flush();
      const newest = (await this.#ask(channel, "newest"))?.frames ?? [];
      const last = newest.at(-1);
      const after = early.filter((frame) => last === undefined || follows(frame, last));
      early = undefined;
      // They came before anybody could have been told.
      return { newest: after.length === 0 ? newest : joinedGroup(newest, after), stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  stop(): void {
    for (const channel of [...this.#held.keys()]) this.#letGo(channel);
  }
}

function release(group: Group): void {
  group.frames = undefined;
  group.bytes = 0;
}

function groupOf({ group, count, frames: kept }: Answer, frames: MediaFrame[]): Group {
  const bytes = frames.reduce((sum, { data }) => sum + data.byteLength, 0);
  return { group, count, frames: kept === undefined ? undefined : frames, bytes };
}

function follows(frame: MediaFrame, last: MediaFrame): boolean {
  return frame.group > last.group || (frame.group === last.group && frame.index > last.index);
}

/** What was kept and what came since, from the newest key frame on. */
function joinedGroup(newest: readonly MediaFrame[], after: readonly MediaFrame[]): MediaFrame[] {
  const all = [...newest, ...after];
  const key = all.findLastIndex(({ index }) => index === 0);
  return key === -1 ? [] : all.slice(key);
}
