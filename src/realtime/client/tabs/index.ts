/**
 * Several tabs of a browser with one connection.
 */
export type { Channel, Locks, TabsPlatform } from "./platform.js";
export { Tab } from "./tab.js";
