/**
 * The media: frames are messages of NATS itself. The node that appended last to a channel holds its newest group, and
 * gives it to those who come later; when another node appends, it takes the group over first. Whoever gave a group away
 * goes on listening until the other holds it, so that somebody answers at any time.
 */
import { randomInt } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import type { MediaEngine, MediaFrame, MediaPlace, MediaTail, NewMediaFrame } from "../index.js";
import { EngineError } from "../index.js";
import type { NatsLink } from "./link.js";
import { FrameJoiner, partsOf } from "./media-frames.js";
import type { Subjects } from "./subjects.js";

/** The newest group of a channel. */
interface Group {
  readonly group: number;
  /** The node that began it. Two that began at once may have given it the same number. */
  readonly source: number;
  /** Frames that it has so far. */
  count: number;
  /** Octets that they have. */
  bytes: number;
  /** Whether it takes no more, since it would have become too long. */
  isOver: boolean;
  /** Its frames; undefined when all groups together became too many octets. */
  frames: MediaFrame[] | undefined;
}

interface Held extends Group {
  readonly stop: () => void;
}

/** The group that a frame goes on with; undefined: whichever is the newest, whoever began it. */
interface Wanted {
  readonly group?: number | undefined;
  readonly source?: number | undefined;
}

/** What is asked of whoever holds a group. */
type Question =
  | { readonly t: "newest" }
  /** The one who asks begins the next group, whatever this one is. */
  | { readonly t: "begin" }
  /** The one who asks takes the group over, if it is the wanted one and not over. */
  | ({ readonly t: "goOn" } & Wanted);

/** What is said to all who may hold a group; `hold`: the one who says it does. Of two, the greater one goes on. */
type Said = (Question | { readonly t: "hold" }) & { readonly by: number };

/** What comes before the frames of an answer. */
interface Answer extends Omit<Group, "frames"> {
  /** Frames that follow; undefined: they are not kept, or nothing to the one who asks. */
  readonly frames: number | undefined;
}

const noResponders = 503;
// Octets of all groups that are held here; the one that was appended to longest ago is not kept for late comers first.
const maxHeldBytes = 256 * 1024 * 1024;
const maxHeld = 10_000;
// An answer of nothing.
const onItsWay = new Uint8Array(0);
// How long to wait for the one who is just taking a group over.
const askAgainMs = 10;
const maxSource = 2 ** 32 - 1;

/** See the head of this file. */
export class NatsMedia implements MediaEngine {
  readonly #link: NatsLink;
  readonly #subjects: Subjects;
  readonly #source: number = randomInt(maxSource);
  /** The one that was appended to longest ago is the first. */
  readonly #held = new Map<string, Held>();
  /** What was given to another node that does not hold it yet: until then, whoever asks hears that it is on its way. */
  readonly #handedOver = new Map<string, () => void>();
  /** Appending to a channel is one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** The groups that were begun here last: numbers rise, even where the node that held the newest one is gone. */
  readonly #begun = new Map<string, number>();
  #bytes = 0;

  constructor(link: NatsLink, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
  }

  async append(channel: string, frame: NewMediaFrame, groupBytesMax: number): Promise<MediaPlace> {
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

  async #append(channel: string, frame: NewMediaFrame, groupBytesMax: number): Promise<MediaPlace> {
    const { data, isKey, timeMs } = frame;
    const from = isKey ? frame.from : undefined;
    if (isKey && data.byteLength > groupBytesMax) throw tooLarge(data.byteLength, groupBytesMax);
    // What nobody would hear is not appended.
    await this.#link.connected();
    const wanted = this.#wantedBy(channel, frame);
    const question: Question = isKey ? { t: "begin" } : { t: "goOn", ...wanted };
    // From the group to holding the next one, nothing waits: another node could take it over meanwhile.
    const newest = this.#held.get(channel) ?? (await this.#ask(channel, question));
    const group = isKey ? this.#begin(channel, newest) : goOn(newest, wanted);
    const bytes = group.bytes + data.byteLength;
    // Without this frame, what follows it in its group is worth nothing.
    if (bytes > groupBytesMax) group.isOver = true;
    const place = { group: group.group, index: group.count };
    const appended: MediaFrame = { ...place, data, timeMs, ...(from !== undefined && { from }) };
    if (!group.isOver) {
      group.count++;
      group.bytes = bytes;
      group.frames?.push(appended);
    }
    const isNew = this.#hold(channel, group);
    if (isNew) this.#say(channel, { t: "hold" });
    if (!group.isOver) this.#tell(channel, appended);
    // Whoever appends after us, on another node, finds us.
    if (isNew) await this.#link.flush();
    if (group.isOver) throw tooLarge(bytes, groupBytesMax);
    return place;
  }

