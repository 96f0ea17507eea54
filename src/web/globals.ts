/**
 * The platform's own classes, under the names that the build for Node has, too.
 */

/** The platform's `WebSocketStream`, for which TypeScript has no types yet. */
export type WebSocketStreamConstructor = new (
  url: string | URL,
  options?: { readonly protocols?: string | string[]; readonly signal?: AbortSignal },
) => {
  readonly url: string;
  readonly opened: Promise<{
    readonly readable: ReadableStream<string | Uint8Array>;
    readonly writable: WritableStream<string | BufferSource>;
    readonly protocol: string;
    readonly extensions: string;
  }>;
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string }>;
  close(closeInfo?: { readonly closeCode?: number; readonly reason?: string }): void;
};

const platform = globalThis as {
  readonly WebSocketStream?: WebSocketStreamConstructor;
  readonly WebSocketError?: typeof DOMException;
};

/** The platform's own class; undefined where there is none. */
export const WebSocket: typeof globalThis.WebSocket = globalThis.WebSocket;

/** The platform's own class, where it has one: Chromium has. */
export const WebSocketStream: WebSocketStreamConstructor | undefined = platform.WebSocketStream;

/** What the platform's `WebSocketStream` rejects with, where there is one. */
export const WebSocketError: typeof DOMException | undefined = platform.WebSocketError;
