/**
 * Group 6: UTF-8 in text messages (RFC 6455 §5.6, §8.1).
 */
import { Opcode } from "../frames.js";
import type { FuzzingPeer } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { cut, sendFragments, small } from "./case.js";
import { hex } from "./payloads.js";
import { utf8Vectors } from "./utf8-vectors.js";

const empty = Buffer.alloc(0);
const german = Buffer.from("Hello-µ@ßöäüàá-UTF-8!!");
const greek = Buffer.from("κόσμε");
// A surrogate in the middle, with text behind it that is good in itself.
const greekThenSurrogate = hex("cebae1bdb9cf83cebcceb5eda080656469746564");

/** 0x110000, one beyond the last code point, between two texts. Its second octet is the first that can be refused. */
const beyondUnicode = { before: greek, bad: hex("f4908080"), after: Buffer.from("edited") };
const badFrom = 1;

function echoFragmentsCase(id: string, title: string, payloads: readonly Buffer[]): ConformanceCase {
  return small(id, title, async (peer) => {
    await sendFragments(peer, payloads);
    await peer.expectMessage("text", Buffer.concat(payloads));
    await peer.close();
  });
}

/** Two parts are sent, the second of which ends the text's validity: the failure comes without a third. */
function failFastFramesCase(id: string, title: string, [first, second]: readonly [Buffer, Buffer]): ConformanceCase {
  return small(id, title, async (peer) => {
    await peer.sendFrame({ opcode: Opcode.text, fin: false, payload: first });
    await peer.expectNothing();
    await peer.sendFrame({ opcode: Opcode.continuation, fin: false, payload: second });
    await peer.expectFailure(1007);
  });
}

/** The same within one frame. */
async function failFastInFrame(peer: FuzzingPeer, first: Buffer, second: Buffer): Promise<void> {
  const { before, bad, after } = beyondUnicode;
  const frame = peer.frame({ opcode: Opcode.text, payload: Buffer.concat([before, bad, after]) });
  const firstEnd = frame.length - before.length - bad.length - after.length + first.length;
  await peer.send(frame.subarray(0, firstEnd));
  await peer.expectSilence();
  await peer.send(frame.subarray(firstEnd, firstEnd + second.length));
  await peer.expectFailure(1007);
}

const { before, bad } = beyondUnicode;
const wholeCodePoint = [before, bad] as const;
const firstBadOctet = [Buffer.concat([before, bad.subarray(0, badFrom)]), bad.subarray(badFrom, badFrom + 1)] as const;

function vectorCases(): ConformanceCase[] {
  return utf8Vectors.flatMap(({ section, subject, isValid, payloads }) =>
    payloads.map((digits, index) => {
      const payload = hex(digits);
      const valid = typeof isValid === "function" ? isValid(index + 1) : isValid;
      const title = valid ? `echoes ${subject}: ${digits}` : `fails with 1007 at ${subject}: ${digits}`;
      return small(`${section}.${index + 1}`, title, async (peer) => {
        await peer.sendFrame({ opcode: Opcode.text, payload });
        if (valid) {
          await peer.expectMessage("text", payload);
          await peer.close();
        } else {
          await peer.expectFailure(1007);
        }
      });
    }),
  );
}

export const group6: CaseGroup = {
  title: "group 6: UTF-8 (§8.1)",
  cases: [
    small("6.1.1", "echoes an empty text message", async (peer) => {
      await peer.sendFrame({ opcode: Opcode.text });
      await peer.expectMessage("text", empty);
      await peer.close();
    }),
    echoFragmentsCase("6.1.2", "echoes three empty fragments as one empty message", [empty, empty, empty]),
    echoFragmentsCase("6.1.3", "echoes a text between two empty fragments", [empty, german, empty]),
    echoFragmentsCase("6.2.1", "echoes code points of one and two octets", [german]),
    echoFragmentsCase("6.2.2", "joins a text cut between two code points", [
      german.subarray(0, 15),
      german.subarray(15),
    ]),
    echoFragmentsCase("6.2.3", "joins a text cut within its code points of two octets", cut(german, 1)),
    echoFragmentsCase("6.2.4", "joins a text cut within its code points of two and three octets", cut(greek, 1)),
    small("6.3.1", "fails with 1007 at a surrogate within a text", async (peer) => {
      await peer.sendFrame({ opcode: Opcode.text, payload: greekThenSurrogate });
      await peer.expectFailure(1007);
    }),
    small("6.3.2", "fails with 1007 at a surrogate whose octets come in a fragment each", async (peer) => {
      await sendFragments(peer, cut(greekThenSurrogate, 1));
      await peer.expectFailure(1007);
    }),
    failFastFramesCase("6.4.1", "fails at the bad code point's fragment, before the rest is sent", wholeCodePoint),
    failFastFramesCase(
      "6.4.2",
      "fails at the first bad octet, in a fragment of its own, before the rest is sent",
      firstBadOctet,
    ),
    small("6.4.3", "fails at the bad code point within a frame, before the rest is sent", (peer) =>
      failFastInFrame(peer, ...wholeCodePoint),
    ),
    small("6.4.4", "fails at the first bad octet within a frame, before the rest is sent", (peer) =>
      failFastInFrame(peer, ...firstBadOctet),
    ),
    ...vectorCases(),
  ],
};
