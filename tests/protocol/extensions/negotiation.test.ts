import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FaultyParameters } from "#src/protocol/extensions/deflate-parameters.js";
import type { Extension } from "#src/protocol/extensions/extension.js";
import type { AcceptedExtension, OfferedExtension, ServerExtension } from "#src/protocol/extensions/negotiation.js";
import { acceptExtensions, confirmExtensions } from "#src/protocol/extensions/negotiation.js";
import { type ExtensionOffer, formatExtensions, parseExtensions } from "#src/protocol/handshake/extension-header.js";

function elements(text: string): readonly ExtensionOffer[] {
  const header = parseExtensions([text]);
  assert.ok(header.ok);
  return header.extensions;
}

class Opened {
  isClosed = false;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  close(): void {
    this.isClosed = true;
  }

  get asExtension(): Extension {
    return this as unknown as Extension;
  }
}

class Offered implements ServerExtension, OfferedExtension {
  readonly name: string;
  readonly claimedBits: number;
  readonly offers: readonly ExtensionOffer[] = [];
  readonly opened: Opened;
  readonly fault: FaultyParameters | undefined;
  seen: readonly ExtensionOffer[] | undefined;
  isCancelled = false;

  constructor(name: string, claimedBits: number, fault?: FaultyParameters) {
    this.name = name;
    this.claimedBits = claimedBits;
    this.opened = new Opened(name);
    this.fault = fault;
  }

  accept(offers: readonly ExtensionOffer[]): AcceptedExtension | undefined {
    this.seen = offers;
    const last = offers.at(-1);
    return this.fault === undefined && last !== undefined
      ? { answer: last, extension: this.opened.asExtension }
      : undefined;
  }

  confirm(): Extension | FaultyParameters {
    return this.fault ?? this.opened.asExtension;
  }

  cancel(): void {
    this.isCancelled = true;
  }
}

const fault: FaultyParameters = { fault: "unknown", parameter: "x" };

function accepted(text: string, available: readonly ServerExtension[]): string {
  const found = acceptExtensions(elements(text), available);
  return found.map(({ answer }) => formatExtensions([answer])).join(", ");
}

describe("§9.1 a server accepts extensions", () => {
  it("in its own order, each out of all offers of its name", () => {
    const [first, second] = [new Offered("a", 0x40), new Offered("b", 0x20)];
    assert.equal(accepted("b; x=1, c, a; y, b; x=2", [first, second]), "a; y, b; x=2");
    assert.deepEqual(second.seen, elements("b; x=1, b; x=2"));
  });

  it("passes over what nobody offers, knows or can accept", () => {
    assert.equal(accepted("c, b", [new Offered("a", 0x40), new Offered("b", 0x40, fault)]), "");
  });

  it("not two that claim the same bit (RFC 7692 §5)", () => {
    const second = new Offered("b", 0x60);
    assert.equal(accepted("a, b", [new Offered("a", 0x40), second]), "a");
    assert.equal(second.seen, undefined);
    assert.equal(accepted("a, b", [new Offered("a", 0x40, fault), second]), "b");
  });
});

describe("§9.1 a client takes up the answer", () => {
  it("in the server's order, and cancels the rest", () => {
    const [first, second, third] = [new Offered("a", 0x40), new Offered("b", 0x20), new Offered("c", 0x10)];
    const extensions = confirmExtensions(elements("c, a"), [first, second, third]);
    assert.ok(Array.isArray(extensions));
    assert.deepEqual(extensions, [third.opened, first.opened]);
    assert.deepEqual(
      [first, second, third].map(({ isCancelled }) => isCancelled),
      [false, true, false],
    );
  });

  it("and gives back everything where an answer is at fault", () => {
    const [first, second, third] = [new Offered("a", 0x40), new Offered("b", 0x20, fault), new Offered("c", 0x10)];
    assert.deepEqual(confirmExtensions(elements("a, b, c"), [first, second, third]), { extension: "b", ...fault });
    assert.ok(first.opened.isClosed);
    assert.ok(third.isCancelled);
  });

  it("fails where two of them claim the same bit (RFC 7692 §5)", () => {
    const [first, second] = [new Offered("a", 0x40), new Offered("b", 0x40)];
    const found = confirmExtensions(elements("a, b"), [first, second]);
    assert.ok("fault" in found);
    assert.equal(found.extension, "b");
    assert.ok(first.opened.isClosed);
    assert.ok(second.isCancelled);
  });

  it("passes over what was not offered, or comes twice", () => {
    const first = new Offered("a", 0x40);
    assert.deepEqual(confirmExtensions(elements("x, a, a"), [first]), [first.opened]);
  });
});
