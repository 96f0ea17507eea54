import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type AgreedParameters,
  answerOffer,
  clientOffers,
  judgeAnswer,
  type ParameterFault,
  readParameters,
  type WantedParameters,
  type WrittenParameters,
  writeAnswer,
} from "#src/protocol/extensions/deflate-parameters.js";
import { type ExtensionOffer, formatExtensions, parseExtensions } from "#src/protocol/handshake/extension-header.js";

const wanted: WantedParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 12,
  clientMaxWindowBits: 12,
};
const longest: WantedParameters = { ...wanted, serverMaxWindowBits: 15, clientMaxWindowBits: 15 };

function elements(text: string): readonly ExtensionOffer[] {
  const header = parseExtensions([text]);
  assert.ok(header.ok, text);
  return header.extensions;
}

function element(parameters: string): ExtensionOffer {
  return elements(`permessage-deflate${parameters === "" ? "" : `; ${parameters}`}`)[0]!;
}

function offer(parameters: string): WrittenParameters {
  const read = readParameters(element(parameters).parameters, true);
  assert.ok(!("fault" in read), parameters);
  return read;
}

describe("§7.1 reading the parameters", () => {
  it("reads all four, in any order", () => {
    const all =
      "client_max_window_bits=9; server_no_context_takeover; server_max_window_bits=10; client_no_context_takeover";
    assert.deepEqual(offer(all), {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
    });
    assert.deepEqual(readParameters(element(all).parameters, false), offer(all));
  });

  it("reads an offer without any", () => {
    assert.deepEqual(offer(""), {
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: undefined,
      clientMaxWindowBits: undefined,
    });
  });

  it("takes client_max_window_bits without a value in an offer only (§7.1.2.2)", () => {
    assert.equal(offer("client_max_window_bits").clientMaxWindowBits, true);
    assert.deepEqual(readParameters(element("client_max_window_bits").parameters, false), {
      fault: "value-invalid",
      parameter: "client_max_window_bits",
    });
  });

  it("takes every window from 8 to 15 bits, quoted or not", () => {
    for (let bits = 8; bits <= 15; bits++) {
      assert.equal(offer(`server_max_window_bits=${bits}`).serverMaxWindowBits, bits);
      assert.equal(offer(`client_max_window_bits="${bits}"`).clientMaxWindowBits, bits);
    }
  });

  const faults: [string, ParameterFault, string][] = [
    ["server_max_window_bits", "value-invalid", "server_max_window_bits"],
    ["server_no_context_takeover=1", "value-invalid", "server_no_context_takeover=1"],
    ["client_no_context_takeover=true", "value-invalid", "client_no_context_takeover=true"],
    ...[
      "7",
      "16",
      "0",
      "08",
      "010",
      "1",
      "15.0",
      "0x9",
      "-9",
      "+9",
      "9e0",
      "99999999999999999999",
      "9a",
      "NaN",
    ].flatMap((value): [string, ParameterFault, string][] => [
      [`server_max_window_bits=${value}`, "value-invalid", `server_max_window_bits=${value}`],
      [`client_max_window_bits=${value}`, "value-invalid", `client_max_window_bits=${value}`],
    ]),
    ["client_max_window_bits=9; client_max_window_bits=10", "repeated", "client_max_window_bits=10"],
    ["server_no_context_takeover; server_no_context_takeover", "repeated", "server_no_context_takeover"],
    ["mode", "unknown", "mode"],
    ["Server_No_Context_Takeover", "unknown", "Server_No_Context_Takeover"],
    ["__proto__", "unknown", "__proto__"],
    ["toString=10", "unknown", "toString=10"],
  ];
  for (const [parameters, fault, parameter] of faults) {
    it(`finds ${parameters} to be ${fault}`, () => {
      assert.deepEqual(readParameters(element(parameters).parameters, true), { fault, parameter });
      assert.deepEqual(readParameters(element(parameters).parameters, false), { fault, parameter });
    });
  }

  it("never throws, whatever the names and values", () => {
    const token = fc.oneof(
      fc.constantFrom("server_max_window_bits", "client_max_window_bits", "client_no_context_takeover"),
      fc.string(),
    );
    const parameter = fc.record({ name: token, value: fc.option(fc.oneof(fc.string(), fc.nat(20).map(String))) });
    fc.assert(
      fc.property(fc.array(parameter), fc.boolean(), (list, isOffer) => {
        readParameters(
          list.map(({ name, value }) => ({ name, value: value ?? undefined })),
          isOffer,
        );
      }),
    );
  });
});

