/**
 * What a memory engine carries and does not keep: signals, and media but for the newest group.
 */
/* eslint-disable @typescript-eslint/require-await -- what an async method throws, it rejects with, as the interface says */
import type {
  EngineSubscription,
  MediaEngine,
  MediaFrame,
  MediaPlace,
  MediaTail,
  NewMediaFrame,
  Signal,
  SignalEngine,
} from "../engine.js";
import { EngineError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { copyValue } from "../value.js";
import type { MemoryCore } from "./core.js";

/** The signals. */
export class SignalStore implements SignalEngine {
  readonly #core: MemoryCore;
  readonly #listeners = new Listeners<Signal>();

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  async send(channel: string, signal: Signal): Promise<void> {
    this.#core.check();
    const { value } = copyValue(signal.value);
    this.#listeners.tell(channel, { value, user: signal.user });
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    this.#core.check();
    return this.#listeners.add(channel, receive);
  }
}

// What a frame takes in memory beside its octets, about.
const frameBytes = 100;

/** The newest group of a channel. */
interface NewestGroup {
  readonly channel: string;
  readonly group: number;
  /** Frames that it has so far. */
  count: number;
  /** Octets that they have. */
  bytes: number;
  /** Whether it takes no more, since it would have become too long. */
  isOver: boolean;
  /** Its frames; undefined when there was no room for them. */
  frames: MediaFrame[] | undefined;
  /** Octets that are counted for them. */
  reserved: number;
}

/** The media. */
export class MediaStore implements MediaEngine {
  readonly #core: MemoryCore;
  readonly #listeners = new Listeners<MediaFrame>();
  /** The one that began longest ago first. */
  readonly #newest = new Map<string, NewestGroup>();
  /** Those of them that have their frames, in the same order. */
  readonly #kept = new Set<NewestGroup>();
  /** The highest number of a group of a channel that was forgotten: where those begin that nobody knows. */
  #floor = 0;

  constructor(core: MemoryCore) {
    this.#core = core;
  }

  async append(channel: string, frame: NewMediaFrame, groupBytesMax: number): Promise<MediaPlace> {
    this.#core.check();
    const newest = frame.isKey ? this.#begin(channel, frame, groupBytesMax) : this.#goOn(channel, frame, groupBytesMax);
    const { data, isKey, timeMs, from } = frame;
    const appended = { group: newest.group, index: newest.count++, data, timeMs, ...(isKey && { from }) };
    newest.bytes += data.byteLength;
    this.#keep(newest, appended);
    this.#listeners.tell(channel, appended);
    return { group: appended.group, index: appended.index };
  }

  #begin(channel: string, { data }: NewMediaFrame, groupBytesMax: number): NewestGroup {
    const before = this.#newest.get(channel);
    if (data.byteLength > groupBytesMax) throw tooLarge(data.byteLength, groupBytesMax);
    if (before === undefined && this.#newest.size >= this.#core.maxChannels) this.#forgetOne();
    this.#release(before);
    const group = (before?.group ?? this.#floor) + 1;
    const newest = { channel, group, count: 0, bytes: 0, isOver: false, frames: [], reserved: 0 };
    this.#newest.delete(channel);
    this.#newest.set(channel, newest);
    this.#kept.add(newest);
    return newest;
  }

  #goOn(channel: string, { data, group }: NewMediaFrame, groupBytesMax: number): NewestGroup {
    const newest = this.#newest.get(channel);
    if (newest === undefined) throw new EngineError("no-key-frame", "the first frame of all must be a key frame");
    if (group !== undefined && group !== newest.group) {
      throw new EngineError("conflict", `group ${group} is over: ${newest.group} has begun`);
    }
    const bytes = newest.bytes + data.byteLength;
    if (newest.isOver || bytes > groupBytesMax) {
      // Without this frame, what follows it in its group is worth nothing.
      newest.isOver = true;
      throw tooLarge(bytes, groupBytesMax);
    }
    return newest;
  }

  /** Forgets the channel that nobody hears and whose newest group began longest ago. */
  #forgetOne(): void {
    for (const newest of this.#newest.values()) {
      if (this.#listeners.has(newest.channel)) continue;
      this.#release(newest);
      this.#newest.delete(newest.channel);
      this.#floor = Math.max(this.#floor, newest.group);
      return;
    }
    throw new EngineError("full", `there are ${this.#core.maxChannels} channels of media, which is maxChannels`);
  }

  /**
   * Drops the frames of the group that began longest ago of those that nobody hears, to make room: who comes waits for the
   * next key frame. Returns whether there was one.
   */
  dropOldest(): boolean {
    for (const newest of this.#kept) {
      if (this.#listeners.has(newest.channel)) continue;
      this.#release(newest);
      return true;
    }
    return false;
  }

  async tail(channel: string, receive: (frame: MediaFrame) => void): Promise<MediaTail> {
    this.#core.check();
    const { stop } = this.#listeners.add(channel, receive);
    return { newest: [...(this.#newest.get(channel)?.frames ?? [])], stop };
  }

  #keep(newest: NewestGroup, frame: MediaFrame): void {
    if (newest.frames === undefined) return;
    const bytes = frameBytes + frame.data.byteLength;
    if (!this.#hasRoom(bytes)) {
      this.#release(newest);
      return;
    }
    // It may itself have been what made room, and without its beginning the rest of it is worth nothing.
    if (!this.#kept.has(newest)) {
      this.#core.free(bytes);
      return;
    }
    newest.frames.push(frame);
    newest.reserved += bytes;
  }

  #hasRoom(bytes: number): boolean {
    try {
      this.#core.reserve(bytes);
      return true;
    } catch {
      // Who comes later waits for the next key frame.
      return false;
    }
  }

  #release(newest: NewestGroup | undefined): void {
    if (newest?.frames === undefined) return;
    this.#core.free(newest.reserved);
    newest.frames = undefined;
    newest.reserved = 0;
    this.#kept.delete(newest);
  }
}

function tooLarge(bytes: number, groupBytesMax: number): EngineError {
  return new EngineError("too-large", `a group of ${bytes} octets is longer than groupBytesMax (${groupBytesMax})`);
}
