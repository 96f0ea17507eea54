"use strict";

module.exports = require("openline/ws");
