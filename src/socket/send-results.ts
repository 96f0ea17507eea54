/**
 * The answers of `send`, made once: a message costs no object more.
 */
import type { SendResult } from "./socket.js";

/** Leaves at the end of the turn. */
export const sent: SendResult = Object.freeze({ ok: true, status: "sent" });
/** Leaves when the peer has read what is before it. */
export const buffered: SendResult = Object.freeze({ ok: true, status: "buffered" });
/** No message may follow a Close frame. */
export const refusedClosing: SendResult = Object.freeze({ ok: false, status: "refused", reason: "closing" });
/** The connection is over. */
export const refusedClosed: SendResult = Object.freeze({ ok: false, status: "refused", reason: "closed" });
/** Too much waits already. */
export const refusedFull: SendResult = Object.freeze({ ok: false, status: "refused", reason: "buffer-full" });
