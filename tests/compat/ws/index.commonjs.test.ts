import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

// Inside the package, so that "openline/ws" is the package's own.
const folder = fileURLToPath(new URL("../../../snippets/", import.meta.url));

const source = `
import WebSocket = require("openline/ws");
import type { ServerOptions } from "openline/ws";

const options: ServerOptions = { noServer: true };
const server: WebSocket.WebSocketServer = new WebSocket.WebSocketServer(options);
const same: WebSocket.Server = new WebSocket.Server(options);
const classes: (typeof WebSocket.WebSocket)[] = [WebSocket, WebSocket.WebSocket];

server.on("connection", (socket, request) => {
  const plain: WebSocket = socket;
  plain.on("message", (data: WebSocket.RawData, isBinary: boolean) => plain.send(data, { binary: isBinary }));
  WebSocket.createWebSocketStream(socket).pipe(process.stdout);
  same.emit("connection", new WebSocket("ws://localhost", { maxPayload: classes.length }), request);
});
`;

describe("openline/ws for CommonJS", () => {
  it("has types: the class, with the other classes and the names of types on it", () => {
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, "ws-commonjs.cts");
    writeFileSync(file, source);
    for (const module of [ts.ModuleKind.Node16, ts.ModuleKind.NodeNext]) {
      const program = ts.createProgram([file], {
        strict: true,
        noEmit: true,
        target: ts.ScriptTarget.ES2023,
        module,
        lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
        types: ["node"],
        skipLibCheck: true,
      });
      const found = ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
      assert.deepEqual(found, []);
    }
  });
});
