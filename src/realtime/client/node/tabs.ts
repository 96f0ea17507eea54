/**
 * openline/realtime/tabs on Node, where there are no tabs: a client with a connection of its own, so that what runs in both
 * places runs here, too.
 */
import type { CreateClient, SharedClientOptions } from "../index.js";
import { createClient, type OwnConnectOptions } from "./index.js";

/** Connects as `createClient` does. */
export const createSharedClient: CreateClient<OwnConnectOptions & SharedClientOptions> = createClient;
