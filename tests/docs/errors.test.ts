/**
 * docs/errors.md lists every error code, with the rule and the status code that the code really has.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CookieJarError, cookieJarCodes, RedirectError, redirectCodes } from "#src/client/index.js";
import {
  ProtocolError,
  UpgradeRequestError,
  UpgradeResponseError,
  UsageError,
  upgradeRequestCodes,
  upgradeResponseCodes,
  usageCodes,
  violationCodes,
} from "#src/protocol/index.js";
import { engineErrorCodes, ValueError } from "#src/realtime/engines/index.js";
import { JournalDamagedError, JournalLockedError } from "#src/realtime/engines/journal/index.js";
import { errorCodes } from "#src/realtime/wire/index.js";
import { AdmissionError, admissionCodes } from "#src/server/index.js";
import { Http2Error, http2ErrorCodes, ProxyError, proxyErrorCodes } from "#src/transport/node/index.js";
import { documentErrorCodes } from "#src/yjs/server/index.js";

const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

function assertRow(code: string, ...cells: readonly (string | number)[]): void {
  const row = page.split("\n").find((line) => line.startsWith(`| \`${code}\` |`));
  assert.ok(row !== undefined, `docs/errors.md has no row for ${code}`);
  for (const cell of cells)
    assert.ok(row.includes(`| ${String(cell)} |`), `the row of ${code} lacks ${String(cell)}: ${row}`);
}

describe("docs/errors.md", () => {
  it("has every violation, with its close code and section", () => {
    for (const code of violationCodes) {
      const error = new ProtocolError(code);
      assertRow(code, error.closeCode, error.section);
    }
  });

  it("has every misuse", () => {
    for (const code of usageCodes) assertRow(code, new UsageError(code).section ?? "");
  });

  it("has every fault of a handshake request, with its HTTP status", () => {
    for (const code of upgradeRequestCodes) {
      const error = new UpgradeRequestError(code);
      assertRow(code, error.status, error.section);
    }
  });

  it("has every reason to refuse a proper handshake, with its HTTP status", () => {
    for (const code of admissionCodes) {
      const { status, section } = new AdmissionError(code);
      assertRow(code, status, section ?? "");
    }
  });

  it("has every fault of a handshake response", () => {
    for (const code of upgradeResponseCodes) assertRow(code, new UpgradeResponseError(code).section);
  });

  it("has every reason for no WebSocket over HTTP/2", () => {
    for (const code of http2ErrorCodes) assertRow(code, new Http2Error(code).section);
  });

  it("has every reason not to follow a redirect, and every fault of a cookie jar", () => {
    for (const code of redirectCodes) assertRow(code, new RedirectError(code, { status: 302, urls: [] }).section);
    for (const code of cookieJarCodes) assertRow(code, new CookieJarError(code).section ?? "");
  });

  it("has every failure of a proxy", () => {
    for (const code of proxyErrorCodes) assertRow(code, new ProxyError("http://proxy", { code }).section ?? "");
  });

  const ofJournals = [new JournalDamagedError("file", 0).code, new JournalLockedError("file", undefined).code];
  const ofEngines = [...engineErrorCodes, new ValueError().code, ...ofJournals];

  it("has every reason of an engine of the real-time layer", () => {
    for (const code of ofEngines) assertRow(code);
  });

  it("has every code of the real-time layer's own errors", () => {
    for (const code of errorCodes) assertRow(code);
  });

  it("has every code of documents' own", () => {
    for (const code of documentErrorCodes) assertRow(code);
  });

  it("has no row for a code that does not exist", () => {
    const known = new Set<string>([
      ...violationCodes,
      ...usageCodes,
      ...upgradeRequestCodes,
      ...upgradeResponseCodes,
      ...admissionCodes,
      ...redirectCodes,
      ...cookieJarCodes,
      ...proxyErrorCodes,
      ...http2ErrorCodes,
      ...ofEngines,
      ...errorCodes,
      ...documentErrorCodes,
    ]);
    const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gmu)].map((match) => match[1] ?? "");
    assert.deepEqual(
      listed.filter((code) => !known.has(code)),
      [],
    );
  });
});
