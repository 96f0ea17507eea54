import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  HttpCode,
  Injectable,
  Post,
  Req,
  UseFilters,
  UseGuards,
} from "@nestjs/common";
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type WsResponse,
} from "@nestjs/websockets";
import type { PublishResult, ServerSocket } from "openline";
import { type Observable, Subject } from "rxjs";
import { LoggedIn, type User } from "./auth.js";
import { type Gateway, OpenlineExceptionFilter } from "./openline-adapter.js";

/** A guard of messages: who has no right to one gets the event "exception". */
@Injectable()
export class MayShout implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToWs().getClient<ServerSocket<User>>().data.name === "ada";
  }
}

@UseFilters(OpenlineExceptionFilter)
@WebSocketGateway({ path: "/live" })
export class LiveGateway implements OnGatewayConnection<ServerSocket<User>> {
  @WebSocketServer()
  readonly live!: Gateway<User>;

  readonly #joined = new Subject<WsResponse<string>>();

  handleConnection(socket: ServerSocket<User>): void {
    this.#joined.next({ event: "joined", data: socket.data.name });
    socket.subscribe("lobby");
    socket.send(JSON.stringify({ event: "said", data: `hello, ${socket.data.name}` }));
  }

  @SubscribeMessage("say")
  say(@ConnectedSocket() socket: ServerSocket<User>, @MessageBody() text: string): void {
    this.live.publish("lobby", "said", `${socket.data.name}: ${text}`);
  }

  /** What a handler returns goes to whoever asked. */
  @SubscribeMessage("count")
  count(): WsResponse<number> {
    return { event: "counted", data: this.live.sockets.size };
  }

  /** An observable goes on answering until the socket is closed. */
  @SubscribeMessage("watch")
  watch(): Observable<WsResponse<string>> {
    return this.#joined;
  }

  @SubscribeMessage("shout")
  @UseGuards(MayShout)
  shout(@MessageBody() text: string): void {
    this.live.publish("lobby", "said", text.toUpperCase());
  }
}

/** An ordinary route that reaches the sockets: the gateway is injected like any other provider. */
@Controller("announce")
export class AnnounceController {
  constructor(private readonly gateway: LiveGateway) {}

  @Post()
  @HttpCode(200)
  @UseGuards(LoggedIn)
  announce(@Req() { user }: { readonly user: User }, @Body() { text }: { readonly text: string }): PublishResult {
    return this.gateway.live.publish("lobby", "said", `${user.name} announces: ${text}`);
  }
}
