/**
 * What the messages about compression are cut from: octets of the kinds and lengths that Autobahn has, made up here.
 */
import { seededRandom } from "../../support/random.js";
import type { MessageKind } from "./case.js";

/** A long piece of data. */
export interface Corpus {
  readonly name: string;
  readonly kind: MessageKind;
  /** Made when a case first asks for it. */
  readonly octets: () => Buffer;
}

const words = [
  "Habe",
  "nun",
  "ach",
  "Philosophie",
  "Juristerei",
  "und",
  "Medizin",
  "durchaus",
  "studiert",
  "mit",
  "heißem",
];
const names = ["Zoë", "Łukasz", "Σωκράτης", "李雷", "😀", "Anna", "Björn", "Иван"];

function repeat(length: number, seed: number, write: (pick: (count: number) => number) => string): Buffer {
  const random = seededRandom(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const pieces: Buffer[] = [];
  for (let written = 0; written < length; ) {
    const piece = Buffer.from(write(pick));
    pieces.push(piece);
    written += piece.length;
  }
  return Buffer.concat(pieces).subarray(0, length);
}

const sentence = (pick: (count: number) => number): string =>
  `${Array.from({ length: 3 + pick(9) }, () => words[pick(words.length)]).join(" ")}.\n`;

function json(): Buffer {
  return repeat(
    194_056,
    1,
    (pick) =>
      `{"id":${pick(1e6)},"name":"${names[pick(names.length)]}","price":${pick(1e4) / 100},"open":${pick(2) === 0}},\n`,
  );
}

/** Neighbors differ little, so that it compresses a little. */
function picture(): Buffer {
  const random = seededRandom(2);
  let shade = 128;
  return Buffer.from(
    Uint8Array.from({ length: 263_222 }, () => {
      shade = Math.min(255, Math.max(0, shade + Math.floor(random() * 5) - 2));
      return shade;
    }),
  );
}

function html(): Buffer {
  return repeat(263_647, 4, (pick) => `<li class="row-${pick(9)}"><a href="/${pick(1e5)}">${sentence(pick)}</a></li>`);
}

/** Text between streams that do not compress. */
function pdf(): Buffer {
  const random = seededRandom(5);
  const length = 1_042_328;
  const octets = Buffer.from(Uint8Array.from({ length }, () => Math.floor(random() * 256)));
  const page = Buffer.from("endstream\nendobj\n12 0 obj\n<< /Type /Page /Parent 3 0 R /Resources << >> >>\nstream\n");
  for (let at = 0; at + page.length < length; at += 5000) octets.set(page, at);
  return octets;
}

function once(make: () => Buffer): () => Buffer {
  let made: Buffer | undefined;
  return () => (made ??= make());
}

/** In the order of Autobahn's 12.1 to 12.5. */
export const corpora: readonly Corpus[] = [
  { name: "JSON", kind: "text", octets: once(json) },
  { name: "a picture", kind: "binary", octets: once(picture) },
  { name: "prose", kind: "binary", octets: once(() => repeat(222_218, 3, sentence)) },
  { name: "HTML", kind: "text", octets: once(html) },
  { name: "a PDF", kind: "binary", octets: once(pdf) },
];

/** Message number `index` of so many octets; text is valid wherever it was cut. */
export function messageFrom({ kind, octets }: Corpus, length: number, index: number): Buffer {
  const all = octets();
  const start = (index * length) % (all.length - length);
  const message = Buffer.from(all.subarray(start, start + length));
  if (kind === "text") mendEnds(message);
  return message;
}

const dot = 0x2e;
const isContinuation = (octet: number): boolean => (octet & 0xc0) === 0x80;

/** What is left of a code point that was cut gives way to dots. */
function mendEnds(text: Buffer): void {
  for (let at = 0; at < text.length && isContinuation(text[at]!); at++) text[at] = dot;
  let lead = text.length - 1;
  while (lead > 0 && isContinuation(text[lead]!)) lead--;
  const first = text[lead]!;
  const octets = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (lead + octets > text.length) text.fill(dot, lead);
}
