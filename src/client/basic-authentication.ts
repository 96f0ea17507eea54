/**
 * User name and password out of a URL, as the Basic authentication scheme sends them (RFC 7617).
 */
import { encodeBase64, UsageError } from "../protocol/index.js";

const colon = 0x3a;
const space = 0x20;
const del = 0x7f;

/** User name and password as they stand in a URL: percent-encoded. */
export interface UrlCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * The value of `Authorization`. What was percent-encoded has to be UTF-8, and is sent as UTF-8 in the normal form NFC,
 * which is what a server expects that says which encoding it takes (RFC 7617 §2.1).
 *
 * @throws UsageError `credentials-invalid`, in which neither of the two is repeated
 */
export function basicAuthorization({ username, password }: UrlCredentials): string {
  const name = decode("user name", username);
  // RFC 7617 §2: "a user-id containing a colon character is invalid, as the first colon in a user-pass string
  // separates user-id and password from one another".
  if (hasCode(name, (code) => code === colon)) throw invalid("the user name has a colon");
  return `Basic ${encodeBase64(new TextEncoder().encode(`${name}:${decode("password", password)}`))}`;
}

function decode(what: string, encoded: string): string {
  let text: string;
  try {
    text = decodeURIComponent(encoded);
  } catch {
    throw invalid(`the ${what} is not percent-encoded UTF-8`);
  }
  // RFC 7617 §2: "The user-id and password MUST NOT contain any control characters".
  if (hasCode(text, (code) => code < space || code === del)) throw invalid(`the ${what} has a control character`);
  return text.normalize("NFC");
}

function hasCode(text: string, isMeant: (code: number) => boolean): boolean {
  for (let index = 0; index < text.length; index++) {
    if (isMeant(text.charCodeAt(index))) return true;
  }
  return false;
}

function invalid(hint: string): UsageError {
  return new UsageError("credentials-invalid", undefined, undefined, hint);
}
