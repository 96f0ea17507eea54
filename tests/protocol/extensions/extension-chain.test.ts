import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  Extension,
  Later,
  PieceReceiver,
  Transformed,
  TransformFailure,
} from "#src/protocol/extensions/extension.js";
import { isFailure } from "#src/protocol/extensions/extension.js";
import { ExtensionChain } from "#src/protocol/extensions/extension-chain.js";
import { Opcode } from "#src/protocol/opcode.js";
import { octetsIn, plain } from "../../support/compressors.js";
import { concat, utf8 } from "../../support/octets.js";

const tooBig: TransformFailure = { failure: "message-too-big", observed: 2, limit: 1 };

/** Puts a letter before every message or fragment on its way out, and takes it off on its way in. */
class Lettering implements Extension {
  readonly name: string;
  readonly claimedBits: number;
  readonly isSlow: boolean;
  isFailing = false;
  readonly calls: string[] = [];
  pieces: Uint8Array[] = [];

  constructor(letter: string, claimedBits: number, isSlow: boolean) {
    this.name = letter;
    this.claimedBits = claimedBits;
    this.isSlow = isSlow;
  }

  #later<Value>(value: Value): Later<Value> {
    return this.isSlow ? Promise.resolve(value) : value;
  }

  #lettered({ reserved, ...range }: Transformed, isFirst: boolean): Later<Transformed> {
    const bytes = concat(utf8(this.name), octetsIn({ ...range }));
    return this.#later(plain(bytes, isFirst ? reserved | this.claimedBits : reserved));
  }

  sendMessage(_opcode: number, message: Transformed): Later<Transformed> {
    return this.#lettered(message, true);
  }

  sendFragment(_opcode: number, fragment: Transformed, isFirst: boolean): Later<Transformed> {
    return this.#lettered(fragment, isFirst);
  }

  wants(reserved: number): boolean {
    return (reserved & this.claimedBits) !== 0;
  }

  receiveMessage({ bytes, start, end, reserved }: Transformed): Later<Transformed | TransformFailure> {
    if (this.isFailing) return this.#later(tooBig);
    assert.equal(bytes[start], this.name.charCodeAt(0));
    return this.#later({ bytes, start: start + 1, end, reserved: reserved & ~this.claimedBits, isOwned: true });
  }

  receivePieces(reserved: number): PieceReceiver {
    this.pieces = [];
    return {
      push: (bytes, start, end) => {
        this.pieces.push(bytes.slice(start, end));
        return undefined;
      },
      finish: () => this.receiveMessage(plain(concat(...this.pieces), reserved)),
      heldBytes: 7,
      abort: () => void this.calls.push("abort"),
    };
  }

  close(): void {
    this.calls.push("close");
  }
}

function assertMessage(result: Transformed | TransformFailure | undefined, text: string, reserved: number): void {
  assert.ok(result !== undefined && !isFailure(result));
  assert.equal(Buffer.from(octetsIn(result)).toString(), text);
  assert.equal(result.reserved, reserved);
}

const paces = [
  ["at once", false, false],
  ["later at the first", true, false],
  ["later at the second", false, true],
  ["later at both", true, true],
] as const;

for (const [name, isFirstSlow, isSecondSlow] of paces) {
  describe(`§9.1 extensions in order, ${name}`, () => {
    const setUp = (): { first: Lettering; second: Lettering; chain: ExtensionChain } => {
      const first = new Lettering("a", 0x40, isFirstSlow);
      const second = new Lettering("b", 0x20, isSecondSlow);
      return { first, second, chain: new ExtensionChain([first, second]) };
    };

    it("change what goes out from the first to the last", async () => {
      const { chain } = setUp();
      assert.equal(chain.claimedBits, 0x60);
      assertMessage(await chain.sendMessage(Opcode.text, plain(utf8("x")), {}), "bax", 0x60);
      assertMessage(await chain.sendFragment(Opcode.text, plain(utf8("x")), true, false, {}), "bax", 0x60);
      assertMessage(await chain.sendFragment(Opcode.text, plain(utf8("y")), false, true, {}), "bay", 0);
    });

    it("change what comes in from the last to the first", async () => {
      const { chain } = setUp();
      assertMessage(await chain.receiveMessage(plain(utf8("bax"), 0x60), 9), "x", 0);
      assertMessage(await chain.receiveMessage(plain(utf8("ax"), 0x40), 9), "x", 0);
      assertMessage(await chain.receiveMessage(plain(utf8("bx"), 0x20), 9), "x", 0);
      assertMessage(await chain.receiveMessage(plain(utf8("x"), 0), 9), "x", 0);
      assert.ok(chain.wants(0x20) && chain.wants(0x40) && !chain.wants(0x10));
    });

    it("stop where one of them fails", async () => {
      for (const which of ["first", "second"] as const) {
        const { chain, [which]: failing } = setUp();
        failing.isFailing = true;
        assert.equal(await chain.receiveMessage(plain(utf8("bax"), 0x60), 9), tooBig);
        const pieces = chain.receivePieces(0x60, 9);
        void pieces?.push(utf8("bax"), 0, 3);
        assert.equal(await pieces?.finish(), tooBig);
      }
    });

    it("give pieces to the last one that wants them", async () => {
      const cases = [
        ["bax", 0x60],
        ["bx", 0x20],
        ["ax", 0x40],
      ] as const;
      for (const [text, reserved] of cases) {
        const { first, second, chain } = setUp();
        const pieces = chain.receivePieces(reserved, 9);
        assert.ok(pieces !== undefined);
        for (const letter of text) void pieces.push(utf8(letter), 0, 1);
        assert.equal(pieces.heldBytes, 7);
        assertMessage(await pieces.finish(), "x", 0);
        pieces.abort();
        assert.deepEqual((reserved & 0x20) === 0 ? first.calls : second.calls, ["abort"]);
      }
      assert.equal(setUp().chain.receivePieces(0, 9), undefined);
    });

    it("all hear of the end", () => {
      const { first, second, chain } = setUp();
      chain.close();
      assert.deepEqual([first.calls, second.calls], [["close"], ["close"]]);
    });
  });
}
