/**
 * Faults that must not be: what a simulation has to find out, or it finds nothing.
 */
import { type FrameStage, frameStage } from "./wire-frames.js";

/** Something that goes wrong with one data frame on its way. */
export type FaultName = "lose-frame" | "repeat-frame" | "swap-frames" | "change-octet";

/** Names of all of them. */
export const faultNames: readonly FaultName[] = ["lose-frame", "repeat-frame", "swap-frames", "change-octet"];

/** Makes it happen to the data frame of this number, counted from 0, in one direction. */
export function faultyStage(fault: FaultName, number: number): FrameStage {
  let count = 0;
  let held: Uint8Array | undefined;
  return frameStage(({ octets, headerBytes, isControl }) => {
    if (isControl) return [octets];
    const here = count++ === number;
    if (held !== undefined) {
      const earlier = held;
      held = undefined;
      return [octets, earlier];
    }
    if (!here) return [octets];
    switch (fault) {
      case "lose-frame":
        return [];
      case "repeat-frame":
        return [octets, octets];
      case "swap-frames":
        held = octets;
        return [];
      case "change-octet": {
        const changed = Uint8Array.from(octets);
        // One bit of ASCII, so that a text stays one.
        if (changed.byteLength > headerBytes) changed[headerBytes] = (changed[headerBytes] ?? 0) ^ 0x01;
        return [changed];
      }
      default:
        return fault satisfies never;
    }
  });
}
