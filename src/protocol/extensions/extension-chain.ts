/**
 * The extensions of one connection, in the order in which the server has listed them (RFC 6455 §9.1): what goes out
 * passes the first one first, what comes in passes it last.
 */
import type { DataOpcode } from "../opcode.js";
import type {
  Extension,
  Later,
  PieceReceiver,
  PieceTaker,
  SendHints,
  Sharing,
  StreamReceiver,
  Transformed,
  TransformFailure,
} from "./extension.js";
import { isFailure } from "./extension.js";

/** See the head of this file. */
export class ExtensionChain {
  readonly extensions: readonly Extension[];
  /** The reserved bits that all of them claim, in place. */
  readonly claimedBits: number;
  /** How messages that go to many connections are changed; undefined where each connection does it for itself. */
  readonly sharing: Sharing | undefined;

  constructor(extensions: readonly Extension[]) {
    this.extensions = extensions;
    this.claimedBits = extensions.reduce((bits, extension) => bits | extension.claimedBits, 0);
    // Of several, each would have to know what those before it have made.
    if (extensions.length === 1) this.sharing = extensions[0]?.sharing;
  }

  /** Whether a message of up to `maxBytes` octets goes out as it is, so that it need not be shown. */
  passes(maxBytes: number, hints: SendHints): boolean {
    for (const extension of this.extensions) {
      if (extension.passes?.(maxBytes, hints) !== true) return false;
    }
    return true;
  }

  /** A message goes out. Not to be called while a promise is pending. */
  sendMessage(opcode: DataOpcode, message: Transformed, hints: SendHints): Later<Transformed> {
    return this.#through(message, (extension, before) => extension.sendMessage(opcode, before, hints), 0);
  }

  /** A fragment of a message goes out. Not to be called while a promise is pending. */
  sendFragment(
    opcode: DataOpcode,
    fragment: Transformed,
    isFirst: boolean,
    fin: boolean,
    hints: SendHints,
  ): Later<Transformed> {
    return this.#through(
      fragment,
      (extension, before) => extension.sendFragment(opcode, before, isFirst, fin, hints),
      0,
    );
  }

  #through(
    message: Transformed,
    change: (extension: Extension, before: Transformed) => Later<Transformed>,
    from: number,
  ): Later<Transformed> {
    let changed = message;
    for (let index = from; index < this.extensions.length; index++) {
      const result = change(this.extensions[index] as Extension, changed);
      if (result instanceof Promise) return result.then((after) => this.#through(after, change, index + 1));
      changed = result;
    }
    return changed;
  }

  /** Whether anything has to be done with a message that came with these reserved bits. */
  wants(reserved: number): boolean {
    return this.extensions.some((extension) => extension.wants(reserved));
  }

  /** A message has come in. Never throws and never rejects. */
  receiveMessage(message: Transformed, maxBytes: number): Later<Transformed | TransformFailure> {
    return this.#back(message, maxBytes, this.extensions.length - 1);
  }

  #back(message: Transformed, maxBytes: number, from: number): Later<Transformed | TransformFailure> {
    let changed = message;
    for (let index = from; index >= 0; index--) {
      const extension = this.extensions[index] as Extension;
      if (!extension.wants(changed.reserved)) continue;
      const result = extension.receiveMessage(changed, maxBytes);
      if (result instanceof Promise) return result.then((after) => this.#goBack(after, maxBytes, index - 1));
      if (isFailure(result)) return result;
      changed = result;
    }
    return changed;
  }

  #goBack(
    result: Transformed | TransformFailure,
    maxBytes: number,
    from: number,
  ): Later<Transformed | TransformFailure> {
    return isFailure(result) ? result : this.#back(result, maxBytes, from);
  }

  /**
   * A message begins to come in pieces: the last extension that wants it takes them, those before it the whole message.
   *
   * @returns undefined where none of them wants it
   */
  receivePieces(reserved: number, maxBytes: number): PieceReceiver | undefined {
    const index = this.extensions.findLastIndex((extension) => extension.wants(reserved));
    const pieces = this.extensions[index]?.receivePieces(reserved, maxBytes);
    if (pieces === undefined || index === 0) return pieces;
    return {
      push: (bytes, start, end) => pieces.push(bytes, start, end),
      finish: () => {
        const result = pieces.finish();
        if (result instanceof Promise) return result.then((after) => this.#goBack(after, maxBytes, index - 1));
        return this.#goBack(result, maxBytes, index - 1);
      },
      get heldBytes() {
        return pieces.heldBytes;
      },
      abort: () => pieces.abort(),
    };
  }

  /**
   * Whether a message that came with these reserved bits can be handed on while it comes: only one extension has to do
   * with it, which is able to.
   */
  canStream(reserved: number): boolean {
    const wanting = this.extensions.filter((extension) => extension.wants(reserved));
    return wanting.length === 1 && wanting[0]?.receiveStream !== undefined;
  }

  /** A message begins to come for which `canStream` holds. */
  receiveStream(reserved: number, taker: PieceTaker): StreamReceiver | undefined {
    const extension = this.extensions.find((candidate) => candidate.wants(reserved));
    return extension?.receiveStream?.(reserved, taker);
  }

  /** The connection is over. */
  close(): void {
    for (const extension of this.extensions) extension.close();
  }
}
