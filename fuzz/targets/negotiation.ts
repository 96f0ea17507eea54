/**
 * Both sides of the negotiation of permessage-deflate, given what a peer may offer or answer: no memory is left reserved,
 * and what a server answers, a client takes.
 */
import assert from "node:assert/strict";
import {
  acceptExtensions,
  confirmExtensions,
  createDeflateContext,
  DeflateClientExtension,
  DeflateServerExtension,
  type WantedParameters,
} from "#src/protocol/extensions/index.js";
import { formatExtensions, parseExtensions } from "#src/protocol/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { type FuzzTarget, InputReader } from "../engine/target.js";
import { makeHeaderText } from "./headers.js";

const compressor = new NodeCompressor();

function readWanted(reader: InputReader): WantedParameters {
  return {
    serverNoContextTakeover: reader.octet() % 2 === 0,
    clientNoContextTakeover: reader.octet() % 2 === 0,
    serverMaxWindowBits: 8 + reader.upTo(7),
    clientMaxWindowBits: 8 + reader.upTo(7),
  };
}

/** See the head of this file. */
export const negotiation: FuzzTarget = {
  name: "negotiation",
  maxInputBytes: 2048,
  generate: (random) => Buffer.concat([random.octets(9), Buffer.from(makeHeaderText(random), "latin1")]),
  run: (input) => {
    const reader = new InputReader(input);
    const server = createDeflateContext(compressor);
    const client = createDeflateContext(compressor);
    if (reader.octet() < 32) server.memory.maxBytes = 0;
    const serverSide = new DeflateServerExtension(server, readWanted(reader));
    const clientSide = new DeflateClientExtension(client, readWanted(reader));
    const header = parseExtensions([Buffer.from(reader.rest()).toString("latin1")]);
    if (header.ok) {
      for (const { extension } of acceptExtensions(header.extensions, [serverSide])) extension.close();
      const confirmed = confirmExtensions(header.extensions, [clientSide.offer()]);
      if (!("fault" in confirmed)) for (const extension of confirmed) extension.close();
    }
    const offered = clientSide.offer();
    const accepted = acceptExtensions(offered.offers, [serverSide]);
    assert.ok(accepted.length <= 1);
    const answers = accepted.map(({ answer }) => answer);
    if (answers.length > 0) assert.ok(parseExtensions([formatExtensions(answers)]).ok);
    const confirmed = confirmExtensions(answers, [offered]);
    assert.ok(!("fault" in confirmed), "a client refuses what a server of ours answers");
    for (const extension of [...confirmed, ...accepted.map((one) => one.extension)]) extension.close();
    assert.equal(server.memory.reservedBytes, 0);
    assert.equal(client.memory.reservedBytes, 0);
  },
};
