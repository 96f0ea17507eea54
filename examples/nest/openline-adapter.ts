/**
 * openline as the WebSockets of Nest: `@WebSocketGateway`, `@SubscribeMessage`, guards, pipes and interceptors work over it.
 * A message is JSON, `{ "event": …, "data": … }`, both ways.
 */
import type { INestApplication, WebSocketAdapter, WsMessageHandler } from "@nestjs/common";
import { BaseWsExceptionFilter } from "@nestjs/websockets";
import type { Message, PublishResult, ServeOptions, Server, ServerSocket } from "openline";
import { serve } from "openline";
import { from, isObservable, takeUntil } from "rxjs";

/** What openline is told for all gateways, or for one: `@WebSocketGateway({ path: "/live", maxConnections: 1000 })`. */
export type GatewayOptions<Data> = Omit<ServeOptions<Data>, "port" | "server" | "noServer" | "open" | "message">;

type Connected<Data> = (socket: ServerSocket<Data>) => void;

/** What a gateway's `@WebSocketServer()` is: the sockets at its path. */
export class Gateway<Data> {
  readonly connected: Connected<Data>[] = [];
  readonly #starting: Promise<Server<Data>>;
  #server: Server<Data> | undefined;

  constructor(starting: Promise<Server<Data>>) {
    this.#starting = starting;
    // Options that make no sense, or a port that is taken, end the process, as they do where the application listens.
    void starting.then((server) => {
      this.#server = server;
    });
  }

  get sockets(): ReadonlySet<ServerSocket<Data>> {
    return this.#server?.sockets ?? new Set();
  }

  /** Sends an event to every socket that subscribes to a topic. */
  publish(topic: string, event: string, data: unknown): PublishResult {
    return this.#server?.publish(topic, JSON.stringify({ event, data })) ?? { delivered: 0, refused: 0 };
  }

  async drain(): Promise<void> {
    await (await this.#starting).drain();
  }
}

export class OpenlineAdapter<Data>
  implements WebSocketAdapter<Gateway<Data>, ServerSocket<Data>, GatewayOptions<Data>>
{
  readonly #app: INestApplication;
  readonly #options: GatewayOptions<Data>;
  readonly #messages = new WeakMap<ServerSocket<Data>, ((message: Message) => Promise<void>)[]>();

  constructor(app: INestApplication, options: GatewayOptions<Data> = {}) {
    this.#app = app;
    this.#options = options;
  }

  /**
   * @param port of the gateway; with 0, which is the default, it is on Nest's own HTTP server
   * @param options `path` tells gateways apart; there are no namespaces
   */
  create(port: number, options: GatewayOptions<Data> = {}): Gateway<Data> {
    const gateway = new Gateway<Data>(
      serve<Data>({
        ...this.#options,
        ...options,
        ...(port === 0 ? { server: this.#app.getHttpServer() } : { port }),
        open: (socket) => {
          for (const connected of gateway.connected) connected(socket);
        },
        // The next message of a socket waits for the handlers of this one.
        message: async (socket, message) => {
          await Promise.all((this.#messages.get(socket) ?? []).map((handle) => handle(message)));
        },
      }),
    );
    return gateway;
  }

  bindClientConnect(gateway: Gateway<Data>, connected: Connected<Data>): void {
    gateway.connected.push(connected);
  }

  bindClientDisconnect(socket: ServerSocket<Data>, disconnected: () => void): void {
    void socket.closed.then(disconnected);
  }

  bindMessageHandlers(socket: ServerSocket<Data>, handlers: WsMessageHandler[]): void {
    const callbacks = new Map(handlers.map(({ message, callback }) => [message, callback]));
    const answer = (result: unknown): void => {
      if (result !== undefined && result !== null) socket.send(JSON.stringify(result));
    };
    const handle = async (message: Message): Promise<void> => {
      const { event, data } = parse(message);
      const result = (await callbacks.get(event)?.(data)) as unknown;
      // Nobody waits for an observable: it may go on for as long as the socket does.
      if (isObservable(result)) result.pipe(takeUntil(from(socket.closed))).subscribe(answer);
      else answer(result);
    };
    this.#messages.set(socket, [...(this.#messages.get(socket) ?? []), handle]);
  }

  /** Called while the application is still starting. */
  async closeClient(socket: ServerSocket<Data>): Promise<void> {
    await socket.close(1013, "not ready");
  }

  async close(gateway: Gateway<Data>): Promise<void> {
    await gateway.drain();
  }

  async dispose(): Promise<void> {
    // Everything has been closed, gateway by gateway.
  }
}

/** What is no event is nobody's. */
function parse(message: Message): { readonly event: string; readonly data: unknown } {
  try {
    const { event, data } = JSON.parse(String(message));
    return { event: String(event), data };
  } catch {
    return { event: "", data: undefined };
  }
}

/** Tells the client of exceptions, as the event "exception": `@UseFilters(OpenlineExceptionFilter)`. */
export class OpenlineExceptionFilter extends BaseWsExceptionFilter {
  protected override emitMessage(client: object, event: string, data: unknown): void {
    (client as ServerSocket<unknown>).send(JSON.stringify({ event, data }));
  }
}
