import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseUnixUrl } from "#src/node/unix-url.js";

describe("ws+unix: URLs", () => {
  it("are the path of a socket, a colon, and a resource name", () => {
    const targets: Readonly<Record<string, readonly [url: string, socketPath: string]>> = {
      "ws+unix:/run/app.sock:/chat?room=1": ["ws://localhost/chat?room=1", "/run/app.sock"],
      "ws+unix:///run/app.sock:/chat": ["ws://localhost/chat", "/run/app.sock"],
      "wss+unix:///run/app.sock": ["wss://localhost/", "/run/app.sock"],
      "WS+UNIX:/a.sock:/": ["ws://localhost/", "/a.sock"],
      "ws+unix:./a.sock:/b": ["ws://localhost/b", "./a.sock"],
      "ws+unix:/with%20space/%C3%A4:/b%20c": ["ws://localhost/b%20c", "/with space/ä"],
      "ws+unix:/a:/b:c": ["ws://localhost/b:c", "/a"],
      "ws+unix:/a?q": ["ws://localhost/?q", "/a"],
    };
    for (const [text, [url, socketPath]] of Object.entries(targets)) {
      assert.deepEqual(parseUnixUrl(text), { url, socketPath }, text);
      assert.deepEqual(parseUnixUrl(new URL(text)), { url, socketPath }, text);
    }
  });

  it("leave a fragment to be refused where all are", () => {
    assert.equal(parseUnixUrl("ws+unix:/a:/b#c")?.url, "ws://localhost/b#c");
  });

  it("are not any others", () => {
    for (const url of ["ws://a/", "wss://a:1/ws+unix:/b", "http+unix:/a", "ws+unixx:/a", "nonsense", ""]) {
      assert.equal(parseUnixUrl(url), undefined, url);
    }
  });

  it("are refused without a path, with a host, or where they cannot be decoded", () => {
    const wrong = ["ws+unix:", "ws+unix://", "ws+unix:::/b", "ws+unix://run/a.sock:/b", "ws+unix://u@/a:/b"];
    for (const url of [...wrong, "ws+unix:/a:b", "ws+unix:/%ff:/b", "ws+unix:/a%00b:/c", "ws+unix:/a:"]) {
      assert.throws(() => parseUnixUrl(url), { name: "UsageError", code: "url-invalid" }, url);
    }
  });
});
