/**
 * The opening handshake (RFC 6455 §4), both sides, as functions over parsed heads.
 *
 * Server: `readUpgradeRequest`, then `writeUpgradeResponse` or `writeRefusal`. Where there is no HTTP parser,
 * `RequestHeadReader` recognizes the request in the octets of a connection.
 * Client: `createUpgradeRequest` or `writeUpgradeRequest`, then `readUpgradeResponse`.
 * Over HTTP/2 (RFC 8441), server: `readConnectRequest`, then `connectResponse` or `connectRefusal`. Client:
 * `createConnectRequest`, then `readConnectResponse`.
 */
export { encodeBase64 } from "./base64.js";
export { isToken, lowercaseAscii } from "./characters.js";
export { createConnectRequest } from "./connect-request.js";
export { type ConnectResponse, connectRefusal, connectResponse, readConnectResponse } from "./connect-response.js";
export {
  HandshakeError,
  type Refusal,
  type UpgradeRequestCode,
  UpgradeRequestError,
  type UpgradeResponseCode,
  UpgradeResponseError,
  upgradeRequestCodes,
  upgradeResponseCodes,
} from "./errors.js";
export {
  type ExtensionHeader,
  type ExtensionOffer,
  type ExtensionParameter,
  formatExtensions,
  parseExtensions,
} from "./extension-header.js";
export { isHeaderValue } from "./head.js";
export { headerValues, listElements, matchesIgnoringCase, trimWhitespace } from "./headers.js";
export { acceptValue, createKey } from "./key.js";
export type { HandshakeRequest, HandshakeResponse, RawHeaders } from "./message.js";
export { quote } from "./quote.js";
export { type ConnectRequest, readConnectRequest } from "./read-connect.js";
export { readUpgradeRequest, type UpgradeRequest, type UpgradeRequestResult } from "./read-request.js";
export {
  readUpgradeResponse,
  type SentUpgradeRequest,
  type UpgradeResponse,
  type UpgradeResponseResult,
} from "./read-response.js";
export { writeRefusal } from "./refusal.js";
export { RequestHeadReader, type RequestHeadResult } from "./request-head.js";
export {
  type Authority,
  isSameAuthority,
  parseAuthority,
  parseRequestTarget,
  type RequestTarget,
  type UrlComponents,
  type WebSocketAddress,
  webSocketAddress,
} from "./url.js";
export { createUpgradeRequest, type UpgradeRequestOptions, writeUpgradeRequest } from "./write-request.js";
export { type UpgradeResponseOptions, writeUpgradeResponse } from "./write-response.js";
