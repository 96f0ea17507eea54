/**
 * Everything that is fuzzed.
 */
import type { FuzzTarget } from "../engine/target.js";
import { connection } from "./connection.js";
import { frames } from "./frames.js";
import { handshake } from "./handshake.js";
import { headers } from "./headers.js";
import { inflate } from "./inflate.js";
import { negotiation } from "./negotiation.js";
import { proxyAnswers } from "./proxy-answers.js";
import { requestHead } from "./request-head.js";

/** See the head of this file. */
export const targets: readonly FuzzTarget[] = [
  frames,
  connection,
  headers,
  handshake,
  requestHead,
  negotiation,
  inflate,
  proxyAnswers,
];
