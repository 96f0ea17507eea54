/**
 * The lines of a journal: a checksum, a space, the record as JSON, and behind a tab its value, in the JSON of the wire,
 * which has octets. JSON has neither line feeds nor tabs in itself.
 */

import { type ErrorBody, jsonCodec } from "../../wire/index.js";
import type { JournalRecord } from "../index.js";
import { crc32 } from "./crc32.js";

const lineFeed = 0x0a;
const checksumDigits = 8;
const checksumBytes = checksumDigits + 1;

/** A record as a line, its end included. */
export function lineOf(record: JournalRecord): Buffer {
  const payload = Buffer.from(textOf(record));
  const checksum = crc32(payload).toString(16).padStart(checksumDigits, "0");
  return Buffer.concat([Buffer.from(`${checksum} `), payload, Buffer.of(lineFeed)]);
}

function textOf(record: JournalRecord): string {
  switch (record.t) {
    case "m":
    case "set":
      return `${JSON.stringify({ ...record, v: undefined })}\t${jsonCodec.encode(["ok", 1, record.v])}`;
    case "call": {
      const value = record.o.ok ? record.o.value : record.o.error;
      return `${JSON.stringify({ ...record, o: record.o.ok })}\t${jsonCodec.encode(["ok", 1, value])}`;
    }
    default:
      return JSON.stringify(record);
  }
}

/** A line, without its end, as a record; undefined when it was not written whole. */
export function recordOf(line: Buffer): JournalRecord | undefined {
  const checksum = line.toString("latin1", 0, checksumBytes);
  if (!/^[\da-f]{8} $/u.test(checksum)) return undefined;
  const payload = line.subarray(checksumBytes);
  if (crc32(payload) !== Number.parseInt(checksum, 16)) return undefined;
  const [head = "", tail] = payload.toString().split("\t");
  // What has the right checksum was written by `textOf`.
  const record = JSON.parse(head) as JournalRecord & { o: unknown };
  if (tail === undefined) return record;
  const value = (jsonCodec.decode(tail) as [string, number, unknown])[2] ?? null;
  if (record.t !== "call") return { ...record, v: value } as JournalRecord;
  return {
    ...record,
    o: (record.o as unknown) === true ? { ok: true, value } : { ok: false, error: value as ErrorBody },
  };
}

/** Takes a file apart into its lines. */
export class LineReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Octets of the line that has no end yet. */
  get restBytes(): number {
    return this.#rest.length;
  }

  /** The lines that are complete now, without their ends. */
  *read(chunk: Buffer): Generator<Buffer, void> {
    const octets = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = octets.indexOf(lineFeed); end !== -1; end = octets.indexOf(lineFeed, start)) {
      yield octets.subarray(start, end);
      start = end + 1;
    }
    // A copy: the chunk's memory is used again.
    this.#rest = Buffer.from(octets.subarray(start));
  }
}
