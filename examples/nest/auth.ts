import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from "@nestjs/common";
import { JwtService } from "@nestjs/jwt";

/** Whoever is logged in, over HTTP and over WebSocket. */
export interface User {
  readonly name: string;
}

@Injectable()
export class Auth {
  constructor(private readonly jwt: JwtService) {}

  async logIn(name: string): Promise<string> {
    return this.jwt.signAsync({ name });
  }

  /** @returns undefined for a token that is forged or has expired, and for none */
  async userOf(token: string | undefined): Promise<User | undefined> {
    if (token === undefined) return undefined;
    try {
      const { name } = await this.jwt.verifyAsync<User>(token);
      return { name };
    } catch {
      return undefined;
    }
  }
}

interface RequestWithUser {
  readonly headers: { readonly authorization?: string };
  user?: User;
}

@Injectable()
export class LoggedIn implements CanActivate {
  constructor(private readonly auth: Auth) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RequestWithUser>();
    request.user = await this.auth.userOf(request.headers.authorization?.replace(/^Bearer /i, ""));
    if (request.user === undefined) throw new UnauthorizedException();
    return true;
  }
}

@Controller()
export class AuthController {
  constructor(private readonly auth: Auth) {}

  @Get()
  index(): string {
    return "This is Nest. WebSockets are at /live.\n";
  }

  @Post("login")
  async logIn(@Body() { name }: User): Promise<{ token: string }> {
    return { token: await this.auth.logIn(name) };
  }

  @Get("me")
  @UseGuards(LoggedIn)
  me(@Req() { user }: RequestWithUser): User | undefined {
    return user;
  }
}
