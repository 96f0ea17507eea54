import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isAsMarked, levelKey, viewBook } from "../../demos/trading/shared/book-view.js";
import { bookChecksum, crc32 } from "../../demos/trading/shared/checksum.js";
import { Conflation } from "../../demos/trading/shared/conflation.js";
import { type BookMark, MARK_KEY } from "../../demos/trading/shared/contract.js";
import { formatDecimal, groupDigits, parseDecimal } from "../../demos/trading/shared/decimal.js";
import { Steps, stepsOf } from "../../demos/trading/shared/instrument.js";
import { LatencyHistogram } from "../../demos/trading/shared/latency-histogram.js";
import { profitOf, shownMoney } from "../../demos/trading/shared/profit.js";
import { judgeTicket } from "../../demos/trading/shared/ticket.js";

describe("decimals", () => {
  it("are written and read without losing anything", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(9), (units, decimals) => {
        assert.equal(parseDecimal(formatDecimal(units, decimals), decimals), units);
      }),
    );
    assert.equal(formatDecimal(-5, 2), "-0.05");
    assert.equal(formatDecimal(12n, 0), "12");
  });

  it("are refused when they are none, or have more digits than there is room for", () => {
    for (const text of ["", ".", "1.", ".5", "1e3", " 1", "+1", "0x1", "1,5", "٣", "1".repeat(25)]) {
      assert.equal(parseDecimal(text, 2), undefined, text);
    }
    assert.equal(parseDecimal("1.005", 2), undefined);
    assert.equal(parseDecimal("1.50000", 2), 150n);
  });

  it("have commas between thousands for people", () => {
    assert.equal(groupDigits("1234567.1234"), "1,234,567.1234");
    assert.equal(groupDigits("999"), "999");
  });
});

describe("steps", () => {
  it("take whole numbers of themselves and nothing else", () => {
    const steps = new Steps("0.05");
    assert.deepEqual(
      [steps.parse("1.00"), steps.parse("1.1"), steps.parse("1.02"), steps.parse("x")],
      [20, 22, undefined, undefined],
    );
    assert.equal(steps.format(21), "1.05");
    assert.equal(new Steps("10").parse("25"), undefined);
    assert.equal(new Steps("10").format(3), "30");
    assert.equal(steps.parse("999999999999999"), undefined);
    assert.throws(() => new Steps("0.00"), RangeError);
  });
});

describe("a ticket", () => {
  const instrument = { symbol: "AB", name: "A B", tick: "0.05", lot: "10", maxSize: "1000" };
  const judge = (size: string, price: string | undefined): unknown => {
    const judged = judgeTicket(instrument, stepsOf(instrument), { size, price }, 2_000);
    return "code" in judged ? judged.code : judged;
  };

  it("becomes ticks and lots, or says what is wrong with it", () => {
    assert.deepEqual(judge("30", "100.05"), { lots: 3, ticks: 2_001 });
    assert.deepEqual(judge("30", undefined), { lots: 3, ticks: undefined });
    assert.equal(judge("", "100"), "invalid-size");
    assert.equal(judge("-10", "100"), "invalid-size");
    assert.equal(judge("35", "100"), "size-off-lot");
    assert.equal(judge("1010", "100"), "size-too-large");
    assert.equal(judge("10", "1e2"), "invalid-price");
    assert.equal(judge("10", "100.01"), "price-off-tick");
    assert.equal(judge("10", "120.05"), "price-off-band");
    assert.equal(judge("10", "79.95"), "price-off-band");
    assert.deepEqual(judge("10", "80.00"), { lots: 1, ticks: 1_600 });
  });
});

describe("the checksum of a book", () => {
  it("is CRC-32 as others have it", () => {
    assert.equal(crc32("123456789"), 0xcbf43926);
    assert.equal(crc32(""), 0);
  });

  it("is the same for a book that came in any order, and another for another book", () => {
    const bids = [["10.05", "3"], ["9.95", "2"], ["0.10", "1"]] as const; // biome-ignore format: short
    const asks = [["10.10", "1"], ["100.00", "7"]] as const; // biome-ignore format: short
    const mark: BookMark = { revision: 1, checksum: bookChecksum(bids, asks), levelChanges: 5, timeMs: 0 };
    const entries: [string, string | BookMark][] = [
      [MARK_KEY, mark],
      ...bids.map(([price, size]): [string, string] => [levelKey("buy", price), size]),
      ...asks.map(([price, size]): [string, string] => [levelKey("sell", price), size]),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        const view = viewBook(new Map(shuffled), 2);
        assert.deepEqual(view.bids, bids);
        assert.deepEqual(view.asks, asks);
        assert.equal(isAsMarked(view), true);
      }),
    );
    for (const [key] of entries.slice(1)) {
      assert.equal(isAsMarked(viewBook(new Map(entries.filter(([other]) => other !== key)), 2)), false);
      assert.equal(isAsMarked(viewBook(new Map([...entries, [key, "4"]]), 2)), false);
    }
    assert.equal(isAsMarked(viewBook(new Map(entries.slice(1)), 2)), undefined);
  });
});

describe("what is measured", () => {
  it("sorts latencies into classes, of which the newest count", () => {
    const histogram = new LatencyHistogram(3);
    assert.equal(histogram.percentile(50), undefined);
    for (const latencyMs of [5_000, -2, 4, 1_500]) histogram.add(latencyMs);
    assert.equal(histogram.size, 3);
    const classes = histogram.classes();
    assert.deepEqual([classes[0], classes[3], classes.at(-1)], [1, 1, 1]);
    assert.deepEqual([histogram.percentile(1), histogram.percentile(50), histogram.percentile(99)], [0, 4, 1_500]);
  });

  it("counts what conflation leaves out, over the last seconds", () => {
    const conflation = new Conflation(1_000);
    assert.equal(conflation.rates(), undefined);
    conflation.add(100, 50, 0);
    assert.equal(conflation.rates(), undefined);
    conflation.add(140, 10, 500);
    conflation.add(200, 15, 1_000);
    assert.deepEqual(conflation.rates(), { made: 100, received: 25, updates: 2, ratio: 4 });
    conflation.add(210, 10, 3_000);
    assert.deepEqual(conflation.rates(), { made: 5, received: 5, updates: 0.5, ratio: 1 });
    conflation.clear();
    assert.equal(conflation.rates(), undefined);
  });
});

describe("a profit", () => {
  const steps = stepsOf({ symbol: "AB", name: "A B", tick: "0.05", lot: "0.001", maxSize: "1" });

  it("is exact, whatever its size", () => {
    const position = { type: "position", symbol: "AB", size: "-123456789.001", cost: "-987654321098.76543" } as const;
    assert.equal(profitOf(position, "8000.05", steps), "-6163748.68462");
    assert.equal(profitOf({ ...position, size: "0.003", cost: "30.00015" }, "10000.05", steps), "0.00000");
    assert.throws(() => profitOf(position, "1.001", steps), RangeError);
  });

  it("is shown with a sign and cents, cut off", () => {
    assert.deepEqual(["1234.567", "-0.019", "0.001", "-1234567"].map(shownMoney), [
      "+1,234.56",
      "−0.01",
      "0.00",
      "−1,234,567.00",
    ]);
  });
});
