/**
 * Group 4: reserved opcodes (RFC 6455 §5.2).
 */
import { Opcode } from "../frames.js";
import type { Chop } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { small } from "./case.js";
import { greeting } from "./payloads.js";

/** The five cases of one kind: the first two frames stand alone, the others follow a message. */
function casesOf(prefix: string, kind: string, firstOpcode: number): ConformanceCase[] {
  const lonely = (number: number, payload: Buffer): ConformanceCase => {
    const opcode = firstOpcode + number - 1;
    return small(`${prefix}.${number}`, `fails with 1002 at the reserved ${kind} opcode ${opcode}`, async (peer) => {
      await peer.sendFrame({ opcode, payload });
      await peer.expectFailure(1002);
    });
  };
  const afterMessage = (number: number, payload: Buffer, chop?: Chop): ConformanceCase => {
    const opcode = firstOpcode + number - 1;
    const title = `echoes a message, then fails with 1002 at the reserved ${kind} opcode ${opcode}, and answers no ping`;
    return small(`${prefix}.${number}`, title, async (peer) => {
      await peer.sendFrames(
        [{ opcode: Opcode.text, payload: greeting }, { opcode, payload }, { opcode: Opcode.ping }],
        chop,
      );
      await peer.expectMessage("text", greeting);
      await peer.expectFailure(1002);
    });
  };
  const empty = Buffer.alloc(0);
  return [
    lonely(1, empty),
    lonely(2, greeting),
    afterMessage(3, empty),
    afterMessage(4, greeting),
    afterMessage(5, greeting, 1),
  ];
}

export const group4: CaseGroup = {
  title: "group 4: reserved opcodes (§5.2)",
  cases: [...casesOf("4.1", "data", 3), ...casesOf("4.2", "control", 11)],
};
