/**
 * The data frames of one connection on their way in (RFC 6455 §5.4, §5.6): puts messages together, or hands them on piece
 * by piece, lets extensions change them back, and reads text.
 */
import type { ConnectionContext, ConnectionSink, Receiving } from "./connection-context.js";
import { ProtocolError } from "./errors.js";
import type { ExtensionChain } from "./extensions/extension-chain.js";
import type { FrameSink, SizeJudgement } from "./frame-parser.js";
import type { IncomingOwner } from "./incoming-transforms.js";
import { IncomingTransforms } from "./incoming-transforms.js";
import { MessageAssembly } from "./message-assembly.js";
import { MessagePieces } from "./message-pieces.js";
import { copyOctets } from "./octets.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";

/** The connection, as far as its receiver needs it. */
export interface ReceiverOwner {
  control(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  violation(error: ProtocolError): void;
  /** Whether an extension is at work: nothing may be read on meanwhile. */
  transforming(isPending: boolean): void;
  /** What comes next waits until it is known how it is to be handed on. */
  sizeInDoubt(): void;
  /** `sizes` may be another one. */
  sizesChanged(): void;
}

/** See the head of this file. */
export class MessageReceiver implements FrameSink, IncomingOwner {
  readonly #context: ConnectionContext;
  readonly #sink: ConnectionSink;
  readonly #owner: ReceiverOwner;
  readonly #incoming: IncomingTransforms | undefined;
  #receiving: Receiving = "whole";
  /** A message that is joined: as it is, or, while nobody knows how to hand it on, as it came. */
  #assembly: MessageAssembly | undefined;
  /** The opcode of the message that is joined; what waits for an extension is octets to the assembly. */
  #opcode: DataOpcode = Opcode.binary;
  #reserved = 0;
  /** A message that is handed on piece by piece. */
  #pieces: MessagePieces | undefined;
  /** A message that is complete, of which nobody knows how to hand on what an extension will make of it. */
  #inDoubt: Uint8Array | undefined;
  /** Octets of the longest message that came whole. */
  #longestBytes = 0;

  constructor(
    context: ConnectionContext,
    sink: ConnectionSink,
    owner: ReceiverOwner,
    chain: ExtensionChain | undefined,
  ) {
    this.#context = context;
    this.#sink = sink;
    this.#owner = owner;
    if (chain !== undefined) this.#incoming = new IncomingTransforms(chain, context.limits, this);
  }

  /** Octets held for an unfinished message, with overhead. */
  get heldBytes(): number {
    return this.#assembly?.heldBytes ?? this.#inDoubt?.byteLength ?? this.#incoming?.heldBytes ?? 0;
  }

  /** Whether an extension is at work. */
  get isTransforming(): boolean {
    return this.#incoming?.isPending === true;
  }

  /** Whether an extension has made what there is no room for. */
  get awaitsRoom(): boolean {
    return this.#incoming?.awaitsRoom === true;
  }

  /** What comes to a frame that passes a limit of sizes: for the message that is coming, or else the next one. */
  get sizes(): SizeJudgement {
    if (this.#pieces !== undefined) return "ignore";
    if (this.#incoming?.isJoining === true || this.#receiving === "whole") return "fail";
    return this.#receiving === "undecided" ? "wait" : "ignore";
  }

  /** How messages are handed on from now on. One that has been begun to be handed on goes on as it began. */
  set receiving(receiving: Receiving) {
    this.#receiving = receiving;
    if (receiving === "undecided") return;
    this.#decideWhole();
    const assembly = this.#assembly;
    if (assembly === undefined) return;
    const isStreamed = receiving !== "whole" && this.#canStream(assembly.reserved);
    if (!isStreamed && assembly.reserved === 0) return;
    this.#assembly = undefined;
    this.#begin(this.#opcode, assembly.reserved);
    const { octets } = assembly;
    if (octets.byteLength > 0) this.#push(octets, 0, octets.byteLength, false);
  }

  /** Goes on with the message that has waited. */
  #decideWhole(): void {
    const octets = this.#inDoubt;
    if (octets === undefined) return;
    this.#inDoubt = undefined;
    this.#wholeTransformed(this.#opcode, this.#reserved, octets, 0, octets.byteLength);
  }

  /** There is room again for what an extension makes. */
  roomForPieces(): void {
    this.#incoming?.roomForPieces();
  }

  /** Drops what is unfinished. */
  abort(): void {
    this.#assembly = undefined;
    this.#inDoubt = undefined;
    this.#pieces = undefined;
    this.#incoming?.abort();
  }

  wholeMessage(
    opcode: DataOpcode,
    reserved: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    ascii: boolean,
  ): void {
    // Only bits that an extension claims come through.
    if (reserved !== 0) this.#wholeTransformed(opcode, reserved, bytes, start, end);
    else if (opcode === Opcode.binary) this.#sink.receivedBinary(bytes, start, end, false, false);
    else this.#deliverText(bytes, start, end, ascii ? "ascii" : "unchecked", false, false);
  }

  #wholeTransformed(opcode: DataOpcode, reserved: number, bytes: Uint8Array, start: number, end: number): void {
    const receiving = this.#receiving;
    if (receiving === "whole" || !this.#canStream(reserved)) {
      this.#incoming?.whole(opcode, reserved, bytes, start, end);
      return;
    }
    // Most are short, and done before an inflater would have been made for them.
    const isLimited = receiving === "undecided";
    if (this.#incoming?.wholeIfShort(opcode, reserved, bytes, start, end, isLimited) === true) return;
    if (receiving === "undecided") {
      this.#opcode = opcode;
      this.#reserved = reserved;
      this.#inDoubt = copyOctets(bytes, start, end);
      this.#owner.sizeInDoubt();
      return;
    }
    this.#sink.messageBegun?.();
    this.#begin(opcode, reserved);
    this.#push(bytes, start, end, false);
    this.frameEnd(true);
  }

  /** Whether a message with these reserved bits can be handed on piece by piece. */
  #canStream(reserved: number): boolean {
    return reserved === 0 || this.#incoming?.canStream(reserved) === true;
  }

