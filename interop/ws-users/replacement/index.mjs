export * from "openline/ws";
export { default } from "openline/ws";
