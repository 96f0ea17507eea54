/**
 * Group 10: a sender that fragments by itself.
 */
import assert from "node:assert/strict";
import type { CaseGroup } from "./case.js";
import { cut, fragments } from "./case.js";
import { text } from "./payloads.js";

const fragmentBytes = 1300;

export const group10: CaseGroup = {
  title: "group 10: automatic fragmentation (§5.4)",
  cases: [
    {
      id: "10.1.1",
      title: `echoes a text message of 65536 octets in fragments of ${fragmentBytes} octets`,
      isSmall: false,
      run: async (peer) => {
        const payload = text(65_536);
        const frames = fragments("text", cut(payload, fragmentBytes));
        assert.equal(frames.length, 51);
        await peer.sendFrames(frames);
        await peer.expectMessage("text", payload);
        await peer.close();
      },
    },
  ],
};
