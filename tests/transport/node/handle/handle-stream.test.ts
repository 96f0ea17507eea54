import { describeByteStream } from "../../../contract/byte-stream.js";
import { connectAdoptedPair, connectHandlePair } from "../../../support/tcp-pairs.js";

describeByteStream("a TCP socket's handle", {
  connect: () => connectHandlePair(),
  connectWithHead: (head) => connectHandlePair(head),
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});

describeByteStream("a TCP handle that never had a socket", {
  connect: connectAdoptedPair,
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});
