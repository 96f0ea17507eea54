/**
 * Group 5: fragmentation (RFC 6455 §5.4).
 */

import type { FrameToWrite } from "../frames.js";
import { Opcode } from "../frames.js";
import type { Chop } from "../fuzzing-peer.js";
import type { CaseGroup, ConformanceCase } from "./case.js";
import { fragments, sendFragments, small } from "./case.js";

const parts = ["one, ", "two, ", "three, ", "four, ", "five"].map((part) => Buffer.from(part));
const firstTwo = parts.slice(0, 2);
const pingPayload = Buffer.from("in between");
const ping: FrameToWrite = { opcode: Opcode.ping, payload: pingPayload };
const wholeText: FrameToWrite = { opcode: Opcode.text, payload: Buffer.from("a message of its own") };

function strayContinuation(fin: boolean): FrameToWrite {
  return { opcode: Opcode.continuation, fin, payload: Buffer.from("continues nothing") };
}

function fragmentedControlCase(id: string, name: string, opcode: number): ConformanceCase {
  return small(id, `fails with 1002 when a ${name} is fragmented`, async (peer) => {
    await peer.sendFrames([
      { opcode, fin: false, payload: parts[0]! },
      { opcode: Opcode.continuation, payload: parts[1]! },
    ]);
    await peer.expectFailure(1002);
  });
}

function twoFragmentsCase(id: string, how: string, chop?: Chop): ConformanceCase {
  return small(id, `joins a text message of two fragments, ${how}`, async (peer) => {
    await sendFragments(peer, firstTwo, chop);
    await peer.expectMessage("text", Buffer.concat(firstTwo));
    await peer.close();
  });
}

function pingInBetweenCase(id: string, how: string, chop?: Chop): ConformanceCase {
  return small(id, `answers a ping between two fragments before it echoes the message, ${how}`, async (peer) => {
    const [first, second] = fragments("text", firstTwo);
    await peer.sendFrames([first!, ping, second!], chop);
    await peer.expectPong(pingPayload);
    await peer.expectMessage("text", Buffer.concat(firstTwo));
    await peer.close();
  });
}

function nothingToContinueCase(id: string, fin: boolean, how: string, chop?: Chop): ConformanceCase {
  const which = fin ? "a last" : "another";
  return small(id, `fails with 1002 at ${which} fragment where there is nothing to continue, ${how}`, async (peer) => {
    await peer.sendFrames([strayContinuation(fin), wholeText], chop);
    await peer.expectFailure(1002);
  });
}

function repeatedCase(id: string, fin: boolean): ConformanceCase {
  const which = fin ? "a last" : "another";
  const title = `fails with 1002 at ${which} fragment before the first, and processes nothing of what follows`;
  return small(id, title, async (peer) => {
    const round = [strayContinuation(fin), ...fragments("text", firstTwo)];
    await peer.sendFrames([...round, ...round]);
    await peer.expectFailure(1002);
  });
}

/** The pong proves that the ping was answered before the rest of the message was even sent. */
function pingsAnsweredAtOnceCase(id: string, how: string, chop?: Chop): ConformanceCase {
  return small(id, `answers pings before the last fragment is sent, ${how}`, async (peer) => {
    const all = fragments("text", parts);
    await peer.sendFrames([...all.slice(0, 2), ping], chop);
    await peer.expectPong(pingPayload);
    await peer.sendFrames([...all.slice(2, 4), ping], chop);
    await peer.expectPong(pingPayload);
    await peer.sendFrames(all.slice(4), chop);
    await peer.expectMessage("text", Buffer.concat(parts));
    await peer.close();
  });
}

export const group5: CaseGroup = {
  title: "group 5: fragmentation (§5.4)",
  cases: [
    fragmentedControlCase("5.1", "ping", Opcode.ping),
    fragmentedControlCase("5.2", "pong", Opcode.pong),
    twoFragmentsCase("5.3", "in one piece"),
    twoFragmentsCase("5.4", "frame by frame", "frames"),
    twoFragmentsCase("5.5", "octet by octet", 1),
    pingInBetweenCase("5.6", "in one piece"),
    pingInBetweenCase("5.7", "frame by frame", "frames"),
    pingInBetweenCase("5.8", "octet by octet", 1),
    nothingToContinueCase("5.9", true, "in one piece"),
    nothingToContinueCase("5.10", true, "frame by frame", "frames"),
    nothingToContinueCase("5.11", true, "octet by octet", 1),
    nothingToContinueCase("5.12", false, "in one piece"),
    nothingToContinueCase("5.13", false, "frame by frame", "frames"),
    nothingToContinueCase("5.14", false, "octet by octet", 1),
    small(
      "5.15",
      "echoes a fragmented message, then fails with 1002 at a fragment that continues nothing",
      async (peer) => {
        await peer.sendFrames([...fragments("text", firstTwo), strayContinuation(false), wholeText]);
        await peer.expectMessage("text", Buffer.concat(firstTwo));
        await peer.expectFailure(1002);
      },
    ),
    repeatedCase("5.16", false),
    repeatedCase("5.17", true),
    small("5.18", "fails with 1002 at a second fragment that is no continuation", async (peer) => {
      await peer.sendFrames([
        { opcode: Opcode.text, fin: false, payload: parts[0]! },
        { opcode: Opcode.text, fin: true, payload: parts[1]! },
      ]);
      await peer.expectFailure(1002);
    }),
    pingsAnsweredAtOnceCase("5.19", "in one piece"),
    pingsAnsweredAtOnceCase("5.20", "frame by frame", "frames"),
  ],
};
