/**
 * That Chromium, which offers permessage-deflate by itself, agrees on it with a server, and both understand each other.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serve } from "#src/index.js";
import { launchChromium, SKIP_WITHOUT_CHROMIUM } from "../support/chromium.js";

const timeout = 120_000;

describe("Chromium", { skip: SKIP_WITHOUT_CHROMIUM, timeout }, () => {
  it("sends and receives compressed messages of all lengths", async () => {
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      // The page is about:blank, whose origin is "null".
      origins: "*",
      message: (socket, message) => void socket.send(message),
    });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const outcome = await page.evaluate(exchange, server.url);
      assert.match(outcome.extensions, /^permessage-deflate/u);
      assert.deepEqual(outcome.wrong, []);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});

/** Runs in the page: sends messages, all at once, and tells which came back wrong. */
async function exchange(url: string): Promise<{ extensions: string; wrong: number[] }> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the connection could not be opened"));
  });
  const messages = [0, 1, 100, 1000, 1000, 20_000, 200_000, 1000].map((length, index) =>
    `{"message":${index},"words":"größer 😀"}`.repeat(Math.ceil(length / 30)).slice(0, length),
  );
  const wrong: number[] = [];
  await new Promise((resolve, reject) => {
    let received = 0;
    socket.onclose = () => reject(new Error("the connection ended"));
    socket.onmessage = ({ data }) => {
      if (data !== messages[received]) wrong.push(received);
      if (++received === messages.length) resolve(undefined);
    };
    for (const message of messages) socket.send(message);
  });
  return { extensions: socket.extensions, wrong };
}
