/**
 * Group 2: pings and pongs (RFC 6455 §5.5.2, §5.5.3).
 */
import { Opcode } from "../frames.js";
import type { FuzzingPeer } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { small } from "./case.js";
import { binary, greeting } from "./payloads.js";

const longest = binary(125);

function pingCase(id: string, title: string, payload: Buffer, chop?: number): ConformanceCase {
  return small(id, title, async (peer) => {
    await peer.sendFrames([{ opcode: Opcode.ping, payload }], chop);
    await peer.expectPong(payload);
    await peer.close();
  });
}

function unsolicitedPongCase(id: string, title: string, payload: Buffer): ConformanceCase {
  return small(id, title, async (peer) => {
    await peer.sendFrame({ opcode: Opcode.pong, payload });
    await peer.expectNothing();
    await peer.close();
  });
}

async function tenPings(peer: FuzzingPeer, chop?: number): Promise<void> {
  const payloads = Array.from({ length: 10 }, (_, index) => Buffer.from(`ping number ${index}`));
  await peer.sendFrames(
    payloads.map((payload) => ({ opcode: Opcode.ping, payload })),
    chop,
  );
  for (const payload of payloads) await peer.expectPong(payload);
  await peer.close();
}

export const group2: CaseGroup = {
  title: "group 2: ping and pong (§5.5.2, §5.5.3)",
  cases: [
    pingCase("2.1", "answers an empty ping with an empty pong", Buffer.alloc(0)),
    pingCase("2.2", "answers a ping with its text", greeting),
    pingCase("2.3", "answers a ping with its octets, whatever they are", binary(8)),
    pingCase("2.4", "answers a ping of 125 octets", longest),
    small("2.5", "fails with 1002 when a ping has 126 octets", async (peer) => {
      await peer.sendFrame({ opcode: Opcode.ping, payload: binary(126) });
      await peer.expectFailure(1002);
    }),
    pingCase("2.6", "answers a ping of 125 octets that arrives octet by octet", longest, 1),
    unsolicitedPongCase("2.7", "does nothing about an empty pong that it did not ask for", Buffer.alloc(0)),
    unsolicitedPongCase("2.8", "does nothing about a pong with a payload that it did not ask for", greeting),
    small("2.9", "answers the ping after a pong that it did not ask for", async (peer) => {
      await peer.sendFrames([
        { opcode: Opcode.pong, payload: Buffer.from("nobody asked") },
        { opcode: Opcode.ping, payload: greeting },
      ]);
      await peer.expectPong(greeting);
      await peer.close();
    }),
    small("2.10", "answers each of ten pings, in order", (peer) => tenPings(peer)),
    small("2.11", "answers each of ten pings that arrive octet by octet", (peer) => tenPings(peer, 1)),
  ],
};
