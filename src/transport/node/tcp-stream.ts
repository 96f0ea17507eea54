/**
 * A byte stream over a `net.Socket`, a `tls.TLSSocket`, or any other Duplex that an HTTP server hands over.
 */

import { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { ByteStream, ByteStreamReceiver } from "../byte-stream.js";

const owner: unique symbol = Symbol("openline.stream");

/** A socket with its stream attached, so that its listeners need no closure each. */
type OwnedSocket = Duplex & { [owner]?: NodeByteStream; readonly _handle?: { readonly writeQueueSize?: number } };

function onData(this: OwnedSocket, chunk: Uint8Array): void {
  this[owner]?.handleData(chunk);
}
function onEnd(this: OwnedSocket): void {
  this[owner]?.handleEnd();
}
function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.handleError(error);
}
function onClose(this: OwnedSocket): void {
  this[owner]?.handleClose();
}

/** What a Duplex cannot tell of itself. */
export interface DuplexNature {
  /** The peer's network address. */
  readonly remoteAddress: string | undefined;
  /** Whether memory may be read by somebody even after what was written out of it has left. */
  readonly retainsWrites: boolean;
  /**
   * Octets from which a write counts as one that waits; shorter ones are copied, and taken at once, while no more than
   * these wait. For streams that never write within the call. 0 for none.
   */
  readonly copiedBytes: number;
  /** Cuts it at once, before it is destroyed. */
  cut(): void;
  /** The error of a peer that has cut it, where it has; `error` is what the Duplex told, if it told anything. */
  resetBy(error: Error | undefined): Error | undefined;
}

/** See the head of this file. */
export class NodeByteStream implements ByteStream {
  readonly remoteAddress: string | undefined;
  readonly retainsWrites: boolean;
  readonly #socket: OwnedSocket;
  readonly #nature: DuplexNature | undefined;
  #receiver: ByteStreamReceiver | undefined;
  #isWriting = false;
  #isClosed = false;
  #isCut = false;
  #error: Error | undefined;
  readonly #onWritten = (): void => {
    // A socket that is destroyed calls back, too, for what will never leave, and without an error.
    if (!this.#isWriting || this.#socket.destroyed || this.#socket.writableLength > 0) return;
    this.#isWriting = false;
    this.#receiver?.streamDrained();
  };

  /**
   * @param socket a connected socket that nobody else reads
   * @param head octets that were read from it already and belong to us
   * @param nature what is to be known of a stream that is no socket
   */
  constructor(socket: Duplex, head?: Uint8Array, nature?: DuplexNature) {
    this.#socket = socket;
    this.#nature = nature;
    const isTcp = socket instanceof TcpSocket;
    this.remoteAddress = isTcp ? socket.remoteAddress : nature?.remoteAddress;
    // A TCP socket hands memory to the kernel, which copies, and a TLS socket encrypts it; strangers may keep references.
    this.retainsWrites = !isTcp && nature?.retainsWrites !== false;
    if (isTcp) {
      socket.setNoDelay(true);
      socket.setTimeout(0);
    }
    // A peer could make us compute without end. TLS 1.3 has no such thing.
    if (socket instanceof TLSSocket) socket.disableRenegotiation();
    if (head !== undefined && head.byteLength > 0) socket.unshift(head);
    this.#socket[owner] = this;
    // From here on an error is ours: without a listener it would end the process.
    socket.on("error", onError);
    socket.on("close", onClose);
  }

  get queuedBytes(): number {
    const { writableLength, _handle: handle } = this.#socket;
    // A socket counts a write as one, however much of it has left; its handle, where there is one, knows how much.
    return writableLength > 0 ? (handle?.writeQueueSize ?? writableLength) : 0;
  }

  start(receiver: ByteStreamReceiver): void {
    const isFirst = this.#receiver === undefined;
    this.#receiver = receiver;
    if (!isFirst) return;
    const socket = this.#socket;
    if (socket.destroyed) {
      // Its close event is still to come, or has passed when there was nobody to tell.
      if (socket.closed) process.nextTick(() => this.handleClose());
      return;
    }
    socket.on("end", onEnd);
    socket.on("data", onData);
    socket.resume();
  }

  write(segments: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    const copiedBytes = this.#nature?.copiedBytes ?? 0;
    if (copiedBytes > 0 && this.#writeCopy(segments, copiedBytes - socket.writableLength)) return true;
    const last = segments.length - 1;
    this.#isWriting = true;
    if (last > 0) socket.cork();
    for (let index = 0; index < last; index++) socket.write(segments[index]);
    if (last >= 0) socket.write(segments[last], this.#onWritten);
    if (last > 0) socket.uncork();
    // Zero when the kernel took all of it within the call, as it nearly always does.
    if (socket.writableLength > 0) return false;
    this.#isWriting = false;
    return true;
  }

  /** Writes a copy where that has no more than `maxBytes` octets. */
  #writeCopy(segments: readonly Uint8Array[], maxBytes: number): boolean {
    let bytes = 0;
    for (const { byteLength } of segments) bytes += byteLength;
    if (bytes > maxBytes) return false;
    // From Node's own pool, where it is short.
    const copy = Buffer.allocUnsafe(bytes);
    let position = 0;
    for (const segment of segments) {
      copy.set(segment, position);
      position += segment.byteLength;
    }
    this.#socket.write(copy);
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#isCut = true;
    this.#nature?.cut();
    this.#socket.destroy();
  }

  handleData(chunk: Uint8Array): void {
    // A Readable goes on with what it has in its buffer even after it was destroyed.
    if (!this.#isCut) this.#receiver?.streamReceived(chunk, 0, chunk.byteLength);
  }

  handleEnd(): void {
    // What a peer has cut ends like what a peer has ended, to some.
    if (!this.#isCut && this.#nature?.resetBy(this.#error) === undefined) this.#receiver?.streamEnded();
  }

  handleError(error: Error): void {
    this.#error ??= error;
    // A TLS socket tells of a broken record, stays as it is, and neither reads nor writes any more.
    this.#socket.destroy();
  }

  handleClose(): void {
    if (this.#isClosed || this.#receiver === undefined) return;
    this.#isClosed = true;
    const socket = this.#socket;
    socket.removeListener("data", onData);
    socket.removeListener("end", onEnd);
    socket.removeListener("close", onClose);
    // The error listener stays: some sockets report more than one error.
    const reset = this.#isCut ? undefined : this.#nature?.resetBy(this.#error);
    this.#receiver.streamClosed(reset ?? this.#error);
  }
}
