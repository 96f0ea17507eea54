/**
 * The grammar of the headers that list extensions and subprotocols: what was read is written and read back.
 */
import assert from "node:assert/strict";
import { formatProtocols, parseProtocols } from "#src/protocol/handshake/subprotocol.js";
import { formatExtensions, parseExtensions } from "#src/protocol/index.js";
import type { SeededRandom } from "#src/testing/index.js";
import type { FuzzTarget } from "../engine/target.js";

const pieces = [
  ...[
    "permessage-deflate",
    "client_max_window_bits",
    "server_max_window_bits",
    "server_no_context_takeover",
    "x",
    "foo",
  ],
  ...[
    ",",
    ", ",
    ";",
    "; ",
    "=",
    '"',
    "\\",
    " ",
    "\t",
    "\n",
    "15",
    "8",
    "=15",
    '="10"',
    '"a\\b"',
    "__proto__",
    "ä",
    "\0",
  ],
];

/** Makes some of what such a header is made of, in any order. */
export function makeHeaderText(random: SeededRandom): string {
  if (random.chance(0.3)) {
    const bits = random.pick(["", "=8", "=15", "=9", "=16", "=08", '="12"', "=", "=x"]);
    const names = ["client_max_window_bits", "server_max_window_bits", "client_no_context_takeover"];
    return `permessage-deflate; ${random.pick(names)}${bits}, permessage-deflate; server_no_context_takeover`;
  }
  return Array.from({ length: random.integer(1, 12) }, () => random.pick(pieces)).join("");
}

/** See the head of this file. */
export const headers: FuzzTarget = {
  name: "headers",
  maxInputBytes: 4096,
  generate: (random) => Buffer.from(makeHeaderText(random), "latin1"),
  run: (input) => {
    const values = Buffer.from(input).toString("latin1").split("\n");
    const extensions = parseExtensions(values);
    if (extensions.ok) {
      assert.ok(extensions.extensions.length > 0);
      const again = parseExtensions([formatExtensions(extensions.extensions)]);
      assert.deepEqual(again, extensions);
    } else {
      const { line, position } = extensions;
      assert.ok(line < values.length && position <= (values[line]?.length ?? 0));
    }
    const protocols = parseProtocols(values);
    if (protocols.ok && protocols.protocols.length > 0) {
      assert.deepEqual(parseProtocols([formatProtocols(protocols.protocols)]), protocols);
    }
  },
};