describe("§7.1 the server answers an offer", () => {
  interface Answer {
    readonly agreed: AgreedParameters;
    readonly text: string;
    readonly reserved: readonly number[];
  }
  function answer(parameters: string, wants: WantedParameters, hasMemory = true): Answer {
    const reserved: number[] = [];
    const read = offer(parameters);
    const agreed = answerOffer(read, wants, (bits) => {
      if (hasMemory) reserved.push(bits);
      return hasMemory;
    });
    const text = formatExtensions([writeAnswer(agreed, read)]).replace(/^permessage-deflate(?:; )?/u, "");
    return { agreed, text, reserved };
  }

  it("limits the client's window where it may, and reserves that much", () => {
    const { agreed, text, reserved } = answer("client_max_window_bits", wanted);
    assert.equal(text, "client_max_window_bits=12");
    assert.deepEqual(agreed, wanted);
    assert.deepEqual(reserved, [12]);
  });

  it("takes the client's hint of a shorter window", () => {
    const { text, reserved } = answer("client_max_window_bits=10", wanted);
    assert.equal(text, "client_max_window_bits=10");
    assert.deepEqual(reserved, [10]);
  });

  it("says so where the longest window is welcome", () => {
    assert.equal(answer("client_max_window_bits", longest).text, "client_max_window_bits=15");
  });

  it("asks a client that cannot limit its window to do without context takeover", () => {
    const { agreed, text, reserved } = answer("", wanted);
    assert.equal(text, "client_no_context_takeover");
    assert.equal(agreed.clientMaxWindowBits, 15);
    assert.deepEqual(reserved, []);
    assert.equal(answer("", longest).text, "");
    assert.deepEqual(answer("", longest).reserved, [15]);
  });

  it("asks for no context takeover where there is no memory for a window", () => {
    const { agreed, text } = answer("client_max_window_bits", wanted, false);
    assert.equal(text, "client_no_context_takeover; client_max_window_bits=12");
    assert.equal(agreed.clientNoContextTakeover, true);
  });

  it("uses a window no longer than the client takes, and says so (§7.1.2.1)", () => {
    assert.equal(answer("server_max_window_bits=9", longest).text, "server_max_window_bits=9");
    assert.equal(
      answer("server_max_window_bits=15", { ...wanted, clientMaxWindowBits: 15 }).text,
      "server_max_window_bits=12",
    );
    assert.equal(answer("server_max_window_bits=8", wanted).agreed.serverMaxWindowBits, 8);
    assert.equal(answer("", wanted).agreed.serverMaxWindowBits, 12);
  });

  it("uses no context takeover where the client asks for that (§7.1.1.1)", () => {
    const { agreed, text } = answer("server_no_context_takeover; client_max_window_bits", wanted);
    assert.equal(text, "server_no_context_takeover; client_max_window_bits=12");
    assert.equal(agreed.serverNoContextTakeover, true);
  });

  it("keeps no window for a client that will not use one (§7.1.1.2)", () => {
    const { text, reserved } = answer("client_no_context_takeover; client_max_window_bits", wanted);
    assert.equal(text, "client_no_context_takeover; client_max_window_bits=12");
    assert.deepEqual(reserved, []);
  });

  it("says what it wants without being asked, where that is allowed", () => {
    const wants = { ...wanted, serverNoContextTakeover: true, clientNoContextTakeover: true };
    assert.equal(answer("", wants).text, "server_no_context_takeover; client_no_context_takeover");
  });
});