  #wantedBy(channel: string, { group }: NewMediaFrame): Wanted {
    // Whom we gave this number goes on with our group, and not with another node's of the same number.
    const isOurs = group !== undefined && group === this.#begun.get(channel);
    return { group, source: isOurs ? this.#source : undefined };
  }

  #begin(channel: string, before: Group | undefined): Group {
    const group = Math.max(before?.group ?? 0, this.#begun.get(channel) ?? 0) + 1;
    this.#begun.delete(channel);
    this.#begun.set(channel, group);
    for (const oldest of this.#begun.keys()) {
      if (this.#begun.size <= maxHeld) break;
      this.#begun.delete(oldest);
    }
    return { group, source: this.#source, count: 0, bytes: 0, isOver: false, frames: [] };
  }

  #tell(channel: string, frame: MediaFrame): void {
    for (const part of partsOf(frame, this.#source, this.#link.maxPayloadBytes)) {
      this.#link.send(this.#subjects.media(channel), part);
    }
  }

  /** @returns whether it has not been held here before */
  #hold(channel: string, group: Group): boolean {
    const known = this.#held.get(channel);
    const subject = this.#subjects.mediaGroup(channel);
    const stop = known?.stop ?? this.#link.subscribe(subject, (message) => this.#asked(channel, message));
    this.#handedOver.get(channel)?.();
    this.#bytes += keptBytes(group) - (known === undefined ? 0 : keptBytes(known));
    this.#held.delete(channel);
    this.#held.set(channel, { ...group, stop });
    for (const [name, oldest] of this.#held) {
      if (this.#held.size > maxHeld) this.#letGo(name);
      else if (this.#bytes > maxHeldBytes) this.#release(oldest);
      else break;
    }
    return known === undefined;
  }

  #release(held: Held): void {
    this.#bytes -= keptBytes(held);
    held.frames = undefined;
  }

  #say(channel: string, what: Question | { readonly t: "hold" }, reply?: string): void {
    const said: Said = { ...what, by: this.#source };
    this.#link.send(this.#subjects.mediaGroup(channel), JSON.stringify(said), { reply });
  }

  #letGo(channel: string): void {
    this.#remove(channel)?.stop();
  }

  #remove(channel: string): Held | undefined {
    const held = this.#held.get(channel);
    if (held === undefined) return undefined;
    this.#held.delete(channel);
    this.#bytes -= keptBytes(held);
    return held;
  }

  #handOver(channel: string): void {
    const held = this.#remove(channel);
    if (held === undefined) return;
    const end = (): void => {
      clearTimeout(timer);
      this.#handedOver.delete(channel);
      held.stop();
    };
    // Longer does nobody wait for an answer.
    const timer = setTimeout(end, this.#link.options.timeoutMs);
    this.#handedOver.set(channel, end);
  }

