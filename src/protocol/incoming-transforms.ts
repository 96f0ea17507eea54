/**
 * The way in for messages that extensions change (RFC 6455 §9): whole ones, and those that come in pieces.
 *
 * Where an extension needs time, nothing that comes after may be read before it is done: the owner is told to pause, and
 * hears the message, or why there is none, before it is told to go on.
 */
import { ProtocolError } from "./errors.js";
import type {
  Later,
  PieceReceiver,
  PieceTaker,
  StreamReceiver,
  Transformed,
  TransformFailure,
} from "./extensions/extension.js";
import { isFailure } from "./extensions/extension.js";
import type { ExtensionChain } from "./extensions/extension-chain.js";
import type { Limits } from "./limits.js";
import { assemblyOverheadBytes } from "./message-assembly.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";

/** The connection, as far as its incoming transforms need it. */
export interface IncomingOwner {
  /** A message as it was before the sender's extensions. */
  transformed(opcode: DataOpcode, bytes: Uint8Array, start: number, end: number, isOwned: boolean): void;
  /** The next octets of the message that is handed on in pieces. Returns whether there is room for more. */
  piece(bytes: Uint8Array, start: number, end: number, isOwned: boolean): boolean;
  /** That message is complete. */
  piecesEnded(): void;
  violation(error: ProtocolError): void;
  /** Whether an extension is at work: nothing may be read on meanwhile. */
  transforming(isPending: boolean): void;
}

/** A message that is handed on in pieces has been handed on. */
const ended = "ended";

type Result = Transformed | TransformFailure | typeof ended | undefined;

// What an inflater of its own costs pays for messages that are longer.
const shortBytes = 64 * 1024;

/** See the head of this file. */
export class IncomingTransforms implements PieceTaker {
  readonly #chain: ExtensionChain;
  readonly #owner: IncomingOwner;
  readonly #maxBufferedBytes: number;
  readonly #maxMessageBytes: number;
  /** Octets that a message may become. */
  readonly #maxBytes: number;
  #opcode: DataOpcode = Opcode.binary;
  #pieces: PieceReceiver | undefined;
  #stream: StreamReceiver | undefined;
  #awaitsRoom = false;
  /** What is being waited for. */
  #pending: Promise<Result> | undefined;
  /** Octets of a whole message that is waited for, as it came. */
  #waitingBytes = 0;

  constructor(chain: ExtensionChain, limits: Limits, owner: IncomingOwner) {
    this.#chain = chain;
    this.#owner = owner;
    this.#maxBufferedBytes = limits.maxBufferedBytes;
    this.#maxMessageBytes = limits.maxMessageBytes;
    // What another thread has inflated is joined at the end, when both live.
    this.#maxBytes = Math.min(limits.maxMessageBytes, Math.floor(limits.maxBufferedBytes / 2));
  }

  /** Whether an extension is at work. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  /** Whether what has been made finds no room, so that nothing is at work. */
  get awaitsRoom(): boolean {
    return this.#awaitsRoom;
  }

  /** Whether a message is coming in pieces that will be handed on whole. */
  get isJoining(): boolean {
    return this.#pieces !== undefined;
  }

  /** Octets held for a message that comes in pieces, or waits to be changed, with overhead. */
  get heldBytes(): number {
    const underWay = this.#pieces ?? this.#stream;
    if (underWay !== undefined) return underWay.heldBytes + assemblyOverheadBytes;
    return this.#waitingBytes === 0 ? 0 : this.#waitingBytes + assemblyOverheadBytes;
  }

  /** Takes a message that is here whole; its octets are lent for the call. */
  whole(opcode: DataOpcode, reserved: number, bytes: Uint8Array, start: number, end: number): void {
    this.#opcode = opcode;
    this.#take(this.#chain.receiveMessage({ bytes, start, end, reserved, isOwned: false }, this.#maxBytes));
    if (this.isPending) this.#waitingBytes = end - start;
  }

