/**
 * One file of tests in a process of its own: what it takes from the library is taken from elsewhere.
 */
import { createRequire, Module } from "node:module";
import path from "node:path";
import { modulesOf } from "./modules.js";
import { prepareGlobals, runDefined } from "./runner.js";

process.once("message", async ({ file, className, excluded }) => {
  const modules = await modulesOf(className);
  const folder = path.dirname(file);
  const load = Module._load;
  Module._load = function loadReplaced(request, parent, isMain) {
    if (parent?.filename?.startsWith(folder) && request.startsWith("..")) {
      const name = path.relative("..", request).replace(/\.js$/, "");
      const replaced = modules(name === "" || name === "." ? "index" : name);
      if (replaced === undefined) throw new Error(`nothing stands for ${request}`);
      return replaced;
    }
    return load.call(this, request, parent, isMain);
  };
  prepareGlobals();
  try {
    createRequire(import.meta.url)(file);
    await runDefined((result) => process.send({ result }), new Set(excluded));
  } catch (error) {
    // What is told to be done is not.
    console.error(error);
    process.exit(1);
  }
  process.send({ isDone: true }, () => process.exit());
});
process.send("ready");
