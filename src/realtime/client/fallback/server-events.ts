/**
 * Server-sent events as they come (WHATWG HTML §9.2.6), as far as this protocol has them.
 */

/** An event. */
export interface ServerEvent {
  /** "message" where it has no other. */
  readonly type: string;
  readonly data: string;
}

/**
 * The events of a body.
 *
 * @throws what reading it throws, when it breaks off
 */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let lines: string[] = [];
  // A line that has not ended comes in pieces.
  let pieces: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    // What is not whole is no event.
    if (done) return;
    const parts = decoder.decode(value, { stream: true }).split("\n");
    for (const [index, part] of parts.entries()) {
      pieces.push(part);
      if (index === parts.length - 1) break;
      const line = pieces.join("");
      pieces = [];
      if (line !== "" && line !== "\r") {
        lines.push(line.replace(/\r$/, ""));
        continue;
      }
      const event = eventOf(lines);
      lines = [];
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(lines: readonly string[]): ServerEvent | undefined {
  let type = "message";
  const data: string[] = [];
  for (const line of lines) {
    // A comment has no name.
    const [, name, value = ""] = /^([^:]+)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (name === "event") type = value;
    else if (name === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { type, data: data.join("\n") };
}
