import type * as entry from "../dist/compat/ws/index.js" with { "resolution-mode": "import" };

declare class WebSocket extends entry.WebSocket {}

/** What `ws` has on its class: the other classes, and the names of its types. */
declare namespace WebSocket {
  const createWebSocketStream: typeof entry.createWebSocketStream;
  const extension: typeof entry.extension;
  const subprotocol: typeof entry.subprotocol;
  const PerMessageDeflate: typeof entry.PerMessageDeflate;
  type PerMessageDeflate = entry.PerMessageDeflate;
  const Receiver: typeof entry.Receiver;
  type Receiver = entry.Receiver;
  const Sender: typeof entry.Sender;
  type Sender = entry.Sender;
  const Server: typeof entry.WebSocketServer;
  type Server = entry.WebSocketServer;
  const WebSocket: typeof entry.WebSocket;
  type WebSocket = entry.WebSocket;
  const WebSocketServer: typeof entry.WebSocketServer;
  type WebSocketServer = entry.WebSocketServer;

  type AddressInfo = entry.AddressInfo;
  type CertMeta = entry.CertMeta;
  type ClientOptions = entry.ClientOptions;
  type CloseEvent = entry.CloseEvent;
  type Data = entry.Data;
  type ErrorEvent = entry.ErrorEvent;
  type Event = entry.Event;
  type EventListenerOptions = entry.EventListenerOptions;
  type FinishRequestCallback = entry.FinishRequestCallback;
  type MessageEvent = entry.MessageEvent;
  type PerMessageDeflateOptions = entry.PerMessageDeflateOptions;
  type RawData = entry.RawData;
  type ServerOptions = entry.ServerOptions;
  type VerifyClientCallbackAsync = entry.VerifyClientCallbackAsync;
  type VerifyClientCallbackSync = entry.VerifyClientCallbackSync;
}

export = WebSocket;
