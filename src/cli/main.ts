#!/usr/bin/env node
/**
 * The `openline` command.
 */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { runEcho } from "./echo.js";
import { printable } from "./printable.js";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  return port;
}

const program = new Command("openline")
  .description("WebSocket tools.")
  .version(manifest.version)
  // Errors repeat what they complain about.
  .configureOutput({
    outputError: (text, write) => write(text.split("\n").map(printable).join("\n")),
  })
  .showHelpAfterError("(--help tells what there is)");

program
  .command("echo")
  .description("Run a server that sends every message back, with the default limits.")
  .option("-p, --port <number>", "the port to listen on, 0 for any that is free", parsePort, 9001)
  .option("--host <address>", "the address to listen on", "127.0.0.1")
  .action(runEcho);

await program.parseAsync();