  /**
   * Takes a message that is here whole, if it is short.
   *
   * @param isLimited whether it is taken only where it is within the limits
   * @returns false, having done nothing, where it is not
   */
  wholeIfShort(
    opcode: DataOpcode,
    reserved: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    isLimited: boolean,
  ): boolean {
    // Longer ones would take their time.
    if (end - start >= shortBytes) return false;
    const maxBytes = isLimited ? Math.min(shortBytes, this.#maxBytes) : shortBytes;
    const result = this.#chain.receiveMessage({ bytes, start, end, reserved, isOwned: false }, maxBytes);
    if (!(result instanceof Promise) && isFailure(result) && result.failure === "message-too-big") return false;
    this.#opcode = opcode;
    this.#take(result);
    return true;
  }

  /** Whether a message that came with these reserved bits can be handed on while it comes. */
  canStream(reserved: number): boolean {
    return this.#chain.canStream(reserved);
  }

  /** Begins a message that is handed on while it comes. */
  beginStream(reserved: number): void {
    this.#stream = this.#chain.receiveStream(reserved, this);
  }

  /** From an extension. */
  piece(bytes: Uint8Array, start: number, end: number): boolean {
    this.#awaitsRoom = !this.#owner.piece(bytes, start, end, true);
    return !this.#awaitsRoom;
  }

  /** There is room for more. */
  roomForPieces(): void {
    if (!this.#awaitsRoom) return;
    this.#awaitsRoom = false;
    this.#stream?.room();
  }

  /** Begins a message that comes in pieces. */
  begin(opcode: DataOpcode, reserved: number): void {
    this.#opcode = opcode;
    this.#pieces = this.#chain.receivePieces(reserved, this.#maxBytes);
  }

  /** Takes the next piece, which is lent for the call. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const result = this.#stream?.push(bytes, start, end) ?? this.#pieces?.push(bytes, start, end);
    if (result !== undefined) this.#take(result);
    const held = this.heldBytes;
    if (held <= this.#maxBufferedBytes) return;
    this.abort();
    this.#owner.violation(new ProtocolError("too-much-buffered", held, this.#maxBufferedBytes));
  }

  /** The message is complete. */
  finish(): void {
    if (this.#stream !== undefined) {
      this.#take(this.#stream.finish().then((failure) => failure ?? ended));
      return;
    }
    const held = this.#pieces?.heldBytes ?? 0;
    const result = this.#pieces?.finish();
    this.#pieces = undefined;
    if (result !== undefined) this.#take(result);
    if (this.isPending) this.#waitingBytes = held;
  }

  /** Drops everything; nothing is told of it any more. */
  abort(): void {
    this.#pending = undefined;
    this.#waitingBytes = 0;
    this.#awaitsRoom = false;
    this.#pieces?.abort();
    this.#pieces = undefined;
    this.#stream?.abort();
    this.#stream = undefined;
  }

  #take(result: Later<Result>): void {
    if (!(result instanceof Promise)) {
      this.#pending = undefined;
      this.#deliver(result);
      return;
    }
    this.#pending = result;
    this.#owner.transforming(true);
    void result.then((settled) => {
      // It may have been given up meanwhile, or the end of the message be what is waited for.
      if (this.#pending !== result) return;
      this.#pending = undefined;
      this.#waitingBytes = 0;
      this.#deliver(settled);
      if (this.#pending === undefined) this.#owner.transforming(false);
    });
  }

  #deliver(result: Result): void {
    if (result === undefined) return;
    if (result === ended) {
      this.#stream = undefined;
      this.#owner.piecesEnded();
      return;
    }
    if (!isFailure(result)) {
      this.#owner.transformed(this.#opcode, result.bytes, result.start, result.end, result.isOwned);
      return;
    }
    this.abort();
    const { failure, observed, limit, cause } = result;
    const isOurs = failure === "message-too-big" && this.#maxBytes < this.#maxMessageBytes;
    this.#owner.violation(
      isOurs
        ? new ProtocolError("too-much-buffered", observed, this.#maxBufferedBytes, cause)
        : new ProtocolError(failure, observed, limit, cause),
    );
  }
}
