/**
 * The module that `openline serve` is given.
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { App } from "../../cluster/index.js";
import { createRealtime } from "../../realtime/index.js";
import { printable } from "../printable.js";
import { KnownError, reportOf } from "./known-error.js";

/** What is served without a module: any channel, for anybody. */
export const plainApp: App = ({ engine, serve }) => {
  let isServing = false;
  const error = (thrown: unknown, during: string): void => {
    // Why it does not start is said where that ends.
    if (isServing) process.stderr.write(`openline: ${during}: ${printable(reportOf(thrown))}\n`);
  };
  const serving = serve(createRealtime({ engine, error }));
  return serving.finally(() => {
    isServing = true;
  });
};

/** @throws KnownError where there is no such file */
export async function checkApp(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new KnownError(`there is no file ${path.resolve(file)}`);
}

/** @throws KnownError where it exports no function to start; whatever the module throws */
export async function loadApp(file: string): Promise<App> {
  const module = (await import(pathToFileURL(path.resolve(file)).href)) as Readonly<Record<string, unknown>>;
  const exported = module["default"] ?? module["start"];
  // CommonJS, whose exports are the default one.
  const app = typeof exported === "object" && exported !== null && "start" in exported ? exported.start : exported;
  if (typeof app !== "function") {
    throw new KnownError(
      `${file} exports no function to start: let its default export be one, ({ engine, serve }) => serve(createRealtime({ engine }))`,
    );
  }
  return app as App;
}
