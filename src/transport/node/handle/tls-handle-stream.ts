/**
 * A byte stream that drives the handle of a TLS socket itself. Unlike TCP's, it cannot do without its socket, which
 * hears of broken records and of what TLS has to say beside octets, and which closes both handles.
 */
import type { TLSSocket } from "node:tls";
import type { StreamHandle } from "./binding.js";
import { HandleStream } from "./handle-stream.js";
import type { HandleTransport } from "./handle-transport.js";

// Up to here, what is written while another write is under way is kept; from there on the writer has to wait.
const maxUnderWayBytes = 64 * 1024;

/** See the head of this file. */
export class TlsHandleStream extends HandleStream {
  readonly #socket: TLSSocket;
  /** Octets that were given to us and have not left. */
  #underWayBytes = 0;
  /** Written while another write was under way: a second one before it is over would abort the process. */
  #waiting: Uint8Array[] = [];
  #mustTellDrained = false;

  /** @param early octets that arrived before the handle was ours */
  constructor(transport: HandleTransport, handle: StreamHandle, socket: TLSSocket, early: Uint8Array[]) {
    super(transport, handle, socket.remoteAddress, early);
    this.#socket = socket;
    socket.setTimeout(0);
    // A peer could make us compute without end; and its handshake would go on past our reading. TLS 1.3 has none.
    socket.disableRenegotiation();
    socket.on("error", (error: Error) => this.fail(error));
    socket.on("close", () => this.closed());
  }

  protected override own(): void {
    // The socket stays the owner.
  }

  /**
   * TLS has encrypted what it was given, or copied it, when `writeNow` returns, so that its memory is free again. But it
   * tells that it has left only later in the same iteration of the event loop, always. So a little is taken meanwhile.
   */
  override write(segments: readonly Uint8Array[]): boolean {
    // An empty write ends nothing and upsets some versions.
    const octets = segments.filter(({ byteLength }) => byteLength > 0);
    if (this.handle === null || this.mustShutDown || octets.length === 0) return true;
    for (const { byteLength } of octets) this.#underWayBytes += byteLength;
    if (this.isWriting) for (const segment of octets) this.#waiting.push(segment.slice());
    else if (!this.writeNow(this.handle, octets)) this.#underWayBytes = 0;
    this.#mustTellDrained = this.#underWayBytes >= maxUnderWayBytes;
    return !this.#mustTellDrained;
  }

  protected override written(): void {
    const waiting = this.#waiting;
    if (waiting.length > 0 && this.handle !== null) {
      this.#waiting = [];
      this.#underWayBytes = waiting.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (this.writeNow(this.handle, waiting)) return;
    }
    this.#underWayBytes = 0;
    if (this.mustShutDown) this.shutDown();
    if (!this.#mustTellDrained) return;
    this.#mustTellDrained = false;
    this.receiver?.streamDrained();
  }

  protected override closeHandle(): void {
    this.#socket.destroy();
  }
}
