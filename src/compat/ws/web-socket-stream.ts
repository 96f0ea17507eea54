/**
 * `createWebSocketStream`: a `WebSocket` as a stream of `node:stream`, with nothing but its public methods and events.
 */
import { Buffer } from "node:buffer";
import type { DuplexOptions } from "node:stream";
import { Duplex } from "node:stream";
import type { WebSocket } from "./web-socket.js";

/**
 * Makes it. Its end closes the connection, and the connection's end is its own; what destroys it cuts the connection.
 *
 * @param webSocket open or connecting
 * @param options of the stream. In `readableObjectMode`, text comes as strings; else all comes as buffers
 */
export function createWebSocketStream(webSocket: WebSocket, options?: DuplexOptions): Duplex {
  return new WebSocketStream(webSocket, options);
}

class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  /** Whether it ends for an error of the connection's, which closes that in its own way. */
  #hasFailed = false;

  constructor(webSocket: WebSocket, options: DuplexOptions | undefined) {
    super({
      ...options,
      autoDestroy: false,
      emitClose: false,
      objectMode: false,
      writableObjectMode: false,
    });
    this.#webSocket = webSocket;
    webSocket.on("message", (message, isBinary) => {
      const data = !isBinary && this.readableObjectMode ? (message as Buffer).toString() : message;
      if (!this.push(data)) webSocket.pause();
    });
    webSocket.once("error", (error) => {
      if (this.destroyed) return;
      this.#hasFailed = true;
      this.destroy(error);
    });
    webSocket.once("close", () => {
      if (!this.destroyed) this.push(null);
    });
    this.on("end", this.#destroyIfDone);
    this.on("finish", this.#destroyIfDone);
    this.on("error", this.#failed);
  }

  /** When both directions have ended, in either order. */
  readonly #destroyIfDone = (): void => {
    if (!this.destroyed && this.readableEnded && this.writableFinished) this.destroy();
  };

  /** Destroys it; and throws, where nobody else listens. */
  readonly #failed = (error: Error): void => {
    this.removeListener("error", this.#failed);
    this.destroy();
    if (this.listenerCount("error") === 0) this.emit("error", error);
  };

  override _read(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#whenOpen(() => {
      const data = typeof chunk === "string" && encoding !== "utf8" ? Buffer.from(chunk, encoding) : chunk;
      this.#webSocket.send(data, callback);
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#whenOpen(() => {
      if (this.#webSocket.readyState === this.#webSocket.CLOSED) {
        callback();
        return;
      }
      this.#webSocket.once("close", () => callback());
      this.#webSocket.close();
    });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const webSocket = this.#webSocket;
    let failure = error;
    const close = (): void => {
      callback(failure);
      process.nextTick(() => this.emit("close"));
    };
    if (webSocket.readyState === webSocket.CLOSED) {
      close();
      return;
    }
    // Such as that of a connection that was not there yet.
    webSocket.once("error", (itsError) => (failure = itsError));
    webSocket.once("close", close);
    if (!this.#hasFailed) webSocket.terminate();
  }

  /** Does something as soon as the connection is there. Where it does not come, its error ends this. */
  #whenOpen(action: () => void): void {
    if (this.#webSocket.readyState === this.#webSocket.CONNECTING) this.#webSocket.once("open", action);
    else action();
  }
}
