// The page: rooms, the one that is open, and the ledger.
import { type ReactNode, useEffect, useSyncExternalStore } from "react";
import { ROOMS, type Room } from "../shared/limits.js";
import { Conversation } from "./conversation.js";
import { OwnName } from "./own-name.js";
import { Proof } from "./proof.js";
import { RoomList, unreadInAll } from "./room-list.js";
import { useOutbox } from "./sending.js";
import { useHeld } from "./value.js";

const [LOBBY] = ROOMS;

function followHash(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

/** The room that the URL names. */
function useOpenRoom(): Room {
  const id = useSyncExternalStore(followHash, () => location.hash.slice(1));
  const room = ROOMS.find((other) => other.id === id) ?? LOBBY;
  if (room === undefined) throw new Error("there are no rooms");
  return room;
}

/** Sends what waits in a room, whichever is open. */
function Sender({ room }: { readonly room: string }): ReactNode {
  useOutbox(room);
  return null;
}

export function App(): ReactNode {
  const room = useOpenRoom();
  const unread = useHeld(unreadInAll);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) openline, chat` : "openline, chat";
  }, [unread]);
  return (
    <>
      {ROOMS.map(({ id }) => (
        <Sender key={id} room={id} />
      ))}
      <aside className="side">
        <RoomList open={room.id} />
        <OwnName />
      </aside>
      <Conversation key={room.id} room={room} />
      <Proof open={room.id} />
    </>
  );
}
