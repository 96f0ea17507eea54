/**
 * A delta of what somebody sees of a state: put together of parts that others get, too, and that are encoded once.
 */
import {
  type Codec,
  type DeltaFrame,
  type EncodedElements,
  type Splicer,
  type StateEntry,
  splicerOf,
} from "../wire/index.js";
import type { Prepared, RealtimePlatform } from "./connection.js";
import type { Message } from "./subscription.js";

/** Elements of an array, which each codec encodes once. */
export class Part<Element = unknown> {
  readonly elements: readonly Element[];
  readonly #encoded = new Map<Splicer, EncodedElements>();

  constructor(elements: readonly Element[]) {
    this.elements = elements;
  }

  encodedBy(splicer: Splicer): EncodedElements {
    let encoded = this.#encoded.get(splicer);
    if (encoded === undefined) {
      encoded = splicer.elements(this.elements);
      this.#encoded.set(splicer, encoded);
    }
    return encoded;
  }
}

/** How the deltas from one position to another begin. */
export class DeltaHead extends Part {
  readonly frame: readonly ["d", n: number, position: string, previous: string];

  constructor(n: number, position: string, previous: string) {
    const frame = ["d", n, position, previous] as const;
    super(frame);
    this.frame = frame;
  }
}

// Those of the codecs that servers have, which are few and stay.
const splicers = new WeakMap<Codec, { readonly splicer: Splicer | undefined }>();

function splicerFor(codec: Codec): Splicer | undefined {
  let known = splicers.get(codec);
  if (known === undefined) {
    known = { splicer: splicerOf(codec) };
    splicers.set(codec, known);
  }
  return known.splicer;
}

/** See the head of this file. */
export class ViewDelta implements Message {
  readonly head: DeltaHead;
  readonly #parts: readonly Part<StateEntry>[];
  readonly #deleted: readonly string[];
  readonly #messages = new Map<Codec, string | Uint8Array | Prepared>();

  constructor(head: DeltaHead, parts: readonly Part<StateEntry>[], deleted: readonly string[]) {
    this.head = head;
    this.#parts = parts;
    this.#deleted = deleted;
  }

  messageFor(codec: Codec, platform: RealtimePlatform): string | Uint8Array | Prepared {
    const known = this.#messages.get(codec);
    if (known === undefined) {
      const encoded = this.#encodedBy(codec);
      this.#messages.set(codec, encoded);
      return encoded;
    }
    // For the first, who is the only one as a rule, nothing is made ready.
    if (typeof known !== "string" && !(known instanceof Uint8Array)) return known;
    const prepared = platform.prepare(known);
    this.#messages.set(codec, prepared);
    return prepared;
  }

  #encodedBy(codec: Codec): string | Uint8Array {
    const splicer = splicerFor(codec);
    if (splicer === undefined) return codec.encode(this.#frame());
    const parts = this.#parts.map((part) => part.encodedBy(splicer));
    const tail = this.#deleted.length === 0 ? undefined : splicer.elements([this.#deleted]);
    return splicer.frame(this.head.encodedBy(splicer), parts, tail);
  }

  #frame(): DeltaFrame {
    const { frame: head } = this.head;
    const entries = this.#parts.flatMap(({ elements }) => elements);
    return this.#deleted.length === 0 ? [...head, entries] : [...head, entries, this.#deleted];
  }
}
