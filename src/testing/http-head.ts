/**
 * The opening handshake as octets on a link: heads of requests and responses, as this library writes them. There is no
 * HTTP server in between, and what is read here is judged by the same functions as what comes from one.
 */
import { copyOctets } from "../protocol/index.js";
import type { ByteStream, ByteStreamReceiver } from "../transport/index.js";

/** The head of a message. */
export interface Head {
  /** Its first line. */
  readonly startLine: string;
  /** Names and values alternating. */
  readonly rawHeaders: readonly string[];
}

/** What a head reader tells. */
export interface HeadListener {
  /**
   * The head is there.
   *
   * @param rest what has come behind it
   */
  headReceived(head: Head, rest: Uint8Array): void;
  /** More octets have come, after the head. */
  bodyReceived?(octets: Uint8Array): void;
  /** Nothing more will come. */
  ended(error: Error | undefined): void;
}

const noOctets = new Uint8Array(0);

/** Collects octets until a head is complete, and tells it. */
export class HeadReader implements ByteStreamReceiver {
  readonly #listener: HeadListener;
  #received = noOctets;
  #hasHead = false;

  /** Begins to read. */
  constructor(stream: ByteStream, listener: HeadListener) {
    this.#listener = listener;
    stream.start(this);
  }

  streamReceived(bytes: Uint8Array, start: number, end: number): void {
    const octets = copyOctets(bytes, start, end);
    if (this.#hasHead) {
      this.#listener.bodyReceived?.(octets);
      return;
    }
    const received = joined(this.#received, octets);
    const headBytes = endOfHead(received);
    this.#received = received;
    if (headBytes === -1) return;
    this.#hasHead = true;
    this.#listener.headReceived(parseHead(received.subarray(0, headBytes)), received.subarray(headBytes));
  }

  streamDrained(): void {
    // A head is one write.
  }

  streamEnded(): void {
    this.#listener.ended(undefined);
  }

  streamClosed(error?: Error): void {
    this.#listener.ended(error ?? new Error("the connection closed during the handshake"));
  }
}

/** Two pieces as one. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.byteLength + second.byteLength);
  whole.set(first);
  whole.set(second, first.byteLength);
  return whole;
}

/** The octets of characters below U+0100, which is what heads are made of. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Octets of the head with the empty line that ends it, or -1. */
function endOfHead(octets: Uint8Array): number {
  for (let end = octets.indexOf(0x0a); end !== -1; end = octets.indexOf(0x0a, end + 1)) {
    if (octets[end - 1] === 0x0d && octets[end - 2] === 0x0a && octets[end - 3] === 0x0d) return end + 1;
  }
  return -1;
}

function parseHead(octets: Uint8Array): Head {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  const [startLine = "", ...lines] = text.slice(0, -4).split("\r\n");
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { startLine, rawHeaders };
}
