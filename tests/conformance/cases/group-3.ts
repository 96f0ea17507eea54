/**
 * Group 3: reserved bits that no extension claims (RFC 6455 §5.2).
 */

import type { FrameToWrite } from "../frames.js";
import { Opcode } from "../frames.js";
import type { Chop } from "../fuzzing-peer.js";
import { closeBody } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { small } from "./case.js";
import { binary, greeting } from "./payloads.js";

function lonelyCase(id: string, title: string, frame: FrameToWrite): ConformanceCase {
  return small(id, title, async (peer) => {
    await peer.sendFrame(frame);
    await peer.expectFailure(1002);
  });
}

/** A message, the same with reserved bits, a ping: the message is echoed, the ping is not answered. */
function secondMessageCase(id: string, how: string, rsv: number, chop?: Chop): ConformanceCase {
  return small(id, `echoes a message, then fails with 1002 at reserved bits ${rsv}, ${how}`, async (peer) => {
    await peer.sendFrames(
      [
        { opcode: Opcode.text, payload: greeting },
        { opcode: Opcode.text, payload: greeting, rsv },
        { opcode: Opcode.ping },
      ],
      chop,
    );
    await peer.expectMessage("text", greeting);
    await peer.expectFailure(1002);
  });
}

export const group3: CaseGroup = {
  title: "group 3: reserved bits (§5.2)",
  cases: [
    lonelyCase("3.1", "fails with 1002 at a text message with reserved bits 1", {
      opcode: Opcode.text,
      payload: greeting,
      rsv: 1,
    }),
    secondMessageCase("3.2", "all in one piece", 2),
    secondMessageCase("3.3", "frame by frame", 3, "frames"),
    secondMessageCase("3.4", "octet by octet", 4, 1),
    lonelyCase("3.5", "fails with 1002 at a binary message with reserved bits 5", {
      opcode: Opcode.binary,
      payload: binary(8),
      rsv: 5,
    }),
    lonelyCase("3.6", "fails with 1002 at a ping with reserved bits 6", {
      opcode: Opcode.ping,
      payload: greeting,
      rsv: 6,
    }),
    lonelyCase("3.7", "fails with 1002 at a Close frame with reserved bits 7", {
      opcode: Opcode.close,
      payload: closeBody(1000),
      rsv: 7,
    }),
  ],
};
