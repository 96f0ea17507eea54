/**
 * Following a channel on the server: the same events as clients get, in order, from every node.
 */
import type { AnyChannel } from "../contract/index.js";
import type { Engine, EngineHost, EngineSubscription, LogBounds, LogEntry } from "../engines/index.js";
import type { Gap } from "../wire/index.js";

/** A message of a log, or that what lay between the last event and a position is lost. */
export type LogFollowed<Message = unknown> =
  | (Omit<LogEntry, "value"> & { readonly type: "message"; readonly value: Message })
  | ({ readonly type: "gap" } & Gap);

/** What has changed of a state. The first event has all there is. */
export interface StateFollowed<Value = unknown> {
  readonly type: "change";
  readonly set: ReadonlyMap<string, Value>;
  readonly deleted: ReadonlySet<string>;
  readonly position: string;
}

/** A signal. */
export interface SignalFollowed<Message = unknown> {
  readonly type: "message";
  readonly value: Message;
  readonly user: string | undefined;
}

/** A frame of media. The first ones are those of the newest group, as far as it is kept. */
export interface MediaFollowed {
  readonly type: "frame";
  readonly group: number;
  readonly index: number;
  readonly data: Uint8Array;
  readonly timeMs: number | undefined;
}

/** Any of them. */
export type Followed = LogFollowed | StateFollowed | SignalFollowed | MediaFollowed;

/** What following needs. */
interface FollowParts {
  readonly engine: Engine;
  readonly host: EngineHost;
  readonly name: string;
  /** Must not throw. */
  readonly tell: (event: Followed) => void;
  readonly report: (error: unknown) => void;
}

const pageLength = 200;
// Of what could not be read, nothing more is told until it can.
const retryMs = 1000;

/** @throws EngineError when the engine cannot follow */
export function follow(parts: FollowParts, kind: AnyChannel["kind"]): Promise<EngineSubscription> {
  switch (kind) {
    case "log":
      return new LogFollower(parts).start();
    case "state":
      return new StateFollower(parts).start();
    case "signal":
      return parts.engine.signals.listen(parts.name, ({ value, user }) => parts.tell({ type: "message", value, user }));
    case "media":
      return followMedia(parts);
  }
}

async function followMedia({ engine, name, tell }: FollowParts): Promise<EngineSubscription> {
  const early: MediaFollowed[] = [];
  let isOpen = false;
  const { newest, stop } = await engine.media.tail(name, (frame) => {
    const event = { type: "frame", ...frame } as const;
    if (isOpen) tell(event);
    else early.push(event);
  });
  isOpen = true;
  for (const frame of newest) tell({ type: "frame", ...frame });
  for (const event of early) tell(event);
  return { stop };
}

/** Follows by the tail, and reads what is kept where the tail has lost its place. */
class LogFollower {
  readonly #parts: FollowParts;
  /** The position of the last message that was told; undefined before the tail has said where it begins. */
  #position: string | undefined;
  /** What has come while it was read. */
  #meanwhile: LogEntry[] = [];
  #isReading = true;
  #isStopped = false;
  /** Whether reading may have been ahead of the tail, which then tells what has been told. */
  #isAhead = false;

  constructor(parts: FollowParts) {
    this.#parts = parts;
  }

