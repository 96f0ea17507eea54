// What shows that two documents are the same: their text by its checksum, and what they know of whom by the state vector.
// (`crypto.subtle` is not there on a page without TLS; a checksum finds what was lost or doubled by accident.)
import * as Y from "yjs";
import { TEXT } from "./contract.js";

/** What one end has of a document. */
export interface Proof {
  /** Of the text: 16 hexadecimal digits. */
  readonly checksum: string;
  /** Of the state vector, 8 hexadecimal digits. */
  readonly vector: string;
  /** UTF-16 code units of the text. */
  readonly length: number;
}

/** A sum of 64 bits over a text that may be added in pieces. */
class TextSum {
  #a = 0x9e3779b9;
  #b = 0x7f4a7c15;

  add(text: string, from: number, to: number): void {
    let a = this.#a;
    let b = this.#b;
    for (let index = from; index < to; index++) {
      const code = text.charCodeAt(index);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 13);
    }
    this.#a = a;
    this.#b = b;
  }

  toString(): string {
    return hex(this.#a) + hex(this.#b);
  }
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}

/** The state vector's clocks in the order of its clients, whichever order they were learnt in. */
function vectorOf(doc: Y.Doc): string {
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([one], [other]) => one - other);
  const text = JSON.stringify(clocks);
  const sum = new TextSum();
  sum.add(text, 0, text.length);
  return sum.toString().slice(0, 8);
}

/** What this end has of a document, at once. */
export function proofOf(doc: Y.Doc): Proof {
  const text = doc.getText(TEXT).toJSON();
  const sum = new TextSum();
  sum.add(text, 0, text.length);
  return { checksum: sum.toString(), vector: vectorOf(doc), length: text.length };
}

/**
 * The same a piece at a time.
 * @param pause Resolves when something else has had its turn.
 */
export async function proofInTurns(doc: Y.Doc, pieceLength: number, pause: () => Promise<void>): Promise<Proof> {
  const vector = vectorOf(doc);
  const text = doc.getText(TEXT).toJSON();
  const sum = new TextSum();
  for (let from = 0; from < text.length; from += pieceLength) {
    sum.add(text, from, Math.min(from + pieceLength, text.length));
    if (from + pieceLength < text.length) await pause();
  }
  return { checksum: sum.toString(), vector, length: text.length };
}

/** Whether all have the same. */
export function areEqual(proofs: readonly Proof[]): boolean {
  return proofs.every(
    ({ checksum, vector, length }) =>
      checksum === proofs[0]?.checksum && vector === proofs[0].vector && length === proofs[0].length,
  );
}
