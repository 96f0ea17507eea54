/**
 * Reads WebSocket frames off a TCP connection as cheaply as can be: of each message no more than its beginning is looked at, so
 * that a few hundred viewers of video leave the processor to the server. RFC 6455 §5.2.
 */

/** As much of a message as anybody wants to see: what a protocol puts before the data, and the data's own head. */
const seenBytes = 64;

export class FrameReader {
  #message;
  #head = Buffer.alloc(10);
  #headBytes = 0;
  #start = Buffer.alloc(seenBytes);
  #startBytes = 0;
  #opcode = 0;
  /** Octets of the payload that have not come; -1: the head has not. */
  #left = -1;
  #length = 0;

  /** @param {(opcode: number, length: number, start: Buffer) => void} message hears of each frame; of servers it is whole */
  constructor(message) {
    this.#message = message;
  }

  /** @param {Buffer} octets may be changed afterwards */
  push(octets) {
    let at = 0;
    while (at < octets.length) {
      if (this.#left < 0) {
        this.#head[this.#headBytes++] = octets[at++];
        this.#readHead();
      } else {
        const count = Math.min(this.#left, octets.length - at);
        const seen = Math.min(count, seenBytes - this.#startBytes);
        if (seen > 0) this.#startBytes += octets.copy(this.#start, this.#startBytes, at, at + seen);
        this.#left -= count;
        at += count;
        if (this.#left === 0) this.#end();
      }
    }
  }

  #readHead() {
    if (this.#headBytes < 2) return;
    const short = this.#head[1] & 127;
    if (this.#headBytes < (short === 127 ? 10 : short === 126 ? 4 : 2)) return;
    this.#length =
      short === 127 ? Number(this.#head.readBigUInt64BE(2)) : short === 126 ? this.#head.readUInt16BE(2) : short;
    this.#opcode = this.#head[0] & 15;
    this.#left = this.#length;
    this.#headBytes = 0;
    this.#startBytes = 0;
    if (this.#left === 0) this.#end();
  }

  #end() {
    this.#left = -1;
    this.#message(this.#opcode, this.#length, this.#start.subarray(0, this.#startBytes));
  }
}
