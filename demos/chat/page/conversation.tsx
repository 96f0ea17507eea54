// A room: who is there, what was said, and where one writes.
import { Fragment, type ReactNode, useEffect, useState } from "react";
import type { Room } from "../shared/limits.js";
import { useConnection, useOwnUser, usePresence, useRoom } from "./client.js";
import { Composer } from "./composer.js";
import { follows, Message, Pending } from "./message.js";
import { Person } from "./person.js";
import { firstUnread, markRead, readUpTo } from "./reading.js";
import { useScroll } from "./scrolling.js";
import { Typing } from "./typing.js";

function People({ room }: { readonly room: string }): ReactNode {
  const { users, count, isKnown } = usePresence(`typing/${room}`);
  const own = useOwnUser();
  return (
    <div className="people">
      <h3 id="people-heading">
        <span id="people-count">{isKnown ? count : "–"}</span> here
      </h3>
      <ul id="people" aria-labelledby="people-heading">
        {[...users.keys()].map((user) => (
          <Person key={user} user={user} isOwn={user === own} />
        ))}
      </ul>
    </div>
  );
}

/** Whether somebody can see the page. */
function useVisible(): boolean {
  const [isVisible, setVisible] = useState(() => !document.hidden);
  useEffect(() => {
    const look = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return isVisible;
}

export function Conversation({ room }: { readonly room: Room }): ReactNode {
  const view = useRoom(room.id);
  const { messages, pending, gaps, status, hasOlder, isLoadingOlder, olderError, loadOlder, error } = view;
  const { isOpen } = useConnection();
  const own = useOwnUser();
  const isVisible = useVisible();
  const { scroller, isAtEnd, toEnd } = useScroll(view);
  // What had been read when one came in: what is new since then stays marked.
  const [readBefore] = useState(() => readUpTo(room.id));
  const last = messages.at(-1);

  useEffect(() => {
    if (last !== undefined && isAtEnd && isVisible) markRead(room.id, last.position);
  }, [room.id, last, isAtEnd, isVisible]);

  const firstNew = firstUnread(readBefore, messages, own);
  const gapsAfter = new Map(gaps.map((gap) => [gap.after, gap]));
  const isEmpty = status === "live" && messages.length === 0 && pending.length === 0;
  return (
    <section className="card chat" aria-labelledby="room-heading">
      <div className="chat-head">
        <h2 id="room-heading">{room.name}</h2>
        <p>{room.about}</p>
      </div>
      <People room={room.id} />
      <div className="log-frame">
        <div className="log" id="log-scroller" ref={scroller} tabIndex={0} role="region" aria-label="Messages">
          <div className="older">
            {olderError === undefined ? (
              <span>{hasOlder ? isLoadingOlder && "Older messages" : messages.length > 0 && "It began here."}</span>
            ) : (
              <button type="button" className="link" onClick={loadOlder}>
                Older messages did not come; try again
              </button>
            )}
          </div>
          {isEmpty && <p className="empty">Nobody has said anything yet. Say hello!</p>}
          {status === "loading" && <p className="empty">Loading</p>}
          {status === "failed" && <p className="empty">{String(error)}</p>}
          <div role="log" aria-live="polite" aria-relevant="additions" aria-label={`Conversation in ${room.name}`}>
            <ol id="log">
              {messages.map((message, index) => (
                <Fragment key={message.position}>
                  {message === firstNew && (
                    <li className="divider" id="new-since">
                      <span>New since you were here</span>
                    </li>
                  )}
                  <Message
                    message={message}
                    isOwn={message.user === own}
                    isFollowing={message !== firstNew && follows(message, messages[index - 1])}
                  />
                  {gapsAfter.has(message.position) && (
                    <li className="divider gap">
                      <span>Some messages are lost here</span>
                    </li>
                  )}
                </Fragment>
              ))}
            </ol>
          </div>
          <ol id="pending" aria-label="Messages that wait to be sent">
            {pending.map((message) => (
              <Pending key={message.key} message={message} isConnected={isOpen} />
            ))}
          </ol>
        </div>
        {!isAtEnd && (
          <button type="button" className="to-newest" onClick={toEnd}>
            To the newest
          </button>
        )}
      </div>
      <Typing room={room.id} />
      <Composer room={room.id} roomName={room.name} sent={toEnd} />
    </section>
  );
}
