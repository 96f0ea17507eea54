/**
 * Characters that a terminal obeys must not reach it by way of others: neither by what the command prints, nor by the
 * messages of errors, which end up in logs and on terminals.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { connect, OpenlineError, serve } from "#src/index.js";
import { replying, requestText, serveRaw, upgradeRaw } from "../support/raw-http.js";
import { acceptingHead } from "../support/raw-server.js";
import { upgradeHeaders } from "../support/upgrades.js";
import { startVictim } from "../support/victim.js";

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
/** Sets the title, the color and the clipboard, by the sequences of seven bits and of eight. */
const sequences = "\u001b]0;owned\u0007\u001b[31m\u009b31m\u001b]52;c;cm0gLXJm\u0007";
const obeyed = /[^\P{Cc}\n]/u;

async function errorOutput(...given: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [command, ...given], { stdio: ["ignore", "ignore", "pipe"] });
  const [errors] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return errors;
}

/** Expects an error that may be printed. */
function assertFit(connecting: Promise<unknown>): Promise<void> {
  return assert.rejects(connecting, (error) => {
    assert.ok(error instanceof OpenlineError);
    assert.doesNotMatch(error.message, obeyed);
    assert.doesNotMatch(inspect(error), obeyed);
    return true;
  });
}

describe("terminal control characters", () => {
  it("are not printed by the command", async () => {
    for (const given of [
      ["echo", "--port", "0", "--host", sequences],
      ["echo", "--port", sequences],
      ["echo", `--${sequences}`],
      [sequences],
    ]) {
      const errors = await errorOutput(...given);
      assert.notEqual(errors, "");
      assert.doesNotMatch(errors, obeyed);
    }
  });

  it("are not in the message of an error about what a server has answered", async (t) => {
    // Those of seven bits `node:http` refuses itself.
    const eightBits = sequences.replaceAll(/\p{Cc}/gu, (control) => (control < "\u0080" ? "" : control));
    for (const value of [sequences, eightBits]) {
      for (const name of ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Accept"]) {
        const port = await serveRaw(
          t,
          replying((head) => acceptingHead(head, `${name}: ${value}`)),
        );
        await assertFit(connect(`ws://127.0.0.1:${port}`));
      }
    }
  });

  it("are not in the message of an error about what a peer has sent", async (t) => {
    const { server, nextReport } = await startVictim(t, { closeTimeoutMs: 50 });
    const { peer, socket } = await upgradeRaw(t, server.port);
    peer.send({ opcode: 8, payload: Buffer.concat([Uint8Array.of(0x03, 0xee), Buffer.from(sequences)]) });
    await peer.untilFrames(1);
    socket.destroy();
    const { cause } = await nextReport();
    assert.ok(cause instanceof OpenlineError);
    assert.doesNotMatch(cause.message, obeyed);
  });

  it("are not in what a refusal answers", async (t) => {
    const server = await serve({ port: 0, host: "127.0.0.1" });
    t.after(() => server.close());
    for (const name of ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"]) {
      const headers = upgradeHeaders(name, "\u009b31m");
      const { reply, socket } = await upgradeRaw(t, server.port, requestText(headers));
      socket.destroy();
      assert.equal(reply.status, 400);
      assert.doesNotMatch(reply.body.replaceAll("\r", ""), obeyed);
    }
  });
});