  async start(): Promise<EngineSubscription> {
    const tail = await this.#parts.engine.logs.tail(this.#parts.name, {
      message: (entry) => this.#received(entry),
      reset: (reason, bounds) => this.#reset(reason, bounds),
    });
    // Unless it has lost its place by now.
    this.#position ??= tail.position;
    this.#isReading = false;
    this.#takeMeanwhile();
    return {
      stop: () => {
        this.#isStopped = true;
        tail.stop();
      },
    };
  }

  #received(entry: LogEntry): void {
    if (this.#isReading) this.#meanwhile.push(entry);
    else if (entry.previous === this.#position) {
      this.#isAhead = false;
      this.#tell(entry);
    } else if (!this.#isAhead) this.#catchUp([entry]);
  }

  #tell(entry: LogEntry): void {
    this.#position = entry.position;
    if (!this.#isStopped) this.#parts.tell({ type: "message", ...entry });
  }

  #tellGap(reason: Gap["reason"], { epoch }: LogBounds, position: string): void {
    this.#position = position;
    if (!this.#isStopped) this.#parts.tell({ type: "gap", reason, epoch, position });
  }

  #reset(reason: "epoch" | "retention", bounds: LogBounds): void {
    this.#meanwhile = [];
    if (this.#position === undefined) {
      this.#position = bounds.end;
      return;
    }
    // Positions of another epoch mean nothing. In the same one, reading finds out what is lost.
    if (reason === "epoch") this.#tellGap(reason, bounds, bounds.start);
    if (!this.#isReading) this.#catchUp([]);
  }

  #catchUp(meanwhile: LogEntry[]): void {
    this.#isReading = true;
    this.#meanwhile = meanwhile;
    this.#read().then(
      () => {
        this.#isReading = false;
        this.#isAhead = true;
        this.#takeMeanwhile();
      },
      (error: unknown) => {
        this.#isReading = false;
        this.#isAhead = false;
        this.#meanwhile = [];
        this.#parts.report(error);
        // What comes next finds the hole again; it may be long until something comes.
        this.#parts.host.setTimer(() => {
          if (!this.#isReading && !this.#isStopped) this.#catchUp([]);
        }, retryMs);
      },
    );
  }

  async #read(): Promise<void> {
    const { engine, name } = this.#parts;
    for (let isEnd = false; !isEnd && !this.#isStopped; ) {
      const after = this.#position ?? "";
      const page = await engine.logs.read(name, { after, limit: pageLength });
      // Another reset came meanwhile.
      if (after !== this.#position) continue;
      if (page.status === "hole") {
        const { reason, bounds } = page;
        this.#tellGap(reason, bounds, reason === "retention" ? bounds.start : bounds.end);
      } else {
        for (const entry of page.entries) this.#tell(entry);
        isEnd = page.isEnd;
      }
    }
  }

  #takeMeanwhile(): void {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    for (const entry of meanwhile) this.#received(entry);
  }
}

/** Follows by the watch, and reads all where it begins, or the watch has lost its place. */
class StateFollower {
  readonly #parts: FollowParts;
  /** The keys that are known. */
  #keys = new Set<string>();
  #position = "";
  /** What has come while it was read, by key; undefined while it is not. */
  #meanwhile: Map<string, { readonly value: unknown } | undefined> | undefined = new Map();
  /** Counts readings: an older one means nothing. */
  #reading = 0;
  #isStopped = false;

  constructor(parts: FollowParts) {
    this.#parts = parts;
  }

  async start(): Promise<EngineSubscription> {
    const { engine, name } = this.#parts;
    const watch = await engine.states.watch(name, {
      changed: ({ position, key, entry }) => {
        this.#position = position;
        const value = entry === undefined ? undefined : { value: entry.value };
        if (this.#meanwhile !== undefined) this.#meanwhile.set(key, value);
        else this.#tell(new Map([[key, value]]));
      },
      reset: (_epoch, position) => {
        this.#position = position;
        // What had come before is in what is read.
        this.#meanwhile = new Map();
        this.#readAgain();
      },
    });
    const stop = (): void => {
      this.#isStopped = true;
      watch.stop();
    };
    if (this.#position === "") this.#position = watch.position;
    try {
      if (this.#reading === 0) await this.#read();
    } catch (error) {
      stop();
      throw error;
    }
    return { stop };
  }

  /** Reads until it can. */
  #readAgain(): void {
    this.#read().catch((error: unknown) => {
      this.#parts.report(error);
      const reading = this.#reading;
      this.#parts.host.setTimer(() => {
        if (reading === this.#reading && !this.#isStopped) this.#readAgain();
      }, retryMs);
    });
  }

  /** Tells everything, and what is gone since it was told last. */
  async #read(): Promise<void> {
    const { engine, name } = this.#parts;
    const reading = ++this.#reading;
    const changes = new Map<string, { readonly value: unknown } | undefined>();
    for (const key of this.#keys) changes.set(key, undefined);
    let cursor: string | undefined;
    do {
      const page = await engine.states.snapshot(name, { cursor, limit: pageLength });
      if (reading !== this.#reading) return;
      for (const { key, value } of page.entries) changes.set(key, { value });
      cursor = page.cursor;
    } while (cursor !== undefined);
    for (const [key, change] of this.#meanwhile ?? []) changes.set(key, change);
    this.#meanwhile = undefined;
    this.#tell(changes);
  }

  #tell(changes: ReadonlyMap<string, { readonly value: unknown } | undefined>): void {
    const set = new Map<string, unknown>();
    const deleted = new Set<string>();
    for (const [key, change] of changes) {
      if (change === undefined) {
        if (this.#keys.delete(key)) deleted.add(key);
      } else {
        this.#keys.add(key);
        set.set(key, change.value);
      }
    }
    if (!this.#isStopped) this.#parts.tell({ type: "change", set, deleted, position: this.#position });
  }
}
