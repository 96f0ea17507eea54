// What page and server agree on.

/** Where the page's client connects to; its fallback over HTTP is under it, too. */
export const SOCKET_PATH = "/chat/socket";
/** Where the page asks for the server to be killed. */
export const KILL_PATH = "/chat/kill";

/** Connections that the demo takes, of each kind: WebSockets, and by requests. A party, not the internet. */
export const CONNECTIONS_MAX = 200;

export const TEXT_MAX_LENGTH = 1_000;
export const NAME_MAX_LENGTH = 24;

/** Messages that the server keeps of each room. */
export const KEPT_MESSAGES = 5_000;
/** Messages of a room that a page holds, beside those that it scrolls back to. */
export const SHOWN_MESSAGES = 1_000;
/** What a page gets of a room first. */
export const FIRST_MESSAGES = 50;

/** For so long what a browser sends again is known again: a page may be closed over night with messages in its outbox. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 3_600_000;

/** A room. */
export interface Room {
  readonly id: string;
  readonly name: string;
  readonly about: string;
}

/** All rooms there are. */
export const ROOMS: readonly Room[] = [
  { id: "lobby", name: "Lobby", about: "Everybody comes through here." },
  { id: "kitchen", name: "Kitchen", about: "Tea, biscuits, gossip." },
  { id: "workshop", name: "Workshop", about: "What are you building?" },
  {
    id: "clock",
    name: "Clock tower",
    about: "A bot counts here, one a second. A number that is missing would be seen.",
  },
];
