/**
 * permessage-deflate (RFC 7692) as the fuzzing peer does it: by zlib, apart from src/, and strict about what it is sent.
 * No stream is kept: what a message may refer to is handed to zlib with it.
 */
import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

/** What one end asks the other one for, in Autobahn's words. */
export interface DeflateRequest {
  /** Whether the other end shall send each message for itself. */
  readonly noContextTakeover: boolean;
  /** The longest window of the other end's, from 9 to 15; 0 for none in particular. */
  readonly maxWindowBits: number;
}

/** One direction. */
interface Direction {
  readonly takesOver: boolean;
  readonly windowBits: number;
}

type Parameters = ReadonlyMap<string, string>;

const flushTail = Buffer.of(0x00, 0x00, 0xff, 0xff);
const maxWindowBits = 15;
// The least that zlib takes: octets that are inflated at a time can be referred to whatever the window.
const strictChunkBytes = 64;

/** Both directions of one connection. */
export class DeflateCodec {
  readonly #ours: Direction;
  readonly #theirs: Direction;
  #sent: Buffer = Buffer.alloc(0);
  #received: Buffer = Buffer.alloc(0);
  /** Compressed messages that came. */
  receivedMessages = 0;

  constructor(ours: Direction, theirs: Direction) {
    this.#ours = ours;
    this.#theirs = theirs;
  }

  /** Compresses a message in pieces, each flushed by itself; the last one without the tail (§7.2.1). */
  deflate(pieces: readonly Buffer[]): Buffer[] {
    const { takesOver, windowBits } = this.#ours;
    if (!takesOver) this.#sent = Buffer.alloc(0);
    return pieces.map((piece, index) => {
      const deflated = deflateRawSync(piece, {
        windowBits,
        finishFlush: constants.Z_SYNC_FLUSH,
        ...(this.#sent.length === 0 ? {} : { dictionary: this.#sent }),
      });
      this.#sent = lastOctets(this.#sent, piece, windowBits);
      assert.ok(deflated.subarray(-flushTail.length).equals(flushTail));
      return index === pieces.length - 1 ? deflated.subarray(0, -flushTail.length) : deflated;
    });
  }

  /** Inflates a whole message; throws where it refers to more than its sender may. */
  inflate(octets: Uint8Array): Buffer {
    const { takesOver, windowBits } = this.#theirs;
    if (!takesOver) this.#received = Buffer.alloc(0);
    const message = inflateRawSync(Buffer.concat([octets, flushTail]), {
      windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(windowBits < maxWindowBits ? { chunkSize: strictChunkBytes } : {}),
      ...(this.#received.length === 0 ? {} : { dictionary: this.#received }),
    });
    this.#received = lastOctets(this.#received, message, windowBits);
    this.receivedMessages++;
    return message;
  }
}

function lastOctets(before: Buffer, after: Buffer, windowBits: number): Buffer {
  const window = 2 ** windowBits;
  return Buffer.from(Buffer.concat([before.subarray(-window), after.subarray(-window)]).subarray(-window));
}

/** The header with which a fuzzing client offers, the most wanted first. It does itself whatever it may be asked for. */
export function writeOffers(requests: readonly DeflateRequest[]): string {
  return requests
    .map(({ noContextTakeover, maxWindowBits: bits }) =>
      [
        "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        ...(noContextTakeover ? ["server_no_context_takeover"] : []),
        ...(bits === 0 ? [] : [`server_max_window_bits=${bits}`]),
      ].join("; "),
    )
    .join(", ");
}

/** A fuzzing client reads what the server answers to its first offer, which any server of ours can meet. */
export function readAnswer(answer: string | undefined, [request]: readonly DeflateRequest[]): DeflateCodec {
  const [parameters, ...others] = readElements(answer ?? "");
  assert.ok(parameters !== undefined && others.length === 0, `an answer to one offer, not: ${answer}`);
  const serverBits = bitsOf(parameters, "server_max_window_bits");
  if (request?.noContextTakeover === true) assert.ok(parameters.has("server_no_context_takeover"), answer);
  if (request !== undefined && request.maxWindowBits > 0) assert.ok(serverBits <= request.maxWindowBits, answer);
  return new DeflateCodec(
    // The fuzzing client has hinted at going without, which binds nobody (§7.1.1.2): the answer does.
    directionOf(parameters, "client"),
    directionOf(parameters, "server"),
  );
}

/** A fuzzing server answers the client's first offer, and asks it for what it has said that it can do. */
export function answerOffers(
  offers: string | undefined,
  [request]: readonly DeflateRequest[],
): { readonly answer: string; readonly codec: DeflateCodec } {
  const [offer] = readElements(offers ?? "");
  assert.ok(offer, `an offer of permessage-deflate, not: ${offers}`);
  const answered = new Map<string, string>();
  if (offer.has("server_no_context_takeover")) answered.set("server_no_context_takeover", "");
  const serverBits = offer.get("server_max_window_bits");
  // zlib, which compresses here, has no window of 8 bits.
  if (serverBits !== undefined) answered.set("server_max_window_bits", serverBits);
  // §7.1.1.2: a client has to support it, whether it offered it or not.
  if (request?.noContextTakeover === true) answered.set("client_no_context_takeover", "");
  if (request !== undefined && request.maxWindowBits > 0 && offer.has("client_max_window_bits")) {
    const offered = Number(offer.get("client_max_window_bits"));
    const bits = Math.min(request.maxWindowBits, offered === 0 ? maxWindowBits : offered);
    answered.set("client_max_window_bits", String(bits));
  }
  const answer = [...answered].map(([name, value]) => (value === "" ? `; ${name}` : `; ${name}=${value}`));
  const codec = new DeflateCodec(directionOf(answered, "server"), directionOf(answered, "client"));
  return { answer: `permessage-deflate${answer.join("")}`, codec };
}

function directionOf(parameters: Parameters, sender: "client" | "server"): Direction {
  return {
    takesOver: !parameters.has(`${sender}_no_context_takeover`),
    windowBits: bitsOf(parameters, `${sender}_max_window_bits`),
  };
}

function bitsOf(parameters: Parameters, name: string): number {
  const value = parameters.get(name);
  return value === undefined ? maxWindowBits : Number(value);
}

/** The parameters of each element; their values are empty where there are none. */
function readElements(header: string): Parameters[] {
  return header
    .split(",")
    .map((element) => element.split(";").map((part) => part.trim()))
    .filter(([name]) => name === "permessage-deflate")
    .map(
      ([, ...parts]) =>
        new Map(
          parts.map((part): [string, string] => [part.split("=")[0]!, part.split("=")[1]?.replaceAll('"', "") ?? ""]),
        ),
    );
}
