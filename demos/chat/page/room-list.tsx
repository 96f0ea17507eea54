// The rooms, with what is unread in each.
import { type ReactNode, useEffect } from "react";
import { ROOMS, type Room } from "../shared/limits.js";
import { useOwnUser, useRoom } from "./client.js";
import { beginReading, type Unread, useUnread } from "./reading.js";
import { Value } from "./value.js";

/** What is unread in all rooms, for the title of the page. */
const unreadByRoom = new Map<string, number>();
export const unreadInAll = new Value(0);

function tellUnread(room: string, count: number): void {
  unreadByRoom.set(room, count);
  unreadInAll.set([...unreadByRoom.values()].reduce((sum, other) => sum + other, 0));
}

function Badge({ unread: { count, isMore } }: { readonly unread: Unread }): ReactNode {
  if (count === 0) return null;
  const text = count > 99 || isMore ? `${Math.min(count, 99)}+` : String(count);
  return (
    <span className="badge">
      {text}
      <span className="hidden-label"> unread</span>
    </span>
  );
}

function RoomLink({ room, isOpen }: { readonly room: Room; readonly isOpen: boolean }): ReactNode {
  const { messages, status } = useRoom(room.id);
  const unread = useUnread(room.id, messages, useOwnUser());
  const { count } = unread;
  useEffect(() => {
    if (status === "live") beginReading(room.id, messages);
  }, [room.id, status, messages]);
  useEffect(() => tellUnread(room.id, count), [room.id, count]);
  return (
    <li>
      <a href={`#${room.id}`} aria-current={isOpen ? "page" : undefined} data-room={room.id}>
        <span className="room-name">{room.name}</span>
        <Badge unread={unread} />
      </a>
    </li>
  );
}

export function RoomList({ open }: { readonly open: string }): ReactNode {
  return (
    <nav className="rooms" aria-label="Rooms">
      <ul>
        {ROOMS.map((room) => (
          <RoomLink key={room.id} room={room} isOpen={room.id === open} />
        ))}
      </ul>
    </nav>
  );
}
