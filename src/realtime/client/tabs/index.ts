/**
 * Several tabs of a browser with one connection.
 */
export type { Locks, TabsPlatform } from "./platform.js";
export { Tab } from "./tab.js";
