/**
 * Texts for the cases from 6.5 on, in hexadecimal: most of them from Markus Kuhn's UTF-8 decoder stress test.
 */

interface Utf8Vectors {
  readonly section: string;
  readonly subject: string;
  /** Whether the texts are valid, or which of them are, counted from 1. */
  readonly isValid: boolean | ((number: number) => boolean);
  readonly payloads: readonly string[];
}

/** The octets of each number, joined by `separator`, in hexadecimal. */
function octets(first: number, last: number, separator = ""): string {
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index).toString(16) + separator).join("");
}

/** A code point in UTF-8. */
function codePoint(value: number): string {
  return Buffer.from(String.fromCodePoint(value)).toString("hex");
}

// "κόσμε", one of whose code points has three octets and the others two.
const greek = "cebae1bdb9cf83cebcceb5";
/** How many octets of it make up whole code points. */
const greekBorders = [2, 5, 7, 9, 11];

/** The last two code points of each of the 17 planes. */
const nonCharacters = Array.from({ length: 17 }, (_, plane) => [0xfffe, 0xffff].map((last) => plane * 0x10000 + last));

export const utf8Vectors: readonly Utf8Vectors[] = [
  {
    section: "6.5",
    subject: "code points of one to four octets",
    isValid: true,
    payloads: [...["24", "c2a2", "e282ac", "f0a4ada2"].map((digits) => `68656c6c6f${digits}776f726c64`), greek],
  },
  {
    section: "6.6",
    subject: "the beginning of a text",
    isValid: (length) => greekBorders.includes(length),
    payloads: Array.from({ length: greek.length / 2 }, (_, index) => greek.slice(0, 2 * (index + 1))),
  },
  {
    section: "6.7",
    subject: "the first code point of its length",
    isValid: true,
    payloads: [0, 0x80, 0x800, 0x10000].map(codePoint),
  },
  {
    section: "6.8",
    subject: "a code point of five or six octets, the first of its length",
    isValid: false,
    payloads: ["f888808080", "fc8480808080"],
  },
  {
    section: "6.9",
    subject: "the last code point of its length",
    isValid: true,
    payloads: [0x7f, 0x7ff, 0xffff, 0x10ffff].map(codePoint),
  },
  {
    section: "6.10",
    subject: "a code point beyond the last, of four to six octets",
    isValid: false,
    payloads: ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"],
  },
  {
    section: "6.11",
    subject: "a code point at a border",
    isValid: (number) => number !== 5,
    payloads: [...[0xd7ff, 0xe000, 0xfffd, 0x10ffff].map(codePoint), "f4908080"],
  },
  {
    section: "6.12",
    subject: "continuation octets without a start",
    isValid: false,
    payloads: ["80", "bf", ...[2, 3, 4, 5, 6].map((count) => "80bf".repeat(3).slice(0, 2 * count)), octets(0x80, 0xbe)],
  },
  {
    section: "6.13",
    subject: "start octets without a continuation",
    isValid: false,
    payloads: [
      octets(0xc0, 0xde, "20"),
      octets(0xe0, 0xee, "20"),
      octets(0xf0, 0xf6, "20"),
      octets(0xf8, 0xfa, "20"),
      octets(0xfc, 0xfc, "20"),
    ],
  },
  {
    section: "6.14",
    subject: "a code point without its last octet",
    isValid: false,
    payloads: [
      ...["c0", "e080", "f08080", "f8808080", "fc80808080"],
      ...["df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"],
    ],
  },
  {
    section: "6.15",
    subject: "code points without their last octets, one after the other",
    isValid: false,
    payloads: ["c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"],
  },
  {
    section: "6.16",
    subject: "octets that never occur",
    isValid: false,
    payloads: ["fe", "ff", "fefeffff"],
  },
  {
    section: "6.17",
    subject: "a slash in more octets than it needs",
    isValid: false,
    payloads: ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"],
  },
  {
    section: "6.18",
    subject: "the largest code point in more octets than it needs",
    isValid: false,
    payloads: ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"],
  },
  {
    section: "6.19",
    subject: "NUL in more octets than it needs",
    isValid: false,
    payloads: ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"],
  },
  {
    section: "6.20",
    subject: "a lone surrogate",
    isValid: false,
    payloads: ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"],
  },
  {
    section: "6.21",
    subject: "a pair of surrogates, each encoded by itself",
    isValid: false,
    payloads: ["eda080", "edadbf", "edae80", "edafbf"].flatMap((high) => ["edb080", "edbfbf"].map((low) => high + low)),
  },
  {
    section: "6.22",
    subject: "a code point that is no character",
    isValid: true,
    payloads: nonCharacters.flat().map(codePoint),
  },
  {
    section: "6.23",
    subject: "one of the specials",
    isValid: true,
    payloads: Array.from({ length: 7 }, (_, index) => codePoint(0xfff9 + index)),
  },
];
