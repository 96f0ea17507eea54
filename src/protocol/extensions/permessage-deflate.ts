/**
 * permessage-deflate (RFC 7692) on one connection, and how both ends come to it.
 *
 * A sender keeps a short window, if any, in the memory that all senders share, and begins afresh when it was needed
 * elsewhere. A receiver's is reserved before the handshake ends. Neither exists before there is something to remember.
 */
import type { ExtensionOffer } from "../handshake/extension-header.js";
import type { DataOpcode, Role } from "../opcode.js";
import type { DeflateContext } from "./deflate-context.js";
import type { AgreedParameters, FaultyParameters, WantedParameters } from "./deflate-parameters.js";
import {
  answerOffer,
  clientOffers,
  judgeAnswer,
  maxWindowBits,
  permessageDeflateName,
  readParameters,
  writeAnswer,
} from "./deflate-parameters.js";
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
import { compressedBit, MessageDeflater } from "./message-deflater.js";
import { MessageInflater } from "./message-inflater.js";
import type { AcceptedExtension, ClientExtension, OfferedExtension, ServerExtension } from "./negotiation.js";
import { windowBytes } from "./sliding-window.js";

/** See the head of this file. */
export class PermessageDeflate implements Extension, Sharing {
  readonly name: string = permessageDeflateName;
  readonly claimedBits: number = compressedBit;
  /** What was agreed on. */
  readonly parameters: AgreedParameters;
  readonly #sentBits: number;
  readonly #deflater: MessageDeflater;
  readonly #inflater: MessageInflater;

  /**
   * @param context what it shares with other connections. Memory for the peer's window has been reserved there, unless
   *   the peer sends without context takeover; this extension gives it back
   */
  constructor(context: DeflateContext, role: Role, parameters: AgreedParameters) {
    this.parameters = parameters;
    const { serverMaxWindowBits, clientMaxWindowBits } = parameters;
    const isServer = role === "server";
    const serverTakesOver = !parameters.serverNoContextTakeover;
    const clientTakesOver = !parameters.clientNoContextTakeover;
    this.#sentBits = isServer ? serverMaxWindowBits : clientMaxWindowBits;
    this.#deflater = new MessageDeflater(context, this.#sentBits, isServer ? serverTakesOver : clientTakesOver);
    this.#inflater = new MessageInflater(
      context,
      isServer ? clientMaxWindowBits : serverMaxWindowBits,
      isServer ? clientTakesOver : serverTakesOver,
    );
  }

  /** Octets that its windows hold. */
  get heldBytes(): number {
    return this.#deflater.heldBytes + this.#inflater.heldBytes;
  }

  get sharing(): Sharing {
    return this;
  }

  /**
   * The window bits with which a message of `length` octets has to be deflated for many connections, this one among
   * them. One that fits into the window refers to nothing beyond it, however it is deflated.
   */
  versionFor(length: number): number {
    return length <= 2 ** this.#sentBits ? maxWindowBits : this.#sentBits;
  }

  share(message: Transformed, version: number, hints: SendHints): Later<Transformed> {
    return this.#deflater.shared(message, version, hints);
  }

  /** The peer's window holds more than we know of; but it need not be referred to. */
  sharedMessageSent(): void {
    this.#deflater.forget();
  }

  passes(maxBytes: number, hints: SendHints): boolean {
    return this.#deflater.passes(maxBytes, hints);
  }

  sendMessage(_opcode: DataOpcode, message: Transformed, hints: SendHints): Later<Transformed> {
    return this.#deflater.message(message, hints);
  }

  sendFragment(
    _opcode: DataOpcode,
    fragment: Transformed,
    isFirst: boolean,
    fin: boolean,
    hints: SendHints,
  ): Later<Transformed> {
    return this.#deflater.fragment(fragment, isFirst, fin, hints);
  }

  /** §6: "this bit indicates whether a message is compressed or not". */
  wants(reserved: number): boolean {
    return (reserved & compressedBit) !== 0;
  }

  receiveMessage(message: Transformed, maxBytes: number): Later<Transformed | TransformFailure> {
    return this.#inflater.message(message, maxBytes);
  }

  receivePieces(reserved: number, maxBytes: number): PieceReceiver {
    return this.#inflater.pieces(reserved, maxBytes);
  }

  receiveStream(_reserved: number, taker: PieceTaker): StreamReceiver {
    return this.#inflater.stream(taker);
  }

  close(): void {
    this.#deflater.close();
    this.#inflater.close();
  }
}

/** Reserves memory for a receiver's window. */
function reserveWindow(context: DeflateContext, bits: number): boolean {
  return context.memory.reserve(windowBytes(bits));
}

/** A server's side of the negotiation. */
export class DeflateServerExtension implements ServerExtension {
  readonly name: string = permessageDeflateName;
  readonly claimedBits: number = compressedBit;
  readonly #context: DeflateContext;
  readonly #wanted: WantedParameters;

  constructor(context: DeflateContext, wanted: WantedParameters) {
    this.#context = context;
    this.#wanted = wanted;
  }

  /** Accepts the first offer that breaks no rule; there is none that cannot be met. */
  accept(offers: readonly ExtensionOffer[]): AcceptedExtension | undefined {
    for (const offer of offers) {
      const read = readParameters(offer.parameters, true);
      if ("fault" in read) continue;
      const agreed = answerOffer(read, this.#wanted, (bits) => reserveWindow(this.#context, bits));
      return {
        answer: writeAnswer(agreed, read),
        extension: new PermessageDeflate(this.#context, "server", agreed),
      };
    }
    return undefined;
  }
}

/** A client's side of the negotiation. */
export class DeflateClientExtension implements ClientExtension {
  readonly #context: DeflateContext;
  readonly #wanted: WantedParameters;

  constructor(context: DeflateContext, wanted: WantedParameters) {
    this.#context = context;
    this.#wanted = wanted;
  }

  /** Reserves memory for the server's window before the server is allowed to use one. */
  offer(): OfferedExtension {
    const context = this.#context;
    const { serverMaxWindowBits } = this.#wanted;
    const isReserved = !this.#wanted.serverNoContextTakeover && reserveWindow(context, serverMaxWindowBits);
    const wanted = { ...this.#wanted, serverNoContextTakeover: !isReserved };
    const offers = clientOffers(wanted);
    let reservedBytes = isReserved ? windowBytes(serverMaxWindowBits) : 0;
    const cancel = (): void => {
      context.memory.unreserve(reservedBytes);
      reservedBytes = 0;
    };
    return {
      name: permessageDeflateName,
      claimedBits: compressedBit,
      offers,
      confirm: (answer: ExtensionOffer): Extension | FaultyParameters => {
        const agreed = judgeAnswer(answer, offers, wanted);
        if ("fault" in agreed || agreed.serverNoContextTakeover) cancel();
        if ("fault" in agreed) return agreed;
        if (!agreed.serverNoContextTakeover) {
          // No longer than what was reserved, or it would answer no offer.
          context.memory.unreserve(reservedBytes - windowBytes(agreed.serverMaxWindowBits));
          reservedBytes = 0;
        }
        return new PermessageDeflate(context, "client", agreed);
      },
      cancel,
    };
  }
}
