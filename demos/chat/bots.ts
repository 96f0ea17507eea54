// Two who talk while somebody is there, so that nobody is alone: one counts in the clock tower, one chats in the lobby. They
// are ordinary clients, and what they say outlasts the server as what everybody says does.
import { randomBytes } from "node:crypto";
import { type Client, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import type { ChatProcess } from "./chat-process.js";
import { SECRET_HEADER } from "./secret-header.js";
import { api } from "./shared/contract.js";
import { SOCKET_PATH } from "./shared/limits.js";

const TICK_MS = 1_000;
const TALK_EVERY_TICKS = 7;
const TYPING_TICKS = 2;
/** When the server is away for so long, counting on would only fill the memory. */
const WAITING_MAX = 60;

const LINES = [
  "Hello! I am a bot. Say something, I will not understand it.",
  "Press “Kill the server” and watch the ledger. I keep typing.",
  "Open this page in a second window: who is here, who types, it is all live.",
  "Go offline, write something, reload the page, and come back. It is sent once.",
  "Everything you see has a position, and the position of what was before it.",
  "In the clock tower my colleague counts. No number is ever missing.",
  "The server's log and your page are added up each for itself. Compare the sums.",
  "Scroll up: older messages come as you need them.",
];

type ChatClient = Client<DefinitionOf<typeof api>>;

/** See the head of this file. */
export class Bots {
  readonly #clients: readonly ChatClient[];
  readonly #timer: NodeJS.Timeout;
  readonly #hasAudience: () => boolean;
  #areOn = true;
  #ticks = 0;
  #counted = 0;
  #said = 0;

  /** @param hasAudience whether anybody is there */
  constructor(chat: ChatProcess, hasAudience: () => boolean) {
    this.#hasAudience = hasAudience;
    const join = (): ChatClient =>
      createClient(api, () => `ws://127.0.0.1:${chat.port ?? 1}${SOCKET_PATH}`, {
        token: randomBytes(16).toString("hex"),
        headers: { [SECRET_HEADER]: chat.secret },
        reconnect: { minDelayMs: 200, maxDelayMs: 1_000 },
        proxy: false,
      });
    const clock = join();
    const talker = join();
    this.#clients = [clock, talker];
    // A call is made again after a kill by itself; when it fails for good, a bot has no name, and nothing worse.
    clock.call("rename", "Clock bot").catch(() => undefined);
    talker.call("rename", "Chatter bot").catch(() => undefined);
    clock.channel("bots").listen(({ set }) => {
      this.#areOn = set.get("on") ?? this.#areOn;
    });
    this.#timer = setInterval(() => this.#tick(clock, talker), TICK_MS);
  }

  #tick(clock: ChatClient, talker: ChatClient): void {
    if (!this.#areOn || !this.#hasAudience() || clock.pendingRequests > WAITING_MAX) return;
    this.#ticks++;
    void clock.channel("room/clock").publish({ text: String(++this.#counted) });
    const phase = this.#ticks % TALK_EVERY_TICKS;
    const typing = talker.channel("typing/lobby");
    if (phase === TALK_EVERY_TICKS - TYPING_TICKS) typing.send(true);
    if (phase !== 0) return;
    typing.send(false);
    void talker.channel("room/lobby").publish({ text: LINES[this.#said++ % LINES.length] ?? "" });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
