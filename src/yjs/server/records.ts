/**
 * Records in a file: 16 octets that are the file's own stand before each, then its length and its CRC-32 (4 octets each, the
 * lowest first; the checksum is of length and content), then its content. The file's own octets are random: they tell where
 * a record may begin behind one that is damaged, and nobody who writes to a document can put them into it.
 */
import { randomBytes } from "node:crypto";
import { crc32 } from "../../realtime/engines/journal/crc32.js";

const markerBytes = 16;

/** Octets before the content of a record. */
export const recordHeadBytes: number = markerBytes + 8;

/** What a file holds. */
export interface Records {
  readonly marker: Buffer;
  /** Those that are whole, up to the first that is not. */
  readonly whole: readonly Buffer[];
  /** Where the first one ends that is not followed by a whole one, in octets. */
  readonly bytes: number;
  /** Whether there are whole ones behind one that is not: then it is damaged. */
  readonly isDamaged: boolean;
}

/** The octets for a new file. */
export function newMarker(): Buffer {
  return randomBytes(markerBytes);
}

/** Octets as a record. */
export function recordOf(marker: Buffer, content: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(recordHeadBytes + content.length);
  marker.copy(record);
  record.writeUInt32LE(content.length, markerBytes);
  record.set(content, recordHeadBytes);
  record.writeUInt32LE(checksumOf(record.readUInt32LE(markerBytes), content), markerBytes + 4);
  return record;
}

/** Reads what is whole in a file. Never throws. */
export function readRecords(file: Buffer): Records {
  const marker = Buffer.from(file.subarray(0, markerBytes));
  const whole: Buffer[] = [];
  let at = 0;
  for (let content = recordAt(file, marker, at); content !== undefined; content = recordAt(file, marker, at)) {
    whole.push(content);
    at += recordHeadBytes + content.length;
  }
  return { marker, whole, bytes: at, isDamaged: hasWholeBehind(file, marker, at) };
}

function hasWholeBehind(file: Buffer, marker: Buffer, damagedAt: number): boolean {
  if (marker.length < markerBytes) return false;
  for (let at = file.indexOf(marker, damagedAt + 1); at !== -1; at = file.indexOf(marker, at + 1)) {
    if (recordAt(file, marker, at) !== undefined) return true;
  }
  return false;
}

function recordAt(file: Buffer, marker: Buffer, at: number): Buffer | undefined {
  const start = at + recordHeadBytes;
  if (start > file.length || !file.subarray(at, at + markerBytes).equals(marker)) return undefined;
  const length = file.readUInt32LE(at + markerBytes);
  if (start + length > file.length) return undefined;
  const content = file.subarray(start, start + length);
  return checksumOf(length, content) === file.readUInt32LE(at + markerBytes + 4) ? content : undefined;
}

function checksumOf(length: number, content: Uint8Array): number {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(length);
  return crc32(Buffer.concat([head, content]));
}
