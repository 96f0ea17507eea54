/**
 * Tells the lint which file an import means, by its text alone: TypeScript sources import each other by the name of
 * the output (`./frame.js` for `./frame.ts`), and tests import sources as `#src/…`.
 *
 * It does not look at the disk, so a forbidden import is reported even where its target does not exist (yet). Whether
 * it exists is the compiler's business.
 */
"use strict";

const path = require("node:path");
const { isBuiltin } = require("node:module");

const root = path.resolve(__dirname, "../..");

exports.interfaceVersion = 2;

exports.resolve = (specifier, importer) => {
  if (isBuiltin(specifier)) return { found: true, path: null };
  let target;
  if (specifier.startsWith("./") || specifier.startsWith("../") || specifier === "." || specifier === "..") {
    target = path.resolve(path.dirname(importer), specifier);
  } else if (specifier.startsWith("#src/")) {
    target = path.resolve(root, "src", specifier.slice("#src/".length));
  } else {
    return { found: false };
  }
  // What was compiled is the same room as what it was compiled from.
  const compiled = path.join(root, "dist") + path.sep;
  if (target.startsWith(compiled)) target = path.join(root, "src", target.slice(compiled.length));
  return { found: true, path: target.replace(/\.js$/u, ".ts") };
};