  #asked(channel: string, { data, reply = "" }: Msg): void {
    const said = JSON.parse(Buffer.from(data).toString()) as Said;
    const isOwn = said.by === this.#source;
    const held = this.#held.get(channel);
    if (held === undefined) {
      if (said.t !== "hold") this.#link.send(reply, onItsWay);
      else if (!isOwn) this.#handedOver.get(channel)?.();
      return;
    }
    if (said.t === "newest") this.#answer(held, held.frames, reply);
    // What else we said ourselves was before we held it.
    else if (!isOwn) this.#askedByOther(channel, held, said, reply);
  }

  #askedByOther(channel: string, held: Held, said: Exclude<Said, { t: "newest" }>, reply: string): void {
    switch (said.t) {
      case "begin":
        this.#handOver(channel);
        this.#answer(held, undefined, reply);
        break;
      case "goOn": {
        const isTaken = isWanted(held, said) && !held.isOver;
        if (isTaken) this.#handOver(channel);
        this.#answer(held, isTaken ? held.frames : undefined, reply);
        break;
      }
      case "hold":
        if (said.by > this.#source) this.#letGo(channel);
        // The other may have begun to listen only after we said it.
        else this.#say(channel, { t: "hold" });
        break;
    }
  }

  #answer(
    { group, source, count, bytes, isOver }: Group,
    frames: readonly MediaFrame[] | undefined,
    reply: string,
  ): void {
    const answer: Answer = { group, source, count, bytes, isOver, frames: frames?.length };
    this.#link.send(reply, JSON.stringify(answer));
    for (const frame of frames ?? []) {
      for (const part of partsOf(frame, this.#source, this.#link.maxPayloadBytes)) this.#link.send(reply, part);
    }
  }

  /** @returns undefined where nobody has a group */
  #ask(channel: string, question: Question): Promise<Group | undefined> {
    return new Promise((resolve, reject) => {
      const inbox = this.#link.createInbox();
      const joiner = new FrameJoiner();
      const frames: MediaFrame[] = [];
      let answer: Answer | undefined;
      let again: NodeJS.Timeout | undefined;
      const unsubscribe = this.#link.subscribe(inbox, ({ headers, data }) => {
        if (data.byteLength === 0) {
          if (headers?.code === noResponders) finish(undefined);
          else again ??= setTimeout(ask, askAgainMs);
          return;
        }
        if (answer === undefined) answer = JSON.parse(Buffer.from(data).toString()) as Answer;
        else {
          const frame = joiner.add(data);
          if (frame !== undefined) frames.push(frame);
        }
        if (frames.length === (answer.frames ?? 0)) {
          finish({ ...answer, frames: answer.frames === undefined ? undefined : frames });
        }
      });
      const timer = setTimeout(() => fail(this.#link.silent()), this.#link.options.timeoutMs);
      const ask = (): void => {
        again = undefined;
        try {
          // Otherwise it is being answered, by the one who has it now.
          if (answer === undefined) this.#say(channel, question, inbox);
        } catch (error) {
          fail(error as EngineError);
        }
      };
      ask();
      function end(): void {
        clearTimeout(timer);
        clearTimeout(again);
        unsubscribe();
      }
      function fail(error: Error): void {
        end();
        reject(error);
      }
      function finish(group: Group | undefined): void {
        end();
        resolve(group);
      }
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
      const newest = (await this.#ask(channel, { t: "newest" }))?.frames ?? [];
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
    for (const end of [...this.#handedOver.values()]) end();
  }
}

function keptBytes({ frames, bytes }: Group): number {
  return frames === undefined ? 0 : bytes;
}

/** The group that a frame goes on with. */
function goOn(newest: Group | undefined, wanted: Wanted): Group {
  if (newest === undefined && wanted.group === undefined) {
    throw new EngineError("no-key-frame", "the first frame of all must be a key frame");
  }
  if (newest === undefined || !isWanted(newest, wanted)) {
    throw new EngineError("conflict", `group ${String(wanted.group)} is over: another has begun`);
  }
  if (newest.isOver) throw new EngineError("too-large", `group ${newest.group} is over: it would have become too long`);
  return { ...newest };
}

function isWanted(newest: Group, { group, source }: Wanted): boolean {
  return (group ?? newest.group) === newest.group && (source ?? newest.source) === newest.source;
}

function tooLarge(bytes: number, groupBytesMax: number): EngineError {
  return new EngineError("too-large", `a group of ${bytes} octets is longer than groupBytesMax (${groupBytesMax})`);
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
