/**
 * What messages look like in systems that keep text: a head in JSON, and behind a tab a value in the JSON of the wire,
 * which has octets. JSON has no tabs in itself. Whoever looks with the tools of such a system can read it.
 */
import { jsonCodec } from "../wire/index.js";
import { copyValue } from "./value.js";

/** A value as text. @throws ValueError for a value that not every codec has */
export function textOfValue(value: unknown): string {
  return jsonCodec.encode(["ok", 1, copyValue(value).value]);
}

/** The value of a text. @throws Error for a text that is none */
export function valueOfText(text: string): unknown {
  return (jsonCodec.decode(text) as [string, number, unknown])[2] ?? null;
}

/** A message. */
export function payloadOf(head: object, valueText?: string): string {
  const text = JSON.stringify(head);
  return valueText === undefined ? text : `${text}\t${valueText}`;
}

/** A message taken apart. */
export interface Payload<Head> {
  readonly head: Head;
  /** Absent where it has none. */
  readonly valueText: string | undefined;
}

/** Takes a message apart. @throws SyntaxError for one that is not ours */
export function readPayloadText<Head>(text: string): Payload<Head> {
  const tab = text.indexOf("\t");
  return {
    head: JSON.parse(tab === -1 ? text : text.slice(0, tab)) as Head,
    valueText: tab === -1 ? undefined : text.slice(tab + 1),
  };
}
