import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { NegotiationStep } from "#src/transport/node/dialing/negotiation.js";
import { checkSocksCredentials, SocksNegotiation } from "#src/transport/node/dialing/socks.js";

const credentials = { username: "user", password: "pässword" };

interface Run {
  readonly step: NegotiationStep;
  readonly sent: readonly string[];
}

function run(negotiation: SocksNegotiation, chunks: readonly (readonly number[])[]): Run {
  const sent = [hex(negotiation.opening)];
  let step: NegotiationStep = { kind: "more" };
  for (const chunk of chunks) {
    if (step.kind !== "more") break;
    const octets = Uint8Array.from(chunk);
    step = negotiation.receive(octets, (octets) => sent.push(hex(octets)));
    // The chunk was the socket's.
    octets.fill(0xee);
  }
  return { step, sent };
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex");
}

function failureOf(answer: readonly number[], withCredentials = false): string {
  const make = (): SocksNegotiation => new SocksNegotiation("a.b", 80, withCredentials ? credentials : undefined);
  const whole = run(make(), [answer]).step;
  const single = run(
    make(),
    answer.map((octet) => [octet]),
  ).step;
  assert.deepEqual(single, whole);
  assert.ok(whole.kind === "failed", whole.kind);
  return `${whole.failure.code} ${String(whole.failure.observed)}`;
}

const accepted = [5, 0, 0, 1, 127, 0, 0, 1, 0, 80];

describe("RFC 1928 §3 the choice of a method", () => {
  it("offers no authentication, and user name and password where there are some", () => {
    assert.equal(run(new SocksNegotiation("a.b", 80), []).sent[0], "050100");
    assert.equal(run(new SocksNegotiation("a.b", 80, credentials), []).sent[0], "05020002");
  });

  it("fails for another version, at its first octet", () => {
    assert.equal(failureOf([4]), "socks-version 4");
    assert.equal(failureOf([0x48, 0x54]), "socks-version 72");
    assert.equal(failureOf([5, 0, 4]), "socks-version 4");
  });

  it("fails where no method is acceptable, or one is chosen that was not offered", () => {
    assert.equal(failureOf([5, 0xff]), "socks-no-acceptable-method undefined");
    assert.equal(failureOf([5, 0xff], true), "socks-no-acceptable-method undefined");
    assert.equal(failureOf([5, 2]), "socks-method-not-offered 2");
    assert.equal(failureOf([5, 1], true), "socks-method-not-offered 1");
  });
});

describe("RFC 1929 user name and password", () => {
  it("are sent where the server wants them, in UTF-8 with their lengths", () => {
    const { sent, step } = run(new SocksNegotiation("a.b", 80, credentials), [
      [5, 2],
      [1, 0],
    ]);
    assert.equal(sent[1], `0104${Buffer.from("user").toString("hex")}09${Buffer.from("pässword").toString("hex")}`);
    assert.equal(sent[2], "0501000303612e620050");
    assert.equal(step.kind, "more");
  });

  it("are not sent where the server does not ask for them", () => {
    const { sent } = run(new SocksNegotiation("a.b", 80, credentials), [[5, 0]]);
    assert.deepEqual(sent, ["05020002", "0501000303612e620050"]);
  });

  it("fail with the server's status, or for another version", () => {
    assert.equal(failureOf([5, 2, 1, 1], true), "socks-authentication-failed 1");
    assert.equal(failureOf([5, 2, 1, 0xff], true), "socks-authentication-failed 255");
    assert.equal(failureOf([5, 2, 5, 0], true), "socks-authentication-version 5");
  });

  it("have 1 to 255 octets each (§2)", () => {
    checkSocksCredentials({ username: "a".repeat(255), password: "b" });
    for (const wrong of [
      { username: "", password: "b" },
      { username: "a", password: "" },
      { username: "a".repeat(256), password: "b" },
      { username: "a", password: "ä".repeat(128) },
    ]) {
      assert.throws(
        () => checkSocksCredentials(wrong),
        (error: Error) => {
          assert.equal((error as Error & { code: string }).code, "invalid-argument");
          return !/aa|ää/.test(error.message);
        },
      );
    }
  });
});

