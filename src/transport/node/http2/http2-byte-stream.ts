/**
 * A stream of HTTP/2 as a byte stream (RFC 8441 §5). Its flow control is what makes a writer wait: each stream has a window
 * of its own, so that one whose octets nobody reads stops its writer and no other.
 *
 * "Orderly TCP-level closures are represented as END_STREAM flags. RST exceptions are represented with the RST_STREAM frame
 * with the CANCEL error code."
 */
import type { Http2Stream } from "node:http2";
import { constants } from "node:http2";
import { StreamResetError } from "../../memory-pair.js";
import { NodeByteStream } from "../tcp-stream.js";

// As much as Node itself lets wait in a stream by default. More than most turns have to send on one socket.
const copiedBytes = 16 * 1024;

/**
 * Makes a byte stream of a stream of HTTP/2 whose head, and that of its answer, are none of the stream's business.
 *
 * @param stream which nobody else reads or writes
 * @param lossOf the error of a stream that was lost with its session, told what the stream says; undefined where it was not
 */
export function http2ByteStream(
  stream: Http2Stream,
  lossOf: (cause: Error | undefined) => Error | undefined = () => undefined,
): NodeByteStream {
  // A session forgets its socket when it ends.
  const { session } = stream;
  return new NodeByteStream(stream, undefined, {
    // A write has left when the session's own write is done, which sends it from where it lies.
    retainsWrites: false,
    copiedBytes,
    remoteAddress: session?.destroyed === false ? session.socket.remoteAddress : undefined,
    cut: () => {
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    },
    // Of one that was cut with CANCEL or NO_ERROR, Node tells no error.
    resetBy: (cause) =>
      lossOf(cause) ?? (stream.aborted || cause !== undefined ? new StreamResetError(cause) : undefined),
  });
}
