#!/usr/bin/env node
/**
 * The `openline` command.
 */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { runEcho } from "./echo.js";
import { printable } from "./printable.js";
import { runServe } from "./serve/index.js";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

// As `cluster()` has it.
const maxWorkers = 1024;

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  return port;
}

function parseWorkers(text: string): number | "auto" {
  const workers = Number(text);
  if (text === "auto") return text;
  if (/^\d+$/.test(text) && workers >= 1 && workers <= maxWorkers) return workers;
  throw new InvalidArgumentError(`Workers are "auto", or a whole number from 1 to ${maxWorkers}.`);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
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

program
  .command("serve")
  .description("Run a real-time server: an application's, or one where every name is a channel.")
  .argument("[app]", "a module whose default export is ({ engine, serve }) => serve(createRealtime({ engine }))")
  .option("-p, --port <number>", "the port to listen on, 0 for any that is free", parsePort, 9000)
  .option("--host <address>", "the address to listen on", "127.0.0.1")
  .option("-w, --workers <number>", 'processes that share the port, "auto" for one for each processor', parseWorkers, 1)
  .option("--engine <where>", 'what keeps the data: "memory", nats://host:4222 or redis://host:6379', "memory")
  .option("--origin <origin>", 'pages that may connect, by origin, or "*"; may be given again', collect)
  .option("--anyone", "let anybody read and publish everything, where others can reach it and no app says who may")
  .action(runServe);

await program.parseAsync();
