"use strict";
/**
 * `require("openline/ws")`: the class, with everything else on it, as `require("ws")` gives it. There is one copy of the
 * code for both ways, so that a socket is a socket to either; which takes a Node that can require ES modules.
 */
if (process.features.require_module !== true) {
  throw new Error('require("openline/ws") takes Node 20.19, 22.12 or newer; import("openline/ws") works everywhere');
}

module.exports = require("../dist/compat/ws/index.js").default;
