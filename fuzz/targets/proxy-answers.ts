/**
 * What proxies answer, to CONNECT and to SOCKS 5: however it is cut, the same comes of it, and it is bounded. The first
 * octet of an input says which, the second where it is cut.
 */
import assert from "node:assert/strict";
import type { SeededRandom } from "#src/testing/index.js";
import { ConnectNegotiation } from "#src/transport/node/dialing/connect-tunnel.js";
import type { Negotiation } from "#src/transport/node/dialing/negotiation.js";
import { ProxyError } from "#src/transport/node/dialing/proxy-error.js";
import { SocksNegotiation } from "#src/transport/node/dialing/socks.js";
import type { FuzzTarget } from "../engine/target.js";
import { cutInto, InputReader } from "../engine/target.js";

const maxHeadBytes = 512;

const lines = [
  ...["HTTP/1.1 200 OK\r\n", "HTTP/1.0 299\r\n", "HTTP/1.1 407 Who\r\n", "HTTP/1.1 100 Continue\r\n\r\n"],
  ...["Content-Length: 5\r\n", "Proxy-Authenticate: Basic\r\n", "X:\r\n", "a\r\n", " folded\r\n", "\n", "\r", "\r\n"],
  ...["X: \u0000\r\n", "X: é\r\n", `X: ${"x".repeat(200)}\r\n`],
];

function makeHead(random: SeededRandom): Uint8Array {
  const count = random.integer(0, 5);
  const text = Array.from({ length: count }, () => random.pick(lines)).join("");
  return Buffer.from(`${random.pick(lines)}${text}\r\n`, "latin1");
}

function makeReplies(random: SeededRandom): Uint8Array {
  const method = random.pick([[5, 0], [5, 2, 1, 0], [5, 2, 1, 1], [5, 255], [4, 0], [5]]);
  const address = random.pick([[1, 0, 0, 0, 0], [4, ...random.octets(16)], [3, 3, 97, 98, 99], [3, 255], [2], []]);
  const reply = [5, random.chance(0.7) ? 0 : random.integer(0, 10), 0, ...address, 0, 80];
  return Uint8Array.from([...method, ...reply, ...random.octets(random.integer(0, 4))]);
}

function makeNegotiation(which: number): Negotiation {
  if (which % 3 === 0) return new ConnectNegotiation({ host: "a.b", port: 80 }, maxHeadBytes);
  return new SocksNegotiation("a.b", 80, which % 3 === 1 ? undefined : { username: "u", password: "p" });
}

/** What comes of an answer: the last step, what was sent, and how much of the answer was not the tunnel's. */
function outcomeOf(which: number, pieces: readonly Uint8Array[]): string {
  const negotiation = makeNegotiation(which);
  const sent: string[] = [];
  let taken = 0;
  for (const piece of pieces) {
    const step = negotiation.receive(piece, (octets) => sent.push(Buffer.from(octets).toString("hex")));
    taken += piece.byteLength;
    if (step.kind === "more") continue;
    if (step.kind === "open") return `open after ${String(taken - step.rest.byteLength)}, ${sent.join()}`;
    const error = new ProxyError("http://proxy:1", step.failure);
    assert.match(error.message, /^[\u0020-\u007e…]*$/);
    assert.ok(error.status === undefined || error.headers !== undefined);
    return `${error.code} ${String(error.status)}, ${sent.join()}`;
  }
  assert.ok(which % 3 !== 0 || taken <= maxHeadBytes, "a head without an end");
  return `more, ${sent.join()}`;
}

/** See the head of this file. */
export const proxyAnswers: FuzzTarget = {
  name: "proxy-answers",
  maxInputBytes: 2048,
  generate: (random) => {
    const which = random.integer(0, 2);
    const answer = which === 0 ? makeHead(random) : makeReplies(random);
    return Uint8Array.from([which, random.integer(1, 255), ...answer]);
  },
  run: (input) => {
    const reader = new InputReader(input);
    const which = reader.octet();
    const seed = reader.octet();
    const answer = reader.rest();
    const whole = outcomeOf(which, [answer]);
    assert.equal(outcomeOf(which, cutInto(answer, seed)), whole);
    assert.equal(
      outcomeOf(
        which,
        Array.from(answer, (octet) => Uint8Array.of(octet)),
      ),
      whole,
    );
  },
};
