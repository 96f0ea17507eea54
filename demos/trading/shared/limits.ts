// What the page and the server agree on: paths, bounds of orders, rates. The page keeps people from running into the
// bounds, the server enforces them against everybody else.

/** Path of the WebSocket endpoint. */
export const SOCKET_PATH: string = "/trading/socket";

/** Instruments that are traded. */
export const INSTRUMENTS: number = 200;

/** Updates of a book that a page gets in a second at most, unless it asks for fewer: faster than eyes can follow. */
export const BOOK_UPDATES_PER_SECOND: number = 20;

/** The same of the list of prices. */
export const TICKER_UPDATES_PER_SECOND: number = 4;

/** Percent by which a price may be away from the last one: further off is a mistake. */
export const PRICE_BAND_PERCENT: number = 20;

/** Open orders that somebody may have. */
export const OPEN_ORDERS_MAX: number = 50;

/** Orders and cancellations of one user at once, and in a second in the long run. */
export const ORDERS_BURST: number = 20;
export const ORDERS_PER_SECOND: number = 5;

/** Longest token of a page, in UTF-16 code units; the page makes one of 24. */
export const TOKEN_MAX_LENGTH: number = 64;

/** The shortest candles that are kept, in milliseconds; longer ones are put together from them. */
export const CANDLE_MS: number = 5_000;

/** How far candles reach back, in milliseconds. */
export const CANDLE_HISTORY_MS: number = 3_600_000;

/** The candles that can be asked for, in milliseconds. */
export const CANDLE_INTERVALS_MS: readonly number[] = [5_000, 15_000, 60_000];
