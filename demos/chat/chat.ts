// The chat as a demo: its server is a process of its own, and the way there.
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Demo, RunningDemo } from "../site/demo.js";
import { isSameOrigin } from "../site/origin.js";
import { refuse } from "../site/responses.js";
import { Bots } from "./bots.js";
import { ChatProcess, type ChatProcessParts } from "./chat-process.js";
import { Proxy } from "./proxy.js";
import { KILL_PATH, SOCKET_PATH } from "./shared/limits.js";

/** Long enough to be seen. */
const RESTART_DELAY_MS = 1_000;
/** One that does not start is tried ever later, up to this. */
const RESTART_DELAY_MAX_MS = 30_000;
/** One kill in so many milliseconds, whoever asks: others want to see that it comes back, too. */
const KILL_INTERVAL_MS = 5_000;

/** What can be set about the chat, for tests. */
export interface ChatOptions extends Partial<ChatProcessParts> {
  /** Milliseconds between two kills. Default 5,000. */
  readonly killIntervalMs?: number;
}

/** The chat. */
export function createChat(options: ChatOptions = {}): Demo {
  return { name: "chat", path: "/chat/", socketPaths: [SOCKET_PATH], start: () => start(options) };
}

async function start({
  beforeRestart = (failures) => wait(Math.min(RESTART_DELAY_MS * 2 ** failures, RESTART_DELAY_MAX_MS)),
  fork,
  killIntervalMs = KILL_INTERVAL_MS,
}: ChatOptions): Promise<RunningDemo> {
  const chat = await ChatProcess.start({ beforeRestart, fork });
  const proxy = new Proxy(chat);
  const bots = new Bots(chat, () => proxy.connections > 0);
  let killableAtMs = -Infinity;

  const kill = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method !== "POST") {
      refuse(response, 405, "Method not allowed", { Allow: "POST" });
      return;
    }
    if (!isSameOrigin(request.headers.origin ?? null, request.headers.host ?? null)) {
      refuse(response, 403, "Only this server's own page may do that");
      return;
    }
    const leftMs = killableAtMs - performance.now();
    const pid = leftMs > 0 ? undefined : chat.kill();
    if (pid === undefined) {
      const seconds = String(Math.max(1, Math.ceil(leftMs / 1000)));
      refuse(response, 429, "It has just been killed", { "Retry-After": seconds });
      return;
    }
    killableAtMs = performance.now() + killIntervalMs;
    refuse(response, 202, String(pid), { "Retry-After": String(Math.ceil(killIntervalMs / 1000)) });
  };

  return {
    request(request, response, url) {
      if (url.pathname === KILL_PATH) kill(request, response);
      else if (url.pathname === SOCKET_PATH || url.pathname.startsWith(`${SOCKET_PATH}/`))
        proxy.request(request, response);
      else return false;
      return true;
    },
    upgrade(request, socket, head, url) {
      if (url.pathname !== SOCKET_PATH) return false;
      proxy.upgrade(request, socket, head);
      return true;
    },
    traffic: () => chat.traffic(),
    async close(deadlineMs) {
      await bots.close();
      await chat.close(deadlineMs);
      proxy.close();
    },
  };
}