describe("RFC 1928 §4 the request", () => {
  const requestFor = (host: string, port: number): string | undefined =>
    run(new SocksNegotiation(host, port), [[5, 0]]).sent[1];

  it("has the host as an address of its kind, or as a name", () => {
    assert.equal(requestFor("10.1.2.3", 443), "050100010a01020301bb");
    assert.equal(requestFor("2001:db8::1", 65_535), "0501000420010db8000000000000000000000001ffff");
    assert.equal(requestFor("::ffff:1.2.3.4", 1), "0501000400000000000000000000ffff010203040001");
    assert.equal(requestFor("example.com", 80), `050100030b${Buffer.from("example.com").toString("hex")}0050`);
  });

  it("has room for a name of 255 octets", () => {
    assert.match(requestFor("a".repeat(255), 80) ?? "", /^05010003ff(?:61){255}0050$/);
    assert.throws(() => new SocksNegotiation("a".repeat(256), 80), { code: "url-invalid" });
  });
});

describe("RFC 1928 §6 the reply", () => {
  it("is a tunnel, whatever address it tells, and what follows came through it", () => {
    const addresses = [
      [1, 127, 0, 0, 1],
      [4, ...new Uint8Array(16)],
      [3, 0],
      [3, 3, 97, 98, 99],
      [3, 255, ...new Uint8Array(255).fill(97)],
    ];
    for (const address of addresses) {
      const answer = [5, 0, 5, 0, 0, ...address, 0, 80, 0x81, 0x00];
      const whole = run(new SocksNegotiation("a.b", 80), [answer]);
      assert.deepEqual(
        { ...whole.step, rest: [...(whole.step.kind === "open" ? whole.step.rest : [])] },
        {
          kind: "open",
          // The chunk has been overwritten since: what is left over is part of it.
          rest: [0xee, 0xee],
        },
      );
      const single = run(
        new SocksNegotiation("a.b", 80),
        answer.slice(0, -2).map((octet) => [octet]),
      );
      assert.equal(single.step.kind === "open" && single.step.rest.byteLength, 0);
      assert.deepEqual(single.sent, whole.sent);
    }
  });

  it("fails with each code by its name, without waiting for the rest", () => {
    const names = [
      "socks-general-failure",
      "socks-not-allowed",
      "socks-network-unreachable",
      "socks-host-unreachable",
      "socks-connection-refused",
      "socks-ttl-expired",
      "socks-command-not-supported",
      "socks-address-type-not-supported",
    ];
    for (const [index, name] of names.entries()) {
      assert.equal(failureOf([5, 0, 5, index + 1]), `${name} ${String(index + 1)}`);
    }
    assert.equal(failureOf([5, 0, 5, 9]), "socks-reply-unknown 9");
    assert.equal(failureOf([5, 0, 5, 255]), "socks-reply-unknown 255");
  });

  it("fails for a type of address that has no meaning, and does not trust a length", () => {
    assert.equal(failureOf([5, 0, 5, 0, 0, 2]), "socks-reply-malformed 2");
    assert.equal(run(new SocksNegotiation("a.b", 80), [[5, 0, 5, 0, 0, 3, 255, 1, 2, 3]]).step.kind, "more");
  });

  it("ends the same however its octets are cut, with whatever octets", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.nat({ max: 7 }), { maxLength: 40 }),
        fc.boolean(),
        (noise, cuts, isSound) => {
          const answer = isSound ? [5, 2, 1, 0, ...accepted, ...noise] : [5, ...noise];
          const chunks: number[][] = [];
          let rest = answer;
          for (const cut of cuts) {
            chunks.push(rest.slice(0, cut));
            rest = rest.slice(cut);
          }
          const whole = run(new SocksNegotiation("a.b", 80, credentials), [answer]);
          const cut = run(new SocksNegotiation("a.b", 80, credentials), [...chunks, rest]);
          assert.equal(cut.step.kind, whole.step.kind);
          assert.deepEqual(cut.sent, whole.sent);
          if (isSound) assert.equal(whole.step.kind, "open");
        },
      ),
    );
  });
});
