// The connection of this page, and its hooks.
import { createHooks } from "openline/react";
import { createClient } from "openline/realtime/client";
import { api } from "../shared/contract.js";
import { FIRST_MESSAGES, SHOWN_MESSAGES, SOCKET_PATH } from "../shared/limits.js";
import { randomId, recallOr } from "./storage.js";

const client = createClient(api, SOCKET_PATH, {
  // Known to this browser and the server alone: who this is.
  token: recallOr("token", () => randomId() + randomId()),
  // What this browser sends again after a reload is known again.
  clientId: recallOr("client", randomId),
  reconnect: { minDelayMs: 300, maxDelayMs: 1_500 },
});

const hooks = createHooks(client);
export const { useCall, useChannel, useConnection, usePresence, useValue } = hooks;

/** A room, as all components that show it have it. */
export type RoomView = ReturnType<typeof useRoom>;

/** A message of a room. */
export type RoomMessage = RoomView["messages"][number];

/** A message that has not come back yet. */
export type PendingRoomMessage = RoomView["pending"][number];

/** The log of a room. */
export function useRoom(room: string): ReturnType<typeof useChannel<`room/${string}`>> {
  return useChannel(`room/${room}`, { last: FIRST_MESSAGES, maxMessages: SHOWN_MESSAGES });
}

/** Who this browser is to the others; undefined until the server has said so. */
export function useOwnUser(): string | undefined {
  const { state } = useConnection();
  if (state?.name === "open" && state.user !== null) lastUser = state.user;
  return lastUser;
}
let lastUser: string | undefined;
