/**
 * Links between clients and a server in virtual time, with the faults that real networks have: latency and jitter, thin
 * lines, octets in pieces, stalls, peers that vanish without a word, resets. Everything that happens by chance comes from
 * a seed, so that a run can be repeated.
 */
import type { ByteStream, ByteStreamReceiver } from "../transport/index.js";
import { StreamResetError } from "../transport/index.js";
import type { FakeClock } from "./fake-clock.js";
import type { LaneReader, LaneWriter } from "./lane.js";
import { Lane } from "./lane.js";
import type { Direction, Link, LinkOptions } from "./link.js";
import type { SeededRandom } from "./seeded-random.js";

/** One end of a link. */
export class SimulatedStream implements ByteStream, LaneReader, LaneWriter {
  readonly remoteAddress: string;
  readonly retainsWrites = false;
  readonly #clock: FakeClock;
  readonly #incoming: Lane;
  readonly #outgoing: Lane;
  readonly #gone: () => void;
  #receiver: ByteStreamReceiver | undefined;
  #isPaused = false;
  #isDeliveryDue = false;
  #hasEndedOwn = false;
  #hasSeenEnd = false;
  #hasToldClosed = false;
  #error: Error | undefined;
  isGone = false;

  constructor(remoteAddress: string, clock: FakeClock, incoming: Lane, outgoing: Lane, gone: () => void) {
    this.remoteAddress = remoteAddress;
    this.#clock = clock;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#gone = gone;
  }

  start(receiver: ByteStreamReceiver): void {
    this.#receiver = receiver;
    if (this.isGone) this.#tellClosed();
    else this.arrived();
  }

  write(segments: readonly Uint8Array[]): boolean {
    return this.isGone || this.#hasEndedOwn || this.#outgoing.write(segments);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.arrived();
  }

  end(): void {
    if (this.#hasEndedOwn || this.isGone) return;
    this.#hasEndedOwn = true;
    this.#outgoing.end();
    this.#closeIfEnded();
  }

  destroy(): void {
    this.cut(undefined);
  }

  /** Puts back octets that were read: whoever starts the stream next gets them before all others. */
  unread(octets: Uint8Array): void {
    this.#incoming.unread(octets);
  }

  /** Ends both ways at once. */
  cut(error: Error | undefined): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#error = error;
    const isAllSaid = this.#hasEndedOwn && this.#incoming.readableBytes === 0;
    this.#incoming.dropLanded();
    // A peer that was told of the end, and has written nothing that is lost, sees nothing of it; others are cut.
    if (!isAllSaid && error === undefined) this.#outgoing.reset();
    this.#tellClosed();
    this.#gone();
  }

  hasRoom(): void {
    if (!this.isGone) this.#receiver?.streamDrained();
  }

  reachedNobody(): void {
    // The answer of a host on which nobody listens any more takes its way back.
    this.#incoming.reset();
  }

  wasReset(): void {
    this.cut(new StreamResetError());
  }

  /** Delivers what has arrived, if anything has, later in this moment. */
  arrived(): void {
    if (this.#isDeliveryDue) return;
    this.#isDeliveryDue = true;
    this.#clock.setExactTimer(() => {
      this.#isDeliveryDue = false;
      this.#deliver();
    }, 0);
  }

  /** Delivers one piece, and comes back for the next. */
  #deliver(): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#isPaused || this.isGone) return;
    const incoming = this.#incoming;
    if (incoming.readableBytes > 0) {
      const piece = incoming.read();
      receiver.streamReceived(piece, 0, piece.byteLength);
      incoming.afterRead();
      this.arrived();
    } else if (incoming.hasEnd && !this.#hasSeenEnd) {
      this.#hasSeenEnd = true;
      receiver.streamEnded();
      this.#closeIfEnded();
    }
  }

  #closeIfEnded(): void {
    if (this.#hasEndedOwn && this.#hasSeenEnd) this.cut(undefined);
  }

  /** Tells the receiver that there is by then, once. */
  #tellClosed(): void {
    this.#clock.setExactTimer(() => {
      if (this.#receiver === undefined || this.#hasToldClosed) return;
      this.#hasToldClosed = true;
      this.#receiver.streamClosed(this.#error);
    }, 0);
  }
}

/** See `Link`. */
export class SimulatedLink implements Link {
  readonly #toServer: Lane;
  readonly #toClient: Lane;
  /** The client's end. */
  readonly client: SimulatedStream;
  /** The server's end. */
  readonly server: SimulatedStream;
  #options: LinkOptions;

  /**
   * @param clientAddress what the server sees as its peer's address
   * @param ended called when both ends are gone
   */
  constructor(
    clock: FakeClock,
    random: SeededRandom,
    options: LinkOptions,
    clientAddress: string,
    ended: (link: SimulatedLink) => void,
  ) {
    this.#options = options;
    const toServer = new Lane("to-server", clock, random.fork(), options);
    const toClient = new Lane("to-client", clock, random.fork(), options);
    const gone = (): void => {
      if (!this.isOver) return;
      toServer.stop();
      toClient.stop();
      ended(this);
    };
    this.client = new SimulatedStream("server", clock, toClient, toServer, gone);
    this.server = new SimulatedStream(clientAddress, clock, toServer, toClient, gone);
    toServer.join(this.client, this.server);
    toClient.join(this.server, this.client);
    this.#toServer = toServer;
    this.#toClient = toClient;
  }

  get isOver(): boolean {
    return this.client.isGone && this.server.isGone;
  }

  /** Octets that have arrived in this direction, and been read. */
  readBytes(direction: Direction): number {
    return this.#lane(direction).readBytes;
  }

  carriedBytes(direction: Direction): number {
    return this.#lane(direction).carriedBytes;
  }

  bytesUnderWay(direction: Direction): number {
    return this.#lane(direction).bytes;
  }

  change(options: LinkOptions): void {
    this.#options = { ...this.#options, ...options };
    this.#toServer.change(this.#options);
    this.#toClient.change(this.#options);
  }

  stall(direction: Direction): void {
    this.#lane(direction).stall(true);
  }

  unstall(direction: Direction): void {
    this.#lane(direction).stall(false);
  }

  goSilent(): void {
    this.#toServer.goSilent();
    this.#toClient.goSilent();
  }

  reset(): void {
    this.client.wasReset();
    this.server.wasReset();
  }

  #lane(direction: Direction): Lane {
    return direction === "to-server" ? this.#toServer : this.#toClient;
  }
}
