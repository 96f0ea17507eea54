/**
 * The states: a hash for each, compared, changed and told by one script.
 */
import type { StateChange, StateDelta, StateEngine, StateEntry, StatePage, StateSink, StateWatch } from "../index.js";
import { EngineError, payloadOf, readPayloadText, textOfValue, valueOfText } from "../index.js";
import { Feed, type Told, toldOf } from "./feed.js";
import type { Keys } from "./keys.js";
import type { RedisLink, Reply } from "./link.js";
import { emptyKnownMs, randomTag } from "./logs.js";
import type { Script } from "./script.js";
import { deleteScript, placeScript, setScript, sinceScript, snapshotScript } from "./state-scripts.js";

/** What stands before the value that is told; without one, the key was deleted. */
interface StateHead {
  readonly k: string;
}

interface ToldChange extends Told {
  readonly change: StateChange;
}

/** What a key was set to, or that it was deleted. */
interface KeyChange {
  readonly key: string;
  readonly position: string;
  readonly valueText: string | undefined;
}

interface Since {
  readonly epoch: string;
  readonly position: string;
  /** Undefined where they are not known. */
  readonly changes: readonly KeyChange[] | undefined;
}

/** See the head of this file. */
export class RedisStates implements StateEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #watches = new Set<() => void>();

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async set(channel: string, key: string, value: unknown, expected: string | null | undefined): Promise<string> {
    this.#link.check();
    return await this.#change(setScript, channel, key, expected, textOfValue(value));
  }

  async delete(channel: string, key: string, expected: string | null | undefined): Promise<string> {
    this.#link.check();
    return await this.#change(deleteScript, channel, key, expected, undefined);
  }

  async #change(
    script: Script,
    channel: string,
    key: string,
    expected: string | null | undefined,
    valueText: string | undefined,
  ): Promise<string> {
    const payload = payloadOf({ k: key } satisfies StateHead, valueText);
    const { changesKept, forgetAfterMs } = this.#link.options;
    const revision = expected === undefined ? "*" : (expected ?? "");
    const args = [key, revision, randomTag(), payload, changesKept, valueText ?? forgetAfterMs];
    const answer = await this.#ask(script, channel, args, { isIdempotent: false, isWrite: true });
    const [isDone, found] = answer as [number, Buffer | null];
    if (isDone === 1) return String(found);
    const current = found === null ? undefined : keyChange(key, found);
    throw new EngineError("conflict", `the key ${JSON.stringify(key)} has another revision`, {
      current:
        current === undefined
          ? { revision: null }
          : { value: valueOfText(current.valueText ?? ""), revision: current.position },
    });
  }

  async #ask(
    script: Script,
    channel: string,
    args: readonly (string | number)[],
    { isIdempotent, isWrite } = { isIdempotent: true, isWrite: false },
  ): Promise<readonly Reply[]> {
    const keys = this.#keys.stateAll(channel);
    const all = [this.#link.newEpoch(), emptyKnownMs, ...args];
    const lane = isWrite ? keys[0] : undefined;
    return (await this.#link.run(script, { keys, args: all, isIdempotent, isWrite, lane })) as readonly Reply[];
  }

  async snapshot(channel: string, options: { cursor?: string | undefined; limit: number }): Promise<StatePage> {
    const [begun = "", start = "", last = 0] =
      options.cursor === undefined ? [] : (JSON.parse(options.cursor) as [string, string, number]);
    const answer = await this.#ask(snapshotScript, channel, [start, last, options.limit]);
    const [epoch, position, next, ...found] = answer as [Buffer, Buffer, number, ...Buffer[]];
    if (begun !== "" && begun !== String(epoch)) {
      throw new EngineError("unavailable", "the state has begun anew while it was read: read it again");
    }
    return {
      epoch: String(epoch),
      position: String(position),
      entries: changesOf(found).map(entryOf),
      cursor: next === -1 ? undefined : JSON.stringify([String(epoch), String(position), next]),
    };
  }

  async changesSince(channel: string, epoch: string, position: string): Promise<StateDelta | undefined> {
    const since = await this.#since(channel, epoch, position);
    if (since.changes === undefined) return undefined;
    return {
      epoch,
      position: since.position,
      entries: since.changes.filter(({ valueText }) => valueText !== undefined).map(entryOf),
      deleted: since.changes.filter(({ valueText }) => valueText === undefined).map(({ key }) => key),
    };
  }

  async #since(channel: string, of: string, after: string): Promise<Since> {
    const answer = await this.#ask(sinceScript, channel, [of, after, this.#link.options.changesKept]);
    const [epoch, position, isKnown, ...found] = answer as [Buffer, Buffer, number, ...Buffer[]];
    const changes = isKnown === 1 ? changesOf(found) : undefined;
    return { epoch: String(epoch), position: String(position), changes };
  }

  async #place(channel: string): Promise<{ epoch: string; position: string }> {
    const [epoch, position] = (await this.#ask(placeScript, channel, [])) as Buffer[];
    return { epoch: String(epoch), position: String(position) };
  }

  async watch(channel: string, sink: StateSink): Promise<StateWatch> {
    this.#link.check();
    const told = this.#keys.state(channel);
    const feed = new Feed<ToldChange>({
      host: this.#link.host,
      read: (epoch, position) => this.#catchUp(channel, sink, epoch, position),
      tell: ({ change }) => sink.changed(change),
      missed: () => this.#link.subscriptions.missed(told),
    });
    const unsubscribe = await this.#link.subscribe(told, (message) => feed.received(toldChange(message)));
    const stop = (): void => {
      feed.stop();
      unaudit();
      unsubscribe();
      this.#watches.delete(stop);
    };
    const unaudit = this.#link.onAudit(async () => {
      await this.#place(channel).then(
        ({ epoch, position }) => feed.standsAt(epoch, position),
        // The next one finds it.
        () => undefined,
      );
    });
    this.#watches.add(stop);
    try {
      const { epoch, position } = await this.#place(channel);
      // In a moment, so that nobody is told before they know where it begins.
      setImmediate(() => feed.begin(epoch, position));
      return { epoch, position, stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  async #catchUp(channel: string, sink: StateSink, of: string, after: string) {
    const { epoch, position, changes } = await this.#since(channel, of, after);
    if (changes === undefined) {
      sink.reset(epoch, position);
      return { items: [], epoch, position, isEnd: true };
    }
    let previous = after;
    const items = changes.map((found): ToldChange => {
      const change = { position: found.position, previous, key: found.key, entry: stateEntry(found) };
      previous = found.position;
      return { epoch, previous: change.previous, position: change.position, change };
    });
    return { items, epoch, position, isEnd: true };
  }

  stop(): void {
    for (const stop of this.#watches) stop();
  }
}

function toldChange(message: Buffer): ToldChange {
  const { rest, ...told } = toldOf(message);
  const { head, valueText } = readPayloadText<StateHead>(String(rest));
  const { previous, position } = told;
  const entry = stateEntry({ key: head.k, position, valueText });
  return { ...told, change: { position, previous, key: head.k, entry } };
}

function stateEntry(change: KeyChange): StateEntry | undefined {
  return change.valueText === undefined ? undefined : entryOf(change);
}

function entryOf({ key, position, valueText = "" }: KeyChange): StateEntry {
  return { key, value: valueOfText(valueText), revision: position };
}

/** Keys and what they have, in turn. */
function changesOf(found: readonly Buffer[]): KeyChange[] {
  const changes: KeyChange[] = [];
  for (let index = 0; index + 1 < found.length; index += 2) {
    changes.push(keyChange(String(found[index]), found[index + 1] ?? Buffer.alloc(0)));
  }
  return changes;
}

function keyChange(key: string, found: Buffer): KeyChange {
  const text = String(found);
  const tab = text.indexOf("\t");
  return tab === -1
    ? { key, position: text, valueText: undefined }
    : { key, position: text.slice(0, tab), valueText: text.slice(tab + 1) };
}
