/**
 * What keys and channels of Redis are called. What one script touches is of one hash slot: the part in braces decides.
 */

// What ends a name, and what stands in its place: of two keys that begin alike, each would be the other's otherwise.
const ending = /[%}]/gu;

/** See the head of this file. Names are the application's, and may hold anything: they stand behind what is fixed. */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The head of a log, and the channel on which its messages are told. */
  log(channel: string): string {
    return this.#of("l", channel);
  }

  logStream(channel: string): string {
    return `${this.log(channel)}:m`;
  }

  logKey(channel: string, key: string): string {
    return `${this.log(channel)}:k:${key}`;
  }

  /** The head of a state, and the channel on which its changes are told. */
  state(channel: string): string {
    return this.#of("s", channel);
  }

  /** The head, the values, the order of their keys, and the last changes of a state. */
  stateAll(channel: string): string[] {
    const head = this.state(channel);
    return [head, `${head}:v`, `${head}:o`, `${head}:c`];
  }

  signal(channel: string): string {
    return this.#of("g", channel);
  }

  media(channel: string): string {
    return this.#of("m", channel);
  }

  mediaFrames(channel: string): string {
    return `${this.media(channel)}:f`;
  }

  call(key: string): string {
    return this.#of("c", key);
  }

  /** What all of presence begins with: a node is forgotten as a whole, so that it is all in one slot. */
  get presence(): string {
    return `${this.#prefix}:{p}:`;
  }

  /** The channel on which it is told who comes and leaves. */
  presenceTold(channel: string): string {
    return `${this.presence}w:${channel}`;
  }

  #of(kind: string, name: string): string {
    return `${this.#prefix}:{${kind}:${name.replaceAll(ending, encodeURIComponent)}}`;
  }
}
