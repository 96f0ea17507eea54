/**
 * Groups 12 and 13: compression (RFC 7692), of data of several kinds, and with several parameters. Autobahn sends 1,000
 * messages in each case; what so many show that a few do not is a matter of group 9.
 */
import assert from "node:assert/strict";
import type { DeflateRequest } from "../deflate.js";
import type { FuzzingPeer } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { inWords } from "./case.js";
import type { Corpus } from "./corpora.js";
import { corpora, messageFrom } from "./corpora.js";

const kibi = 1024;

/** The length of a message, and of the fragments that it is sent in; 0 for one frame. */
type Shape = readonly [messageBytes: number, fragmentBytes: number];

const shapes: readonly Shape[] = [
  [16, 0],
  [64, 0],
  [256, 0],
  [kibi, 0],
  [4 * kibi, 0],
  [8 * kibi, 0],
  [16 * kibi, 0],
  [32 * kibi, 0],
  [64 * kibi, 0],
  [128 * kibi, 0],
  [8 * kibi, 256],
  [16 * kibi, 256],
  [32 * kibi, 256],
  [64 * kibi, 256],
  [128 * kibi, 256],
  [128 * kibi, kibi],
  [128 * kibi, 4 * kibi],
  [128 * kibi, 32 * kibi],
];

// Enough for a window to be referred to, and to be overrun by the longer ones.
const messages = 4;
const smallBytes = 1024;
// From here on, and of what compresses well, an answer that is not compressed is none about compression.
const surelyCompressedBytes = 4 * kibi;

const anything: DeflateRequest = { noContextTakeover: false, maxWindowBits: 0 };

/** The parameters that are asked for in 13.1 to 13.7, the most wanted first. */
const requests: readonly (readonly DeflateRequest[])[] = [
  [anything],
  [{ noContextTakeover: true, maxWindowBits: 0 }],
  [{ noContextTakeover: false, maxWindowBits: 9 }],
  [{ noContextTakeover: false, maxWindowBits: 15 }],
  [{ noContextTakeover: true, maxWindowBits: 9 }],
  [{ noContextTakeover: true, maxWindowBits: 15 }],
  [{ noContextTakeover: true, maxWindowBits: 9 }, { noContextTakeover: true, maxWindowBits: 0 }, anything],
];

async function exchange(peer: FuzzingPeer, corpus: Corpus, [messageBytes, fragmentBytes]: Shape): Promise<void> {
  const { kind } = corpus;
  for (let index = 0; index < messages; index++) {
    const message = messageFrom(corpus, messageBytes, index);
    // In turns: octets that were compressed together, and fragments that were compressed each when it came.
    if (index % 2 === 0) await peer.sendCompressed(kind, message, fragmentBytes);
    else await peer.sendCompressedPieces(kind, message, fragmentBytes);
    await peer.expectMessage(kind, message);
  }
  if (messageBytes >= surelyCompressedBytes && corpus.name === "JSON") {
    assert.ok(peer.compressedMessages > 0, "nothing came back compressed");
  }
  await peer.close();
}

function compressionCase(
  id: string,
  corpus: Corpus,
  shape: Shape,
  deflate: readonly DeflateRequest[],
): ConformanceCase {
  const [messageBytes, fragmentBytes] = shape;
  const how = fragmentBytes === 0 ? "" : ` in fragments of ${inWords(fragmentBytes)}`;
  return {
    id,
    title: `echoes compressed messages of ${inWords(messageBytes)} of ${corpus.name}${how}`,
    isSmall: messageBytes < smallBytes,
    deflate,
    run: (peer) => exchange(peer, corpus, shape),
  };
}

function inWordsOf({ noContextTakeover, maxWindowBits }: DeflateRequest): string {
  return `${noContextTakeover ? "no context takeover" : "context takeover"}, ${maxWindowBits === 0 ? "any window" : `${maxWindowBits} bits`}`;
}

export const groups12: readonly CaseGroup[] = corpora.map((corpus, section) => ({
  title: `group 12.${section + 1}: permessage-deflate of ${corpus.name}`,
  cases: shapes.map((shape, index) => compressionCase(`12.${section + 1}.${index + 1}`, corpus, shape, [anything])),
}));

export const groups13: readonly CaseGroup[] = requests.map((deflate, section) => ({
  title: `group 13.${section + 1}: permessage-deflate with ${deflate.map(inWordsOf).join(", or ")}`,
  cases: shapes.map((shape, index) => compressionCase(`13.${section + 1}.${index + 1}`, corpora[0]!, shape, deflate)),
}));
