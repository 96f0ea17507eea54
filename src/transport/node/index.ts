/**
 * The outside world as Node has it.
 */
// What it adds to the types of every socket comes with it.
import "./message-duplex.js";

export type {
  AddressFamilyOption,
  DialerOptions,
  Environment,
  LookupOption,
  LookupResult,
  Proxy,
  ProxyErrorCode,
} from "./dialing/index.js";
export {
  createDialer,
  defaultAttemptDelayMs,
  ProxyError,
  parseProxy,
  proxyErrorCodes,
  proxyFromEnvironment,
} from "./dialing/index.js";
export type { StreamBinding, TransportOption } from "./handle/index.js";
export { chooseTransport, Door, HandleTransport, loadStreamBinding } from "./handle/index.js";
export type { DetachedHandle } from "./http-handover.js";
export { handOverHandle, handOverSocket, prepareHandover } from "./http-handover.js";
export { hasUnansweredRequest, listeningAddress, takeHttpUpgrade } from "./http-upgrade.js";
export { splitConnections } from "./http2/clear-text.js";
export type { AnyHttp2Server, ConnectUpgrade } from "./http2/connect-requests.js";
export { takeConnectRequests } from "./http2/connect-requests.js";
export { http2ByteStream } from "./http2/http2-byte-stream.js";
export type { OpenedWay } from "./http2/http2-dialer.js";
export { createHttp2Dialer } from "./http2/http2-dialer.js";
export type { Http2ErrorCode } from "./http2/http2-error.js";
export { Http2Error, http2ErrorCodes } from "./http2/http2-error.js";
export { SessionPool } from "./http2/session-pool.js";
export { sessionMemoryMiB, widenWindow } from "./http2/session-settings.js";
export { keepFreedMemory, memoryBytes, processesVariable } from "./node-memory.js";
export { nodeClock, nodePlatform, PooledMaskingKeys } from "./node-platform.js";
export { documentedNodeText, nodeText } from "./node-text.js";
export { NodeTurnScheduler, nodeTurns } from "./node-turns.js";
export { NodeByteStream } from "./tcp-stream.js";
