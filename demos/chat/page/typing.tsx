// Who is typing in a room.
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useChannel, useOwnUser } from "./client.js";
import { Name } from "./person.js";

/** Somebody who has not said for so long that they type has stopped. */
const FORGOTTEN_AFTER_MS = 5_000;
const TELL_EVERY_MS = 2_000;
const NAMES_MAX = 3;

/** Who types now, and hears of it. */
function useTypists(room: string): readonly string[] {
  const own = useOwnUser();
  const [typists, setTypists] = useState<readonly string[]>([]);
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  const forget = useCallback((user: string) => {
    clearTimeout(timers.current.get(user));
    timers.current.delete(user);
    setTypists((before) => before.filter((other) => other !== user));
  }, []);
  useChannel(`typing/${room}`, {
    onEvent(event) {
      if (event.type !== "message" || event.user === undefined || event.user === own) return;
      const { user, value } = event;
      forget(user);
      if (!value) return;
      timers.current.set(
        user,
        setTimeout(() => forget(user), FORGOTTEN_AFTER_MS),
      );
      setTypists((before) => [...before, user]);
    },
  });
  useEffect(() => {
    const { current } = timers;
    return () => {
      for (const timer of current.values()) clearTimeout(timer);
      current.clear();
      setTypists([]);
    };
  }, [room]);
  return typists;
}

/** Tells that one types, now and then. The function is told whether there is something in the field. */
export function useTelling(room: string): (isTyping: boolean) => void {
  const { send } = useChannel(`typing/${room}`, { onEvent: () => undefined });
  const toldAtMs = useRef(-Infinity);
  return useCallback(
    (isTyping) => {
      const now = performance.now();
      if (isTyping && now - toldAtMs.current < TELL_EVERY_MS) return;
      if (!isTyping && toldAtMs.current === -Infinity) return;
      toldAtMs.current = isTyping ? now : -Infinity;
      send(isTyping);
    },
    [send],
  );
}

/** The line that tells who types. It keeps its place while nobody does. */
export function Typing({ room }: { readonly room: string }): ReactNode {
  const typists = useTypists(room);
  return (
    <p className="typing" aria-live="off">
      {typists.slice(0, NAMES_MAX).map((user, index) => (
        <span key={user}>
          {index > 0 && ", "}
          <Name user={user} />
        </span>
      ))}
      {typists.length > NAMES_MAX && ` and ${typists.length - NAMES_MAX} more`}
      {typists.length > 0 && (
        <>
          {typists.length === 1 ? " is typing" : " are typing"}
          <span className="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
        </>
      )}
    </p>
  );
}
