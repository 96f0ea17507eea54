/**
 * Header lines as `node:http2` takes them.
 */
import type { RawHeaders } from "../../../protocol/index.js";

/** Header lines by name, several values as a list. */
export function fieldsOf(rawHeaders: RawHeaders): Record<string, string | string[]> {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    const earlier = headers[name];
    if (earlier === undefined) headers[name] = value;
    else if (typeof earlier === "string") headers[name] = [earlier, value];
    else earlier.push(value);
  }
  return headers;
}
