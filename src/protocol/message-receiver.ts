/**
 * The data frames of one connection on their way in (RFC 6455 §5.4, §5.6): puts messages together, lets extensions change
 * them back, and reads text.
 */
import type { ConnectionContext, ConnectionSink } from "./connection-context.js";
import { ProtocolError } from "./errors.js";
import type { ExtensionChain } from "./extensions/extension-chain.js";
import type { FrameSink } from "./frame-parser.js";
import type { IncomingOwner } from "./incoming-transforms.js";
import { IncomingTransforms } from "./incoming-transforms.js";
import { MessageAssembly } from "./message-assembly.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";

/** The connection, as far as its receiver needs it. */
export interface ReceiverOwner {
  control(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  violation(error: ProtocolError): void;
  /** Whether an extension is at work: nothing may be read on meanwhile. */
  transforming(isPending: boolean): void;
}

/** See the head of this file. */
export class MessageReceiver implements FrameSink, IncomingOwner {
  readonly #context: ConnectionContext;
  readonly #sink: ConnectionSink;
  readonly #owner: ReceiverOwner;
  readonly #incoming: IncomingTransforms | undefined;
  #assembly: MessageAssembly | undefined;
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
    return this.#assembly?.heldBytes ?? this.#incoming?.heldBytes ?? 0;
  }

  /** Whether an extension is at work. */
  get isTransforming(): boolean {
    return this.#incoming?.isPending === true;
  }

  /** Drops what is unfinished. */
  abort(): void {
    this.#assembly = undefined;
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
    if (reserved !== 0) this.#incoming?.whole(opcode, reserved, bytes, start, end);
    else if (opcode === Opcode.binary) this.#sink.receivedBinary(bytes, start, end, false, false);
    else this.#deliverText(bytes, start, end, ascii ? "ascii" : "unchecked", false);
  }

  frameStart(opcode: DataOpcode, isFirst: boolean, reserved: number, length: number, fin: boolean): void {
    if (isFirst && reserved !== 0) this.#incoming?.begin(opcode, reserved);
    else if (isFirst) this.#assembly = new MessageAssembly(opcode, reserved, this.#context, this.#longestBytes);
    this.#assembly?.frameStart(length, fin);
  }

  framePayload(bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    const assembly = this.#assembly;
    if (assembly === undefined) {
      this.#incoming?.push(bytes, start, end);
      return;
    }
    const error = assembly.append(bytes, start, end, ascii);
    if (error !== undefined) this.violation(error);
  }

  frameEnd(fin: boolean): void {
    if (!fin) return;
    const assembly = this.#assembly;
    if (assembly === undefined) {
      this.#incoming?.finish();
      return;
    }
    this.#assembly = undefined;
    const message = assembly.finish();
    if (message instanceof ProtocolError) {
      this.violation(message);
      return;
    }
    this.#longestBytes = Math.max(this.#longestBytes, message.byteLength);
    if (assembly.opcode === Opcode.binary) {
      this.#sink.receivedBinary(message, 0, message.byteLength, true, false);
    } else {
      this.#deliverText(message, 0, message.byteLength, assembly.isAscii ? "ascii" : "valid", false);
    }
  }

  control(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#owner.control(opcode, bytes, start, end);
  }

  violation(error: ProtocolError): void {
    this.#owner.violation(error);
  }

  /** From an extension. */
  transformed(opcode: DataOpcode, bytes: Uint8Array, start: number, end: number, isOwned: boolean): void {
    if (opcode === Opcode.text) this.#deliverText(bytes, start, end, "unchecked", true);
    else this.#sink.receivedBinary(bytes, start, end, isOwned, true);
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
    isTransformed: boolean,
  ): void {
    const codec = this.#context.text;
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
