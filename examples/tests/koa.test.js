import { describe } from "node:test";
import { walk } from "./support/walk.js";

describe("Koa with koa-session", () => {
  walk("koa/server.js");
});
