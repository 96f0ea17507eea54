/**
 * Group 9: long messages, many fragments, many pieces, many messages, all within the default limits.
 */
import { Opcode } from "../frames.js";
import type { CaseGroup, ConformanceCase, MessageKind } from "./case.js";
import { cut, echoCase, fragments, inWords } from "./case.js";
import { binary, text } from "./payloads.js";

const kibi = 1024;
const mebi = 1024 * kibi;

const messageLengths = [64 * kibi, 256 * kibi, mebi, 4 * mebi, 8 * mebi, 16 * mebi];

const fragmentLengths = [64, 256, kibi, 4 * kibi, 16 * kibi, 64 * kibi, 256 * kibi, mebi, 4 * mebi];
const fragmentedLength = 4 * mebi;

const chopLengths = [64, 128, 256, 512, kibi, 2 * kibi];
const choppedLength = mebi;

const roundTrips = 1000;
const roundTripLengths = [0, 16, 64, 256, kibi, 4 * kibi];

/** Payloads are made when a case runs: all of them together would take hundreds of megabytes. */
interface Kind {
  readonly kind: MessageKind;
  readonly payload: (length: number) => Buffer;
}

const texts: Kind = { kind: "text", payload: text };
const binaries: Kind = { kind: "binary", payload: binary };

function large(id: string, title: string, run: ConformanceCase["run"]): ConformanceCase {
  return { id, title, isSmall: false, run };
}

function lengthCases(prefix: string, { kind, payload }: Kind): ConformanceCase[] {
  return messageLengths.map((length, index) => {
    const id = `${prefix}.${index + 1}`;
    const title = `echoes a ${kind} message of ${inWords(length)}`;
    return large(id, title, (peer) => echoCase(id, title, { kind, payload: payload(length) }).run(peer));
  });
}

function fragmentCases(prefix: string, { kind, payload }: Kind): ConformanceCase[] {
  return fragmentLengths.map((fragmentLength, index) => {
    const id = `${prefix}.${index + 1}`;
    // 9.3.9 is the one of twice the length.
    const length = id === "9.3.9" ? 2 * fragmentedLength : fragmentedLength;
    const title = `echoes a ${kind} message of ${inWords(length)} in fragments of ${inWords(fragmentLength)}`;
    return large(id, title, async (peer) => {
      const whole = payload(length);
      await peer.sendFrames(fragments(kind, cut(whole, fragmentLength)));
      await peer.expectMessage(kind, whole);
      await peer.close();
    });
  });
}

function chopCases(prefix: string, { kind, payload }: Kind): ConformanceCase[] {
  return chopLengths.map((chop, index) => {
    const id = `${prefix}.${index + 1}`;
    const title = `echoes a ${kind} message of ${inWords(choppedLength)} that arrives ${inWords(chop)} at a time`;
    return large(id, title, (peer) => echoCase(id, title, { kind, payload: payload(choppedLength), chop }).run(peer));
  });
}

function roundTripCases(prefix: string, { kind, payload }: Kind): ConformanceCase[] {
  return roundTripLengths.map((length, index) =>
    large(
      `${prefix}.${index + 1}`,
      `echoes ${roundTrips} ${kind} messages of ${inWords(length)}, one after the other`,
      async (peer) => {
        const message = payload(length);
        for (let trip = 0; trip < roundTrips; trip++) {
          await peer.sendFrame({ opcode: Opcode[kind], payload: message });
          await peer.expectMessage(kind, message);
        }
        await peer.close();
      },
    ),
  );
}

export const group9: CaseGroup = {
  title: "group 9: sizes and numbers at the default limits",
  cases: [
    ...lengthCases("9.1", texts),
    ...lengthCases("9.2", binaries),
    ...fragmentCases("9.3", texts),
    ...fragmentCases("9.4", binaries),
    ...chopCases("9.5", texts),
    ...chopCases("9.6", binaries),
    ...roundTripCases("9.7", texts),
    ...roundTripCases("9.8", binaries),
  ],
};
