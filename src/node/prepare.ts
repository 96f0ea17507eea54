/**
 * `prepare()`: a message made ready once, to be sent many times.
 */
import type { PreparedMessage, SendData, SendOptions } from "../socket/index.js";
import { prepareMessage } from "../socket/index.js";
import { nodePlatform } from "../transport/node/index.js";

/**
 * Makes a message ready: it is encoded, framed and, where sockets agree on that, compressed once, and then sent on any
 * number of sockets without being copied.
 *
 * @param data what `socket.send` takes; it is copied, and may be changed afterwards
 * @param options `compress`: whether it may be compressed. Default: what seems to pay
 * @returns what `socket.send` and `server.publish` take in its place, any number of times
 * @throws UsageError `invalid-argument` for anything else than a string or octets
 */
export function prepare(data: SendData, options?: SendOptions): PreparedMessage {
  return prepareMessage(data, nodePlatform.text, options);
}
