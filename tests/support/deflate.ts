/** permessage-deflate on connections of tests, and zlib's streams as a judge of what they send. */
import type { InflateRaw } from "node:zlib";
import { constants, createInflateRaw, deflateRawSync } from "node:zlib";
import type { AgreedParameters } from "#src/protocol/extensions/deflate-parameters.js";
import type { DeflateContext } from "#src/protocol/extensions/index.js";
import { ExtensionChain, PermessageDeflate } from "#src/protocol/extensions/index.js";
import { windowBytes } from "#src/protocol/extensions/sliding-window.js";
import type { Frame } from "./frames.js";
import { concat, octets } from "./octets.js";

/** RSV1 among the three reserved bits. */
export const rsv1 = 4;

/** Longest windows, and context takeover. */
export const everything: AgreedParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

/** The extensions of a connection that has agreed on permessage-deflate. */
export function deflateChain(
  context: DeflateContext,
  role: "server" | "client",
  parameters: Partial<AgreedParameters> = {},
): ExtensionChain {
  const agreed = { ...everything, ...parameters };
  const isServer = role === "server";
  const keepsWindow = isServer ? !agreed.clientNoContextTakeover : !agreed.serverNoContextTakeover;
  const bits = isServer ? agreed.clientMaxWindowBits : agreed.serverMaxWindowBits;
  if (keepsWindow && !context.memory.reserve(windowBytes(bits))) throw new Error("there is no memory for the window");
  return new ExtensionChain([new PermessageDeflate(context, role, agreed)]);
}

/** The payload of a compressed message, for a peer that sends by hand. */
export function deflated(message: Uint8Array | string, options: object = {}): Uint8Array {
  const bytes = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH, ...options });
  return Uint8Array.from(bytes).slice(0, -4);
}

const tail = octets("0000ffff");

/**
 * Inflates the messages of one direction as the letter of RFC 7692 §7.2.2 has it, by one zlib stream, which refuses what
 * refers back further than its window.
 */
export class JudgeInflater {
  readonly #windowBits: number;
  readonly #takesOver: boolean;
  #stream: InflateRaw | undefined;
  /** Messages that came with RSV1. */
  compressedMessages = 0;

  constructor({ windowBits, takesOver }: { readonly windowBits: number; readonly takesOver: boolean }) {
    this.#windowBits = windowBits;
    this.#takesOver = takesOver;
  }

  /** The messages that whole frames make up, control frames left out. */
  async messages(frames: readonly Frame[]): Promise<Uint8Array[]> {
    const messages: Uint8Array[] = [];
    let pieces: Uint8Array[] = [];
    let isCompressed = false;
    for (const { opcode, rsv, fin, payload } of frames) {
      if (opcode >= 8) continue;
      if (opcode !== 0) isCompressed = rsv === rsv1;
      pieces.push(payload);
      if (!fin) continue;
      const whole = concat(...pieces);
      pieces = [];
      messages.push(isCompressed ? await this.#inflate(whole) : whole);
    }
    return messages;
  }

  async #inflate(payload: Uint8Array): Promise<Uint8Array> {
    this.compressedMessages++;
    if (!this.#takesOver) this.#stream = undefined;
    // zlib has no window of 8 bits for raw streams.
    const stream = (this.#stream ??= createInflateRaw({ windowBits: Math.max(9, this.#windowBits) }));
    const chunks: Uint8Array[] = [];
    const note = (chunk: Uint8Array): void => void chunks.push(chunk);
    stream.on("data", note);
    await new Promise<void>((resolve, reject) => {
      stream.once("error", reject);
      stream.write(concat(payload, tail), () => {
        stream.flush(() => {
          stream.removeListener("error", reject);
          resolve();
        });
      });
    });
    stream.removeListener("data", note);
    return concat(...chunks);
  }
}
