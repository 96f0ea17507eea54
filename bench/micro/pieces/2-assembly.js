/**
 * Assembly: a message out of fragments.
 */
import { binaryPayload, fragmentedMessage } from "../frames.js";
import { parsers } from "./1-parser.js";

/** @param {{ name: string, title: string, bytes: number, fragmentBytes: number }} given */
function assemblyCase({ name, title, bytes, fragmentBytes }) {
  return {
    name,
    title,
    operations: 1,
    bytes,
    contenders() {
      const payload = binaryPayload(bytes);
      return parsers(fragmentedMessage(payload, fragmentBytes), payload, 1);
    },
  };
}

/** @type {import("../piece.js").Piece} */
export const piece = {
  name: "assembly",
  title: "Assembly of fragments",
  cases: [
    assemblyCase({ name: "4kib", title: "4 KiB in 4 fragments", bytes: 4096, fragmentBytes: 1024 }),
    assemblyCase({ name: "64kib", title: "64 KiB in 1,024 fragments", bytes: 65_536, fragmentBytes: 64 }),
    assemblyCase({ name: "1mib", title: "1 MiB in 256 fragments", bytes: 1024 * 1024, fragmentBytes: 4096 }),
  ],
};
