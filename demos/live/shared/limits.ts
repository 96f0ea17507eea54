// The limits that the page and the server agree on: the page keeps people from running into them, the server enforces
// them against everybody else.

/** Longest name, in UTF-16 code units: it has to fit beside a message on a phone. */
export const NAME_MAX_LENGTH: number = 24;

/** Longest chat message, in UTF-16 code units: a paragraph. */
export const TEXT_MAX_LENGTH: number = 500;

/** Longest client or message id, in characters; the page makes ids of 24. */
export const ID_MAX_LENGTH: number = 64;

/** Longest JSON text that a client may send, in UTF-16 code units: a message whose every character is escaped, and room. */
export const CLIENT_MESSAGE_MAX_LENGTH: number = 4_096;

/** Chat messages that the room keeps for newcomers. */
export const HISTORY_MAX_MESSAGES: number = 50;

/** Messages that a page keeps while it has no connection. */
export const OUTBOX_MAX_MESSAGES: number = 50;

/** How often the server makes an update, in milliseconds. */
export const UPDATE_INTERVAL_MS: number = 100;

/** Path of the WebSocket endpoint. */
export const LIVE_PATH: string = "/live";

/** Path at which the same updates can be polled. */
export const UPDATES_PATH: string = "/updates";

/**
 * Response header of a poll: octets that the request head and the response head took on the wire, this header's own
 * line left out, because an application that polls would not send it.
 */
export const HEAD_BYTES_HEADER: string = "Exchange-Head-Bytes";
