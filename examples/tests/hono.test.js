import { describe } from "node:test";
import { walk } from "./support/walk.js";

describe("Hono with hono/jwt", () => {
  walk("hono/server.js");
});
