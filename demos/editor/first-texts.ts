// What is in a document when it is opened for the first time.
import * as Y from "yjs";
import { TEXT } from "./shared/contract.js";
import { LARGE_BYTES, LARGE_DOCUMENT } from "./shared/limits.js";

const NOTES = `# Meeting notes

Two people write here, **each with a connection of their own**. Type on both sides.

- Switch one side *offline*, write on, and switch it back: both texts come together.
- Undo takes back what that side has written, and nothing of the other's.
- Keep a version, change everything, and restore it.

> Open this page in another tab, and there are three.

`;

const CODE = `// Whoever edits this edits it together.
export function greet(names) {
  const list = new Intl.ListFormat("en").format(names);
  return \`Hello, \${list}!\`;
}

console.log(greet(["Ada", "Grace"]));
`;

const SENTENCES: readonly string[] = [
  "A document is a set of changes, and whoever has the same changes has the same document.",
  "Nothing waits for anybody: what is typed is there at once, and travels afterwards.",
  "The state vector says how much of whom is known, so that only the rest is sent.",
  "What was written without a connection is merged when there is one.",
  "It comes in parts of some kilobytes, and between two of them the page answers.",
  "A cursor is a place between two characters, not a number, so it stays where it was.",
];

/** Paragraphs that one of the made-up writers wrote before the other one went on. */
const TURN_PARAGRAPHS = 25;

/** A paragraph of Markdown with its heading. */
function paragraph(number: number): string {
  const first = number % SENTENCES.length;
  const sentences = [...SENTENCES.slice(first), ...SENTENCES.slice(0, first)].slice(0, 4);
  return `## ${number.toLocaleString("en")}\n\n${sentences.join(" ")}\n\n`;
}

/** About as many octets of Markdown, the same each time. */
function writeLargeText(doc: Y.Doc, bytes: number): void {
  const text = doc.getText(TEXT);
  const writers = [doc.clientID, doc.clientID + 1];
  let turn = 0;
  for (let number = 1; text.length < bytes; turn += 1) {
    // By turns, as people write: what one has written at a stretch is one piece for Yjs, however long that is.
    doc.clientID = writers[turn % writers.length] ?? 0;
    const paragraphs = Array.from({ length: TURN_PARAGRAPHS }, () => paragraph(number++));
    text.insert(text.length, paragraphs.join(""));
  }
}

/** The first text of a short document. */
function firstText(document: string): string {
  if (document === "code") return CODE;
  return document === "notes" ? NOTES : `# ${document}\n\n`;
}

/** The first state of a document, as an update of Yjs. */
export function firstState(document: string): Uint8Array {
  const doc = new Y.Doc();
  if (document === LARGE_DOCUMENT) writeLargeText(doc, LARGE_BYTES);
  else doc.getText(TEXT).insert(0, firstText(document));
  const state = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return state;
}
