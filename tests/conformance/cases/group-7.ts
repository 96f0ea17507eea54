/**
 * Group 7: the closing handshake and the body of Close frames (RFC 6455 §5.5.1, §7).
 *
 * Autobahn lets an endpoint answer any valid close code with 1000, drop the stream instead of failing it, and do what
 * it likes with codes above 4999. Here the code is echoed, as §5.5.1 has it ("typically"), and a code that no endpoint
 * may send is a violation like any other.
 */

import type { FrameToWrite } from "../frames.js";
import { Opcode } from "../frames.js";
import { closeBody } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { fragments, small } from "./case.js";
import { greeting, text } from "./payloads.js";

const closeFrame: FrameToWrite = { opcode: Opcode.close, payload: closeBody(1000) };
const message: FrameToWrite = { opcode: Opcode.text, payload: greeting };
const ping: FrameToWrite = { opcode: Opcode.ping, payload: greeting };
const longMessage = text(256 * 1024);

// With a zero behind it, it would be the code 3840, a valid one.
const halfCode = Buffer.of(0x0f);

const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const invalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const codesBeyondAll = [5000, 65_535];

/** Frames behind the first Close frame change nothing (§1.4). */
function ignoredCase(id: string, title: string, frames: readonly FrameToWrite[]): ConformanceCase {
  return small(id, title, async (peer) => {
    await peer.sendFrames(frames);
    await peer.expectClose(1000);
  });
}

function closeCase(id: string, title: string, payload: Buffer, code: number | undefined): ConformanceCase {
  return small(id, title, async (peer) => {
    await peer.sendFrame({ opcode: Opcode.close, payload });
    await peer.expectClose(code);
  });
}

function badCloseCase(id: string, title: string, payload: Buffer, failsWith: 1002 | 1007): ConformanceCase {
  return small(id, `fails with ${failsWith} at ${title}`, async (peer) => {
    await peer.sendFrame({ opcode: Opcode.close, payload });
    await peer.expectFailure(failsWith);
  });
}

const [firstFragment, lastFragment] = fragments("text", [Buffer.from("begun, "), Buffer.from("ended")]);

export const group7: CaseGroup = {
  title: "group 7: closing (§5.5.1, §7)",
  cases: [
    small("7.1.1", "echoes the message before the Close frame, then answers that", async (peer) => {
      await peer.sendFrames([message, closeFrame]);
      await peer.expectMessage("text", greeting);
      await peer.expectClose(1000);
    }),
    ignoredCase("7.1.2", "answers only the first of two Close frames", [closeFrame, closeFrame]),
    ignoredCase("7.1.3", "answers no ping behind a Close frame", [closeFrame, ping]),
    ignoredCase("7.1.4", "echoes no message behind a Close frame", [closeFrame, message]),
    ignoredCase("7.1.5", "answers a Close frame in the middle of a message, which then never ends", [
      firstFragment!,
      closeFrame,
      lastFragment!,
    ]),
    {
      id: "7.1.6",
      title: "echoes all of a long message before it answers the Close frame, and answers no ping behind that",
      isSmall: false,
      run: async (peer) => {
        await peer.sendFrames([{ opcode: Opcode.text, payload: longMessage }, closeFrame, ping]);
        await peer.expectMessage("text", longMessage);
        await peer.expectClose(1000);
      },
    },
    closeCase("7.3.1", "answers an empty Close frame with an empty one", Buffer.alloc(0), undefined),
    badCloseCase("7.3.2", "a Close frame whose body is one octet", halfCode, 1002),
    closeCase("7.3.3", "answers a Close frame that has a code", closeBody(1000), 1000),
    closeCase("7.3.4", "answers a Close frame that has a code and a reason", closeBody(1000, greeting), 1000),
    closeCase("7.3.5", "answers a Close frame whose reason has 123 octets", closeBody(1000, text(123)), 1000),
    badCloseCase("7.3.6", "a Close frame whose reason has 124 octets", closeBody(1000, text(124)), 1002),
    badCloseCase("7.5.1", "a reason that is not UTF-8", closeBody(1000, Buffer.from("cebaedadbf6564", "hex")), 1007),
    ...validCodes.map((code, index) =>
      closeCase(`7.7.${index + 1}`, `echoes the close code ${code}`, closeBody(code), code),
    ),
    ...invalidCodes.map((code, index) =>
      badCloseCase(`7.9.${index + 1}`, `the close code ${code}, which is never sent`, closeBody(code), 1002),
    ),
    ...codesBeyondAll.map((code, index) =>
      badCloseCase(`7.13.${index + 1}`, `the close code ${code}, which is beyond all ranges`, closeBody(code), 1002),
    ),
  ],
};
