/**
 * A protocol connection whose events are written down, fed in the meanest way its contract allows: every chunk is
 * overwritten once `receive` has returned, so that whatever was kept of it shows.
 */
import type {
  BufferPool,
  CloseBody,
  ConnectionContext,
  ExtensionChain,
  Limits,
  MaskingKeySource,
  ProtocolError,
  Role,
  TextCodec,
} from "#src/protocol/index.js";
import { Connection, BufferPool as Pool, portableTextCodec, resolveLimits } from "#src/protocol/index.js";
import { type Frame, type FrameParts, frame, readFrames, sampleKey } from "./frames.js";
import { seededKeys } from "./masking-keys.js";
import { concat, hexOf } from "./octets.js";

/** What may be different from the usual. */
export interface RecordedOptions {
  readonly limits?: Partial<Limits>;
  readonly text?: TextCodec;
  readonly pool?: BufferPool;
  readonly maskingKeys?: MaskingKeySource;
  readonly chain?: ExtensionChain;
  /** What is not as usual with text, pings and failures. */
  readonly ways?: Pick<ConnectionContext, "textOctets" | "answersPings" | "namesBrokenRule">;
  /** Whether it is written down when an extension takes its time. Default false. */
  readonly recordsExtensions?: boolean;
  /** What the sink says to a Close frame. Default true: answer it now. */
  readonly answersClose?: boolean;
  /** Called when a message begins that does not come whole. */
  readonly onMessageBegun?: () => void;
  /** Called when what comes waits until it is known how to hand it on. */
  readonly onSizeInDoubt?: () => void;
  /** Called with each event, as it is written down, from within the sink. */
  readonly onEvent?: (event: string, connection: Connection) => void;
}

/** What the memory of a chunk is filled with after `receive` has returned. */
const overwritten = 0xa5;

/** See the head of this file. */
export class RecordedConnection {
  readonly connection: Connection;
  readonly role: Role;
  /** Every error the sink was told of. */
  readonly failures: ProtocolError[] = [];
  /** For each binary message, whether its octets were given away. */
  readonly owned: boolean[] = [];
  readonly #events: (() => string)[] = [];

  constructor(role: Role, options: RecordedOptions = {}) {
    this.role = role;
    const record = (event: () => string): void => {
      this.#events.push(event);
      options.onEvent?.(event(), this.connection);
    };
    this.connection = new Connection(
      {
        role,
        limits: resolveLimits(options.limits),
        text: options.text ?? portableTextCodec,
        pool: options.pool ?? new Pool(),
        allocate: (byteLength: number) => new Uint8Array(byteLength).fill(overwritten),
        ...(role === "client" ? { maskingKeys: options.maskingKeys ?? seededKeys() } : {}),
        ...options.ways,
      },
      {
        receivedText: (text: string) => record(() => `text ${text}`),
        receivedTextOctets: (bytes: Uint8Array, start: number, end: number, isOwned: boolean) => {
          this.owned.push(isOwned);
          const kept = isOwned ? bytes.subarray(start, end) : bytes.slice(start, end);
          record(() => `octets ${hexOf(kept)}`);
        },
        receivedBinary: (bytes: Uint8Array, start: number, end: number, isOwned: boolean) => {
          this.owned.push(isOwned);
          // What is owned is looked at only when it is asked for: it must still be the same then.
          const kept = isOwned ? bytes.subarray(start, end) : bytes.slice(start, end);
          record(() => `binary ${hexOf(kept)}`);
        },
        receivedPing: (bytes: Uint8Array, start: number, end: number) => {
          const hex = hexOf(bytes.subarray(start, end));
          record(() => `ping ${hex}`);
        },
        receivedPong: (bytes: Uint8Array, start: number, end: number) => {
          const hex = hexOf(bytes.subarray(start, end));
          record(() => `pong ${hex}`);
        },
        receivedClose: ({ code, reason }: CloseBody) => {
          record(() => `close ${code} ${reason}`.trimEnd());
          return options.answersClose ?? true;
        },
        failed: (error: ProtocolError) => {
          this.failures.push(error);
          record(() => `failed ${error.code}`);
        },
        transforming: (isPending: boolean) => {
          if (options.recordsExtensions === true) record(() => (isPending ? "transforming" : "transformed"));
        },
        ...(options.onMessageBegun === undefined ? {} : { messageBegun: options.onMessageBegun }),
        ...(options.onSizeInDoubt === undefined ? {} : { sizeInDoubt: options.onSizeInDoubt }),
        outputAdded: () => {
          if (options.recordsExtensions === true) record(() => "output added");
        },
      },
      undefined,
      options.chain,
    );
  }

  /** What the sink heard so far, one line per event: `text hello`, `ping 0102`, `close 1000 bye`, `failed …`. */
  get events(): string[] {
    return this.#events.map((event) => event());
  }

  /** Feeds octets as they are. */
  receive(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      // In memory that begins at any alignment, and with octets around it that are none of the connection's business.
      const memory = new Uint8Array(chunk.byteLength + 8).fill(overwritten);
      memory.set(chunk, 3);
      this.connection.receive(memory, 3, 3 + chunk.byteLength);
      memory.fill(overwritten);
    }
    return this;
  }

  /** Feeds frames as a proper peer would send them: masked to a server, unmasked to a client. */
  receiveFrames(...frames: readonly FrameParts[]): this {
    return this.receive(...frames.map((parts) => this.fromPeer(parts)));
  }

  /** The octets of a frame that a proper peer would send. */
  fromPeer(parts: FrameParts): Uint8Array {
    return frame({ ...parts, key: this.role === "server" ? (parts.key ?? sampleKey) : undefined });
  }

  /** Takes what waits to be sent, and gives the memory back for others to write over. */
  takeOctets(): Uint8Array {
    const { output } = this.connection;
    const batch = output.take();
    const taken = concat(...batch.segments);
    for (const buffer of batch.buffers) buffer.fill(overwritten);
    output.release(batch);
    return taken;
  }

  /** Takes what waits to be sent, as frames. */
  takeFrames(): Frame[] {
    return readFrames(this.takeOctets());
  }

  /** Takes what waits to be sent, one line per frame: `ping 0102`, `text+ 68` where more fragments follow. */
  takeSent(): string[] {
    return this.takeFrames().map(({ opcode, fin, payload }) =>
      `${opcodeNames[opcode] ?? opcode}${fin ? "" : "+"} ${hexOf(payload)}`.trimEnd(),
    );
  }
}

const opcodeNames: Readonly<Record<number, string>> = {
  0: "continuation",
  1: "text",
  2: "binary",
  8: "close",
  9: "ping",
  10: "pong",
};

/** Both roles, for what holds for either. */
export const roles: readonly Role[] = ["client", "server"];
