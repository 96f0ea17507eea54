import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { basicAuthorization } from "#src/client/basic-authentication.js";

function decoded(username: string, password: string): string {
  const [scheme, value = ""] = basicAuthorization({ username, password }).split(" ");
  assert.equal(scheme, "Basic");
  return Buffer.from(value, "base64").toString();
}

describe("RFC 7617 §2 Basic authentication", () => {
  it("is the specification's own example", () => {
    const credentials = { username: "Aladdin", password: "open%20sesame" };
    assert.equal(basicAuthorization(credentials), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  });

  it("is in UTF-8 (§2.1, the specification's other example)", () => {
    assert.equal(basicAuthorization({ username: "test", password: "123%C2%A3" }), "Basic dGVzdDoxMjPCow==");
  });

  it("may lack a user name or a password, and the password may have colons", () => {
    assert.equal(decoded("", "secret"), ":secret");
    assert.equal(decoded("ada", ""), "ada:");
    assert.equal(decoded("ada", "a:b%3Ac@%2F"), "ada:a:b:c@/");
  });

  it("is in the normal form C (§2.1)", () => {
    assert.equal(decoded("e%CC%81", "A%CC%8A"), "\u00e9:\u00c5");
  });

  it("is what the URL class makes of any two texts, decoded", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !/[:\p{Cc}]/u.test(value));
    fc.assert(
      fc.property(text, text, (username, password) => {
        const url = new URL("ws://example.com/");
        // The setter leaves "%" as it is.
        url.username = encodeURIComponent(username);
        url.password = encodeURIComponent(password);
        assert.equal(decoded(url.username, url.password), `${username.normalize("NFC")}:${password.normalize("NFC")}`);
      }),
    );
  });

  it("refuses what cannot be sent, and repeats none of it", () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["se%3Acret", "", /user name has a colon/u],
      ["se%0D%0Acret", "", /user name has a control character/u],
      ["ada", "se%0Acret", /password has a control character/u],
      ["ada", "se%00cret", /password has a control character/u],
      ["ada", "se%7Fcret", /password has a control character/u],
      ["ada", "secret%", /password is not percent-encoded UTF-8/u],
      ["ada", "secret%FF", /password is not percent-encoded UTF-8/u],
      ["secret%ZZ", "", /user name is not percent-encoded UTF-8/u],
    ];
    for (const [username, password, message] of cases) {
      assert.throws(
        () => basicAuthorization({ username, password }),
        (error: Error & { code?: unknown; observed?: unknown }) => {
          assert.equal(error.name, "UsageError");
          assert.equal(error.code, "credentials-invalid");
          assert.equal(error.observed, undefined);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /cret/u);
          return true;
        },
      );
    }
  });
});
