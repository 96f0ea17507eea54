/**
 * A message that many connections send: framed once as it is, and once more for each way in which their extensions change
 * it. Connections without extensions, or whose extensions agree on how, send the same octets.
 */
import type { Later, SendHints, Sharing, Transformed } from "./extensions/extension.js";
import { stableFromBytes } from "./extensions/extension.js";
import type { ExtensionChain } from "./extensions/extension-chain.js";
import { maxBytesPerUnit } from "./frame-writer.js";
import type { FramedMessage } from "./shared-octets.js";
import type { TextCodec } from "./utf8.js";

/** Where its frames are laid down. */
export interface FramePlace {
  /**
   * Frames octets, which are copied.
   *
   * @param version which of its versions that is; those of the same number are best laid side by side
   */
  lay(version: number, type: "text" | "binary", reserved: number, data: string | Uint8Array): FramedMessage;
}

/** The version that is the message as it is. */
export const plainVersion = 0;

/** See the head of this file. */
export class SharedMessage {
  readonly type: "text" | "binary";
  readonly hints: SendHints;
  readonly #maxBytes: number;
  readonly #place: FramePlace;
  readonly #text: TextCodec;
  /** What was given, until it has been laid down. */
  #data: string | Uint8Array;
  #plain: FramedMessage | undefined;
  #octets: Uint8Array | undefined;
  #versions: Later<FramedMessage>[] | undefined;

  /** @param data text, or octets that stay as they are for the turn; afterwards nobody may ask for another version */
  constructor(data: string | Uint8Array, hints: SendHints, place: FramePlace, text: TextCodec) {
    this.type = typeof data === "string" ? "text" : "binary";
    this.hints = hints;
    this.#data = data;
    this.#maxBytes = typeof data === "string" ? data.length * maxBytesPerUnit : data.byteLength;
    this.#place = place;
    this.#text = text;
  }

  /** The message as it is, framed; from then on it needs nothing of what was given. */
  get plain(): FramedMessage {
    if (this.#plain === undefined) {
      this.#plain = this.#place.lay(plainVersion, this.type, 0, this.#data);
      this.#data = "";
      this.#octets = undefined;
    }
    return this.#plain;
  }

  /** Its octets, as they were given or laid down. */
  get octets(): Uint8Array {
    return (this.#octets ??= this.#encode());
  }

  #encode(): Uint8Array {
    const data = this.#data;
    const isLong = this.#maxBytes >= stableFromBytes;
    if (this.#plain !== undefined || isLong) {
      const { shared, payloadStart, end } = this.plain;
      return shared.bytes.subarray(payloadStart, end);
    }
    if (typeof data !== "string") return data;
    const octets = new Uint8Array(this.#text.byteLength(data));
    this.#text.encodeInto(data, octets, 0);
    return octets;
  }

  /**
   * The version that a connection sends.
   *
   * @returns the frame; undefined where the connection's extensions have to change the message for themselves
   */
  versionFor(chain: ExtensionChain): Later<FramedMessage> | undefined {
    const { sharing } = chain;
    if (sharing === undefined) return undefined;
    if (chain.passes(this.#maxBytes, this.hints)) return this.plain;
    const version = sharing.versionFor(this.octets.byteLength);
    this.#versions ??= [];
    return (this.#versions[version] ??= this.#make(version, sharing));
  }

  #make(version: number, sharing: Sharing): Later<FramedMessage> {
    const bytes = this.octets;
    const message: Transformed = { bytes, start: 0, end: bytes.byteLength, reserved: 0, isOwned: false };
    const changed = sharing.share(message, version, this.hints);
    if (!(changed instanceof Promise)) return this.#frame(version, changed);
    return changed.then((later) => {
      const framed = this.#frame(version, later);
      if (this.#versions !== undefined) this.#versions[version] = framed;
      return framed;
    });
  }

  #frame(version: number, { bytes, start, end, reserved }: Transformed): FramedMessage {
    if (reserved === 0) return this.plain;
    try {
      return this.#place.lay(version, this.type, reserved, bytes.subarray(start, end));
    } catch {
      // A platform that is out of memory: the message can always go out as it is, and a long one has been laid down.
      return this.plain;
    }
  }
}
