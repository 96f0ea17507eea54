/**
 * The options of `ws`, as its types name them, and what is taken beside them.
 */
import type { Buffer } from "node:buffer";
import type { Agent, ClientRequest, Server as HttpServer, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { createConnection } from "node:net";
import type { SecureContextOptions } from "node:tls";
import type { ZlibOptions } from "node:zlib";
import type { WebSocket } from "./web-socket.js";

/** Certificates and keys. */
export type CertMeta = string | string[] | Buffer | Buffer[];

/** Decides on a handshake: whether it is accepted. */
export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (info: {
  origin: string;
  secure: boolean;
  req: Request;
}) => boolean;

/** Decides on a handshake, and calls back: whether it is accepted, and the answer where it is not. */
export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
  info: { origin: string; secure: boolean; req: Request },
  callback: (res: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void,
) => void;

/** Changes the request of a handshake before it is sent, and has to end it. */
export type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void;

/**
 * How plain TCP connections reach the kernel: "handle" drives the socket's libuv handle, which is faster, and leaves
 * nothing of the `net.Socket` that others could use; "net" goes through it.
 */
export type CompatTransport = "net" | "handle";

/** permessage-deflate. */
export interface PerMessageDeflateOptions {
  /** Whether the server begins each message with an empty window. Default false. */
  serverNoContextTakeover?: boolean | undefined;
  /** Whether the client does. Default false. */
  clientNoContextTakeover?: boolean | undefined;
  /** The longest window of the server's, from 8 to 15. Default 12. */
  serverMaxWindowBits?: number | undefined;
  /** The longest window of the client's, from 8 to 15. Default 12. */
  clientMaxWindowBits?: number | undefined;
  /** `level` counts, from 1 to 9. Default 3. */
  zlibDeflateOptions?:
    | {
        flush?: number | undefined;
        finishFlush?: number | undefined;
        chunkSize?: number | undefined;
        windowBits?: number | undefined;
        level?: number | undefined;
        memLevel?: number | undefined;
        strategy?: number | undefined;
        dictionary?: Buffer | Buffer[] | DataView | undefined;
        info?: boolean | undefined;
      }
    | undefined;
  /** Taken, and of no consequence. */
  zlibInflateOptions?: ZlibOptions | undefined;
  /** Octets of a message below which it goes out as it is. Default 256. */
  threshold?: number | undefined;
  /** Taken, and of no consequence: jobs of the thread pool are limited for all connections of the process. */
  concurrencyLimit?: number | undefined;
}

/** What servers and clients have in common. */
export interface CommonOptions {
  /** Whether several events of one `WebSocket` may be emitted in a row. Default true; if not, each has a turn of its own. */
  allowSynchronousEvents?: boolean | undefined;
  /** Whether pings are answered. Default true. */
  autoPong?: boolean | undefined;
  /** Milliseconds that the closing handshake may take. Default 30,000. */
  closeTimeout?: number | undefined;
  /** Octets of a message. Default 100 MiB; 0 for any number. */
  maxPayload?: number | undefined;
  /** Taken, and of no consequence: what has come of a message is joined as it comes. */
  maxBufferedChunks?: number | undefined;
  /** Frames of a message. Default 16,384; 0 for any number. */
  maxFragments?: number | undefined;
  /** Taken, and of no consequence: of pings that wait for an answer, the latest is answered. */
  maxPendingAutoPongs?: number | undefined;
  /** Whether text need not be UTF-8. Default false. */
  skipUTF8Validation?: boolean | undefined;
}

/** Options of the client. Those of `http.request`, `net.connect` and `tls.connect` go there. */
export interface ClientOptions extends SecureContextOptions, CommonOptions {
  protocol?: string | undefined;
  /** Whether redirects are followed. Default false. */
  followRedirects?: boolean | undefined;
  /** Makes masking keys: fills the four octets. */
  generateMask?(mask: Buffer): void;
  /** Milliseconds of silence that the handshake may have. Default: any. */
  handshakeTimeout?: number | undefined;
  /** Redirects that are followed. Default 10. */
  maxRedirects?: number | undefined;
  /** Default true. */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  localAddress?: string | undefined;
  /** 13 (the default) or 8. */
  protocolVersion?: number | undefined;
  headers?: Record<string, string> | undefined;
  origin?: string | undefined;
  agent?: Agent | undefined;
  host?: string | undefined;
  family?: number | undefined;
  checkServerIdentity?(servername: string, cert: CertMeta): boolean;
  rejectUnauthorized?: boolean | undefined;
  createConnection?: typeof createConnection | undefined;
  finishRequest?: FinishRequestCallback | undefined;
}

/** Options of the server. */
export interface ServerOptions<
  U extends typeof WebSocket = typeof WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> extends CommonOptions {
  host?: string | undefined;
  port?: number | undefined;
  backlog?: number | undefined;
  server?: HttpServer<V> | HttpsServer<V> | undefined;
  verifyClient?: VerifyClientCallbackAsync<InstanceType<V>> | VerifyClientCallbackSync<InstanceType<V>> | undefined;
  /** Chooses among subprotocols. Default: the first. */
  handleProtocols?: (protocols: Set<string>, request: InstanceType<V>) => string | false;
  /** The path of the requests that are taken. Default: any. */
  path?: string | undefined;
  noServer?: boolean | undefined;
  /** Whether `clients` is kept. Default true. */
  clientTracking?: boolean | undefined;
  /** Default false. */
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** The class of the sockets. */
  WebSocket?: U | undefined;
  /** Beyond the options of `ws`. Default: "handle" with `port`, where this Node offers it, else "net". */
  transport?: CompatTransport | undefined;
}

/** Where a server listens. */
export interface AddressInfo {
  address: string;
  family: string;
  port: number;
}
