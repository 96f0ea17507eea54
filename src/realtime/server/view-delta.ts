/**
 * A delta of what somebody sees of a state: put together of parts that others see, too.
 */
import { type Codec, type DeltaFrame, type EncodedArray, spliced } from "../wire/index.js";
import type { Part } from "./area-index.js";
import type { Prepared, RealtimePlatform } from "./connection.js";
import type { Message } from "./subscription.js";

/** See the head of this file. */
export class ViewDelta implements Message {
  readonly #head: readonly ["d", n: number, position: string, previous: string];
  readonly #parts: readonly Part[];
  readonly #deleted: readonly string[];
  readonly #messages = new Map<Codec, EncodedArray | Prepared>();

  constructor(
    head: readonly ["d", n: number, position: string, previous: string],
    parts: readonly Part[],
    deleted: readonly string[],
  ) {
    this.#head = head;
    this.#parts = parts;
    this.#deleted = deleted;
  }

  get previous(): string {
    return this.#head[3];
  }

  messageFor(codec: Codec, platform: RealtimePlatform): EncodedArray | Prepared {
    const known = this.#messages.get(codec);
    if (known === undefined) {
      const encoded = this.#encoded(codec);
      this.#messages.set(codec, encoded);
      return encoded;
    }
    // For the first, who is the only one as a rule, nothing is made ready.
    if (typeof known !== "string" && !(known instanceof Uint8Array)) return known;
    const prepared = platform.prepare(known);
    this.#messages.set(codec, prepared);
    return prepared;
  }

  #encoded(codec: Codec): EncodedArray {
    const parts = this.#parts.map((part) => part.encodedBy(codec));
    const tail = this.#deleted.length === 0 ? [] : [this.#deleted];
    return spliced(codec, this.#head, parts, tail) ?? codec.encode(this.#frame());
  }

  #frame(): DeltaFrame {
    const entries = this.#parts.flatMap((part) => part.entries);
    return this.#deleted.length === 0 ? [...this.#head, entries] : [...this.#head, entries, this.#deleted];
  }
}
