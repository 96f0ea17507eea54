/**
 * What both ends set about a session of HTTP/2.
 */

import type { Http2Session } from "node:http2";

/**
 * Mebibytes that a session may hold and still take further streams, in Node's reckoning: without end. What waits in the
 * streams for slow peers counts there, which a few of them would fill by Node's default of 10. It has limits of ours.
 */
export const sessionMemoryMiB: number = 2 ** 20;

// The window of a session is given back as octets come, whoever reads them: it bounds nothing but what is on its way, for
// all streams together. 1.3 Gbit/s over a way of 100 ms; 64 KiB, which are the default, would be 5 Mbit/s.
const sessionWindowBytes = 16 * 1024 * 1024;

/** Lets the peer send more at a time than the default, over all streams (RFC 9113 §6.9.2). To be called when it begins. */
export function widenWindow(session: Http2Session): void {
  session.once("connect", () => {
    // Other runtimes' sessions may have no such method.
    if (!session.destroyed && "setLocalWindowSize" in session) session.setLocalWindowSize(sessionWindowBytes);
  });
}
