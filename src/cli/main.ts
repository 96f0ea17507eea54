#!/usr/bin/env node
/**
 * The `openline` command.
 */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { runChaosCommand } from "./chaos.js";
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

function parseWhole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It has to be a whole number.");
  return Number(text);
}

function parseAmount(text: string): number {
  const amount = Number(text);
  if (!(amount > 0)) throw new InvalidArgumentError("It has to be a number above 0.");
  return amount;
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

program
  .command("chaos")
  .description("Run nodes and clients over an engine, let faults befall them, and see whether anything is lost.")
  .addOption(new Option("-e, --engine <name>", "what is tested").choices(["nats", "redis"]).makeOptionMandatory())
  .option("-m, --minutes <number>", "how long there is load and trouble", parseAmount, 1)
  .option("-s, --seed <number>", "what the faults and all that clients do follow from", parseWhole)
  .option("--nodes <number>", "nodes, each a process", parseWhole, 3)
  .option("--clients <number>", "clients", parseWhole, 300)
  .option(
    "--rate <number>",
    "things that all clients together do in a second, as many as there are clients",
    parseAmount,
  )
  .option("--servers <number>", "servers of NATS that are started: 1, or 3 for a cluster", parseWhole, 1)
  .option("--urls <url...>", "servers that are there already: nothing befalls them")
  .addOption(new Option("--appendfsync <when>", "when Redis writes to the disk").choices(["always", "everysec"]))
  .addOption(
    new Option("--network <how>", "hosts of their own for nodes and servers, or proxies between them").choices([
      "namespaces",
      "proxies",
    ]),
  )
  .option("--faults <kind...>", "which kinds may come: all, unless this says some")
  .option("--empty", "let servers come back with nothing of what they had, too")
  .option("--report <file>", "where to write the page that tells of it")
  .option("--keep", "keep the journals")
  .action(runChaosCommand);

await program.parseAsync();
