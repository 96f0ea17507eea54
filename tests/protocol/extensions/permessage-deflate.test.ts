import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { DeflateContext, DeflateContextOptions } from "#src/protocol/extensions/deflate-context.js";
import { createDeflateContext } from "#src/protocol/extensions/deflate-context.js";
import type { AgreedParameters, WantedParameters } from "#src/protocol/extensions/deflate-parameters.js";
import type { Extension, Transformed } from "#src/protocol/extensions/extension.js";
import { isFailure } from "#src/protocol/extensions/extension.js";
import { acceptExtensions, confirmExtensions } from "#src/protocol/extensions/negotiation.js";
import {
  DeflateClientExtension,
  DeflateServerExtension,
  PermessageDeflate,
} from "#src/protocol/extensions/permessage-deflate.js";
import { windowBytes } from "#src/protocol/extensions/sliding-window.js";
import { WindowMemory } from "#src/protocol/extensions/window-memory.js";
import { type ExtensionOffer, formatExtensions, parseExtensions } from "#src/protocol/handshake/extension-header.js";
import { Opcode } from "#src/protocol/opcode.js";
import { octetsIn, plain, WatchedCompressor } from "../../support/compressors.js";
import { hexOf } from "../../support/octets.js";
import { jsonSample, noise } from "../../support/samples.js";

const maxBytes = 1_000_000;
const wanted: WantedParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 12,
  clientMaxWindowBits: 12,
};
const taking: AgreedParameters = wanted;

function newContext(options: DeflateContextOptions = {}): DeflateContext {
  return createDeflateContext(new WatchedCompressor(), options);
}

function elements(text: string): readonly ExtensionOffer[] {
  const header = parseExtensions([text]);
  assert.ok(header.ok);
  return header.extensions;
}

interface Pair {
  readonly server: PermessageDeflate;
  readonly client: PermessageDeflate;
  readonly serverContext: DeflateContext;
  readonly clientContext: DeflateContext;
}

/** Two ends that have negotiated with each other. */
function negotiate(
  serverWants: WantedParameters,
  clientWants: WantedParameters,
  options: DeflateContextOptions = {},
): Pair {
  const serverContext = newContext(options);
  const clientContext = newContext(options);
  const offered = new DeflateClientExtension(clientContext, clientWants).offer();
  const accepted = acceptExtensions(offered.offers, [new DeflateServerExtension(serverContext, serverWants)]);
  const confirmed = confirmExtensions(
    accepted.map(({ answer }) => answer),
    [offered],
  );
  assert.ok(!("fault" in confirmed));
  const server = accepted[0]?.extension;
  const client = confirmed[0];
  assert.ok(server instanceof PermessageDeflate && client instanceof PermessageDeflate);
  return { server, client, serverContext, clientContext };
}

async function pass(from: Extension, to: Extension, bytes: Uint8Array): Promise<Transformed> {
  const sent = await from.sendMessage(Opcode.binary, plain(bytes), {});
  const wire = plain(octetsIn(sent), sent.reserved);
  if (!to.wants(wire.reserved)) {
    assert.equal(hexOf(octetsIn(wire)), hexOf(bytes));
    return wire;
  }
  const received = await to.receiveMessage(wire, maxBytes);
  assert.ok(!isFailure(received), JSON.stringify(received));
  assert.equal(hexOf(octetsIn(received)), hexOf(bytes));
  return wire;
}

