// What the page and the server agree on: paths, bounds, rates.

/** Path of the WebSocket endpoint. */
export const SOCKET_PATH: string = "/game/socket";

/** Longest token of a page, in UTF-16 code units; the page makes one of 24. */
export const TOKEN_MAX_LENGTH: number = 64;

/** Longest name of a player, in UTF-16 code units. */
export const NAME_MAX_LENGTH: number = 16;

/** Milliseconds that a seat waits for a page whose connection is lost. */
export const SEAT_HOLD_MS: number = 15_000;

/** Milliseconds that a destroyed ship is gone. */
export const RESPAWN_MS: number = 2_000;
