/**
 * The fallback, which is loaded when it is needed.
 */
export { createConnect } from "./create-connect.js";