describe("§7 permessage-deflate on a connection", () => {
  it("claims RSV1 and knows a compressed message by it", () => {
    const extension = new PermessageDeflate(newContext(), "server", taking);
    assert.equal(extension.name, "permessage-deflate");
    assert.equal(extension.claimedBits, 0x40);
    assert.ok(extension.wants(0x50));
    assert.ok(!extension.wants(0x30));
  });

  it("deflates and inflates by the parameters of each direction (§7.1)", async () => {
    for (const isServerEmptied of [false, true]) {
      for (const isClientEmptied of [false, true]) {
        const wants = {
          ...wanted,
          serverNoContextTakeover: isServerEmptied,
          clientNoContextTakeover: isClientEmptied,
          serverMaxWindowBits: 11,
        };
        const { server, client, serverContext, clientContext } = negotiate(wants, wanted);
        assert.deepEqual(server.parameters, wants);
        assert.deepEqual(client.parameters, wants);
        assert.equal(serverContext.memory.reservedBytes, isClientEmptied ? 0 : windowBytes(12));
        assert.equal(clientContext.memory.reservedBytes, isServerEmptied ? 0 : windowBytes(11));
        const message = jsonSample(1000, 1);
        await pass(server, client, message);
        await pass(client, server, message);
        const again = await pass(server, client, message);
        const back = await pass(client, server, message);
        assert.equal(again.end < 50, !isServerEmptied);
        assert.equal(back.end < 50, !isClientEmptied);
        assert.equal(server.heldBytes > 0, !isServerEmptied || !isClientEmptied);
        for (const end of [server, client, server, client]) end.close();
        for (const { memory } of [serverContext, clientContext]) {
          assert.equal(memory.reservedBytes, 0);
          assert.equal(memory.lentBytes, 0);
        }
      }
    }
  });

  it("passes everything, whatever was negotiated, forgotten and evicted", async () => {
    const bits = fc.integer({ min: 8, max: 15 });
    const wants: fc.Arbitrary<WantedParameters> = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: bits,
      clientMaxWindowBits: bits,
    });
    const step = fc.record({
      fromServer: fc.boolean(),
      length: fc.oneof(fc.nat(600), fc.nat(6000), fc.constant(40_000)),
      seed: fc.nat(5),
      kind: fc.constantFrom("json", "noise", "repeated", "shared", "fragments"),
    });
    await fc.assert(
      fc.asyncProperty(
        wants,
        wants,
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(0, 3000, 1_000_000),
        async (serverWants, clientWants, steps, memoryBytes) => {
          const memory = new WindowMemory(memoryBytes);
          const { server, client } = negotiate(serverWants, clientWants, {
            memory,
            thresholdBytes: 10,
            laterFromBytes: 5000,
            maxInflatedAtOnceBytes: 20_000,
          });
          const context = newContext({ memory, thresholdBytes: 10 });
          for (const { fromServer, length, seed, kind } of steps) {
            const [from, to] = fromServer ? [server, client] : [client, server];
            if (kind === "json") await pass(from, to, jsonSample(length, seed));
            else if (kind === "noise") await pass(from, to, noise(length, seed));
            else if (kind === "repeated") await pass(from, to, new Uint8Array(length).fill(seed));
            else if (kind === "shared") await passShared(context, from, to, jsonSample(length, seed));
            else await passFragments(from, to, jsonSample(length, seed));
            assert.ok(memory.lentBytes + memory.reservedBytes <= memoryBytes);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  async function passShared(
    context: DeflateContext,
    from: PermessageDeflate,
    to: PermessageDeflate,
    bytes: Uint8Array,
  ): Promise<void> {
    // As another connection with the same parameters makes it.
    const other = new PermessageDeflate(context, "server", from.parameters);
    const shared = await other.share(plain(bytes, 0), from.versionFor(bytes.byteLength), {});
    if (shared.reserved === 0) return;
    const received = await to.receiveMessage(plain(octetsIn(shared), 0x40), maxBytes);
    from.sharedMessageSent();
    assert.ok(!isFailure(received));
    assert.equal(hexOf(octetsIn(received)), hexOf(bytes));
  }

  async function passFragments(from: Extension, to: Extension, bytes: Uint8Array): Promise<void> {
    const cuts = [0, bytes.byteLength >> 2, bytes.byteLength >> 1, bytes.byteLength];
    const pieces = to.receivePieces(0x40, maxBytes);
    for (let index = 0; index < 3; index++) {
      const fragment = plain(bytes.subarray(cuts[index], cuts[index + 1]));
      const sent = await from.sendFragment(Opcode.text, fragment, index === 0, index === 2, {});
      assert.equal(await pieces.push(sent.bytes, sent.start, sent.end), undefined);
    }
    const received = await pieces.finish();
    assert.ok(!isFailure(received), JSON.stringify(received));
    assert.equal(hexOf(octetsIn(received)), hexOf(bytes));
  }

  it("shares messages with connections of shorter windows, as far as they fit", () => {
    const extension = new PermessageDeflate(newContext(), "server", { ...taking, serverMaxWindowBits: 10 });
    assert.equal(extension.versionFor(1024), 15);
    assert.equal(extension.versionFor(1025), 10);
  });
});

describe("§5 a server with permessage-deflate", () => {
  function answers(text: string, context = newContext()): readonly string[] {
    const found = acceptExtensions(elements(text), [new DeflateServerExtension(context, wanted)]);
    return found.map(({ answer }) => formatExtensions([answer]));
  }

  it("accepts the first offer that breaks no rule", () => {
    assert.deepEqual(
      answers(
        "permessage-deflate; client_max_window_bits=7, permessage-deflate; mode, x-webkit, " +
          "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate",
      ),
      ["permessage-deflate; server_max_window_bits=10; client_max_window_bits=12"],
    );
  });

  it("declines where there is none", () => {
    const context = newContext();
    assert.deepEqual(answers("permessage-deflate; client_no_context_takeover=1, permessage-bzip2", context), []);
    assert.equal(context.memory.reservedBytes, 0);
  });

  it("asks for no context takeover when its memory is used up", () => {
    const context = newContext({ memory: new WindowMemory(windowBytes(12) * 1.5) });
    const offer = "permessage-deflate; client_max_window_bits";
    assert.deepEqual(answers(offer, context), ["permessage-deflate; client_max_window_bits=12"]);
    assert.deepEqual(answers(offer, context), [
      "permessage-deflate; client_no_context_takeover; client_max_window_bits=12",
    ]);
    assert.equal(context.memory.reservedBytes, windowBytes(12));
  });
});

describe("§5 a client with permessage-deflate", () => {
  it("reserves memory for what it offers, and gives back what was not needed", () => {
    const context = newContext();
    const { memory } = context;
    const client = new DeflateClientExtension(context, { ...wanted, serverMaxWindowBits: 15 });
    const [first, second, third, fourth] = [client.offer(), client.offer(), client.offer(), client.offer()];
    assert.equal(memory.reservedBytes, 4 * windowBytes(15));
    first.cancel();
    first.cancel();
    assert.equal(memory.reservedBytes, 3 * windowBytes(15));
    assert.ok("fault" in second.confirm(elements("permessage-deflate; mode")[0]!));
    assert.equal(memory.reservedBytes, 2 * windowBytes(15));
    third.confirm(elements("permessage-deflate; server_no_context_takeover")[0]!);
    assert.equal(memory.reservedBytes, windowBytes(15));
    fourth.confirm(elements("permessage-deflate; server_max_window_bits=9")[0]!);
    assert.equal(memory.reservedBytes, windowBytes(9));
  });

  it("offers to do without context takeover when its memory is used up, or it wants to", () => {
    const poor = new DeflateClientExtension(newContext({ memory: new WindowMemory(0) }), wanted).offer();
    const modest = new DeflateClientExtension(newContext(), { ...wanted, serverNoContextTakeover: true }).offer();
    for (const { offers } of [poor, modest]) {
      assert.ok(offers.every(({ parameters }) => parameters.some(({ name }) => name === "server_no_context_takeover")));
    }
    assert.ok("fault" in poor.confirm(elements("permessage-deflate; server_max_window_bits=12")[0]!));
  });
});