  frameStart(opcode: DataOpcode, isFirst: boolean, reserved: number, length: number, fin: boolean): void {
    if (isFirst) {
      this.#sink.messageBegun?.();
      this.#begin(opcode, reserved);
    }
    this.#assembly?.frameStart(length, fin);
  }

  /** Begins a message that did not come whole. */
  #begin(opcode: DataOpcode, reserved: number): void {
    const receiving = this.#receiving;
    if (typeof receiving === "object" && this.#canStream(reserved)) {
      this.#pieces = new MessagePieces(receiving, opcode, reserved !== 0, this.#context.text);
      if (reserved !== 0) this.#incoming?.beginStream(reserved);
      // Last, for it may end the connection.
      this.#pieces.start();
      return;
    }
    this.#opcode = opcode;
    if (reserved !== 0 && receiving !== "undecided") {
      this.#incoming?.begin(opcode, reserved);
      return;
    }
    const isChecked = reserved === 0 && this.#context.textOctets !== "unchecked";
    const kind = isChecked ? opcode : Opcode.binary;
    this.#assembly = new MessageAssembly(kind, reserved, this.#context, this.#longestBytes);
  }

  framePayload(bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    this.#push(bytes, start, end, ascii);
  }

  #push(bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    const assembly = this.#assembly;
    if (assembly !== undefined) {
      const error = assembly.append(bytes, start, end, ascii);
      if (error !== undefined) this.violation(error);
    } else if (this.#pieces?.isTransformed === false) {
      this.piece(bytes, start, end, false);
    } else {
      this.#incoming?.push(bytes, start, end);
    }
  }

  frameEnd(fin: boolean): void {
    if (!fin) return;
    const assembly = this.#assembly;
    if (assembly === undefined) {
      if (this.#pieces?.isTransformed === false) this.piecesEnded();
      else this.#finishTransformed();
      return;
    }
    this.#assembly = undefined;
    const message = assembly.finish();
    if (message instanceof ProtocolError) {
      this.violation(message);
      return;
    }
    if (assembly.reserved !== 0) {
      this.#wholeTransformed(this.#opcode, assembly.reserved, message, 0, message.byteLength);
      return;
    }
    this.#longestBytes = Math.max(this.#longestBytes, message.byteLength);
    if (this.#opcode === Opcode.binary) {
      this.#sink.receivedBinary(message, 0, message.byteLength, true, false);
    } else {
      this.#deliverText(message, 0, message.byteLength, assembly.isAscii ? "ascii" : "valid", true, false);
    }
  }

  #finishTransformed(): void {
    this.#incoming?.finish();
    this.#owner.sizesChanged();
  }

  control(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#owner.control(opcode, bytes, start, end);
  }

  violation(error: ProtocolError): void {
    this.#owner.violation(error);
  }

  sizeInDoubt(): void {
    this.#owner.sizeInDoubt();
  }

  /** From an extension. */
  transformed(opcode: DataOpcode, bytes: Uint8Array, start: number, end: number, isOwned: boolean): void {
    if (opcode === Opcode.text) this.#deliverText(bytes, start, end, "unchecked", isOwned, true);
    else this.#sink.receivedBinary(bytes, start, end, isOwned, true);
  }

  /** From an extension, and for what none has to do with. */
  piece(bytes: Uint8Array, start: number, end: number, isOwned: boolean): boolean {
    const hasRoom = this.#pieces?.push(bytes, start, end, isOwned);
    if (!(hasRoom instanceof ProtocolError)) return hasRoom === true;
    this.violation(hasRoom);
    return true;
  }

  /** As `piece`. */
  piecesEnded(): void {
    const error = this.#pieces?.end();
    this.#pieces = undefined;
    this.#owner.sizesChanged();
    if (error !== undefined) this.violation(error);
  }

  /** From an extension. */
  transforming(isPending: boolean): void {
    this.#owner.transforming(isPending);
  }

  /** Hands on a text message, of whose octets something is known. */
  #deliverText(
    bytes: Uint8Array,
    start: number,
    end: number,
    known: "ascii" | "valid" | "unchecked",
    isOwned: boolean,
    isTransformed: boolean,
  ): void {
    const { text: codec, textOctets } = this.#context;
    if (textOctets !== undefined) {
      const isValid = known !== "unchecked" || textOctets === "unchecked" || codec.isValid(bytes, start, end);
      if (isValid) this.#sink.receivedTextOctets?.(bytes, start, end, isOwned, isTransformed);
      else this.violation(new ProtocolError("invalid-utf8"));
      return;
    }
    let text: string | undefined;
    try {
      if (known === "ascii") text = codec.decodeAscii(bytes, start, end);
      else if (known === "valid") text = codec.decode(bytes, start, end);
      else text = codec.decodeChecked(bytes, start, end);
    } catch (cause) {
      // It can only be more than the platform's longest string holds, which no limit here knows.
      this.violation(new ProtocolError("message-too-big", end - start, undefined, cause));
      return;
    }
    if (text === undefined) this.violation(new ProtocolError("invalid-utf8"));
    else this.#sink.receivedText(text, end - start, isTransformed);
  }
}
