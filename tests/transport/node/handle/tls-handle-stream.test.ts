import { describeByteStream } from "../../../contract/byte-stream.js";
import { connectTlsHandlePair } from "../../../support/tcp-pairs.js";

describeByteStream("a TLS socket's handle", {
  connect: () => connectTlsHandlePair(),
  connectWithHead: (head) => connectTlsHandlePair(head),
  retainsWrites: false,
  remoteAddress: /^127\.0\.0\.1$/,
});
