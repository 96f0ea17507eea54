/**
 * NestJS with gateways over openline, and @nestjs/jwt for routes and WebSockets alike.
 */
import "reflect-metadata";
import { randomBytes } from "node:crypto";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { JwtModule } from "@nestjs/jwt";
import { bearerToken, protocolToken } from "openline";
import { Auth, AuthController, type User } from "./auth.js";
import { AnnounceController, LiveGateway } from "./live.js";
import { OpenlineAdapter } from "./openline-adapter.js";

@Module({
  imports: [
    JwtModule.register({
      secret: process.env.JWT_SECRET ?? randomBytes(32).toString("hex"),
      signOptions: { expiresIn: "1h" },
    }),
  ],
  controllers: [AuthController, AnnounceController],
  providers: [Auth, LiveGateway],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });

app.useWebSocketAdapter(
  new OpenlineAdapter<User>(app, {
    async accept(request) {
      const found = protocolToken(request); // a page's: new WebSocket(url, ["chat", `bearer.${token}`])
      const user = await app.get(Auth).userOf(bearerToken(request) ?? found?.token);
      if (user !== undefined) return { protocol: found?.protocol, data: user };
      return new Response("who are you?\n", { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
    },
  }),
);

// On a signal Nest closes gateways first, which drains them, and then its HTTP server.
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000));
console.log(`http://localhost:${app.getHttpServer().address().port}`);