describe("§7.1 the client offers", () => {
  it("a limited window first, and no context takeover for servers that cannot limit theirs", () => {
    assert.equal(
      formatExtensions(clientOffers(wanted)),
      "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, " +
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=12",
    );
  });

  it("what a browser offers, where every window is welcome", () => {
    assert.equal(formatExtensions(clientOffers(longest)), "permessage-deflate; client_max_window_bits");
  });

  it("what it wants", () => {
    assert.equal(
      formatExtensions(clientOffers({ ...longest, serverNoContextTakeover: true, clientNoContextTakeover: true })),
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
    );
  });
});

describe("§7.1 the client judges the answer", () => {
  const judge = (text: string, offers: readonly ExtensionOffer[], wants: WantedParameters = wanted) =>
    judgeAnswer(element(text), offers, wants);

  it("takes an answer to any of its offers", () => {
    const offers = clientOffers(wanted);
    assert.deepEqual(judge("server_max_window_bits=11", offers), { ...wanted, serverMaxWindowBits: 11 });
    assert.deepEqual(judge("server_no_context_takeover; client_max_window_bits=9", offers), {
      serverNoContextTakeover: true,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 9,
    });
  });

  it("does without context takeover where the server asks for it (§7.1.1.2), or it wants to itself", () => {
    const offers = clientOffers(longest);
    const parameters = { ...longest, clientNoContextTakeover: true };
    assert.deepEqual(judge("client_no_context_takeover", offers, longest), parameters);
    assert.deepEqual(judge("", offers, parameters), parameters);
  });

  it("takes what it has not asked for and can do", () => {
    assert.deepEqual(judge("server_max_window_bits=9; server_no_context_takeover", clientOffers(longest), longest), {
      ...longest,
      serverNoContextTakeover: true,
      serverMaxWindowBits: 9,
    });
  });

  const limited = clientOffers(wanted);
  const refused: [string, string, readonly ExtensionOffer[], string][] = [
    ["that leaves out the limit", "", limited, "server_max_window_bits=15"],
    ["with a longer window", "server_max_window_bits=13", limited, "server_max_window_bits=13"],
    [
      "that leaves out server_no_context_takeover",
      "",
      elements("permessage-deflate; server_no_context_takeover"),
      "no server_no_context_takeover",
    ],
    [
      "with client_max_window_bits, which was not offered",
      "client_max_window_bits=15",
      elements("permessage-deflate"),
      "client_max_window_bits=15",
    ],
    [
      "with a longer window for us than we said",
      "server_max_window_bits=12; client_max_window_bits=13",
      limited,
      "client_max_window_bits=13",
    ],
    ["to no offer at all", "", [], "permessage-deflate"],
  ];
  for (const [name, answer, offers, parameter] of refused) {
    it(`refuses an answer ${name}`, () => {
      assert.deepEqual(judge(answer, offers), { fault: "not-offered", parameter });
    });
  }

  it("refuses what cannot be read", () => {
    assert.deepEqual(judge("server_max_window_bits=16", limited), {
      fault: "value-invalid",
      parameter: "server_max_window_bits=16",
    });
    assert.deepEqual(judge("mode", limited), { fault: "unknown", parameter: "mode" });
  });

  it("takes every answer of our own server's to its own offers, whatever both want", () => {
    const bits = fc.integer({ min: 8, max: 15 });
    const wants: fc.Arbitrary<WantedParameters> = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: bits,
      clientMaxWindowBits: bits,
    });
    fc.assert(
      fc.property(wants, wants, fc.boolean(), fc.nat(1), (client, server, hasMemory, which) => {
        const offers = clientOffers(client);
        const read = readParameters(offers[which % offers.length]!.parameters, true);
        assert.ok(!("fault" in read));
        const agreed = answerOffer(read, server, () => hasMemory);
        const judged = judgeAnswer(writeAnswer(agreed, read), offers, client);
        assert.ok(!("fault" in judged), JSON.stringify(judged));
        // Nobody sends further back than the other one remembers.
        assert.ok(judged.clientMaxWindowBits <= agreed.clientMaxWindowBits);
        assert.ok(agreed.serverMaxWindowBits <= judged.serverMaxWindowBits);
        if (agreed.clientNoContextTakeover) assert.ok(judged.clientNoContextTakeover);
        if (judged.serverNoContextTakeover) assert.ok(agreed.serverNoContextTakeover);
      }),
    );
  });
});
