/**
 * Group 1: whole messages at the borders of the three length encodings (RFC 6455 §5.2).
 */

import type { CaseGroup, ConformanceCase, MessageKind } from "./case.js";
import { echoCase } from "./case.js";
import { binary, text } from "./payloads.js";

const lengths = [0, 125, 126, 127, 128, 65_535, 65_536];
const choppedLength = 65_536;
const chopBytes = 997;

function casesOf(prefix: string, kind: MessageKind, payload: (length: number) => Buffer): ConformanceCase[] {
  return [
    ...lengths.map((length, index) =>
      echoCase(`${prefix}.${index + 1}`, `echoes a ${kind} message of ${length} octets`, {
        kind,
        payload: payload(length),
      }),
    ),
    echoCase(
      `${prefix}.${lengths.length + 1}`,
      `echoes a ${kind} message of ${choppedLength} octets that arrives ${chopBytes} octets at a time`,
      { kind, payload: payload(choppedLength), chop: chopBytes },
    ),
  ];
}

export const group1: CaseGroup = {
  title: "group 1: payload lengths (§5.2)",
  cases: [...casesOf("1.1", "text", text), ...casesOf("1.2", "binary", binary)],
};
