// Messages as they look.
import { memo, type ReactNode } from "react";
import type { PendingRoomMessage, RoomMessage } from "./client.js";
import { Avatar, useName } from "./person.js";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
/** A message soon after another one by the same person stands under it without a name. */
const FOLLOWS_WITHIN_MS = 120_000;

/** Whether a message stands under the one before it as part of the same. */
export function follows(message: RoomMessage, before: RoomMessage | undefined): boolean {
  return (
    before !== undefined &&
    before.user === message.user &&
    (message.timeMs ?? 0) - (before.timeMs ?? 0) < FOLLOWS_WITHIN_MS
  );
}

interface MessageProps {
  readonly message: RoomMessage;
  readonly isOwn: boolean;
  readonly isFollowing: boolean;
}

/** A message that has come. It renders once, and again when its author has another name. */
export const Message = memo(function Message({ message, isOwn, isFollowing }: MessageProps): ReactNode {
  const { user = "", timeMs = 0, value, position } = message;
  const name = useName(user);
  const className = ["message", isOwn && "own", isFollowing && "following"].filter(Boolean).join(" ");
  return (
    <li className={className} data-position={position}>
      <Avatar user={user} name={name} />
      <div className="bubble">
        <p className="author">
          <bdi>{name}</bdi> <time dateTime={new Date(timeMs).toISOString()}>{TIME.format(timeMs)}</time>
        </p>
        <p className="text" dir="auto">
          {value.text}
        </p>
      </div>
    </li>
  );
});

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : "The server did not take it.";
}

/** A message that has not come back yet. */
export function Pending({
  message,
  isConnected,
}: {
  readonly message: PendingRoomMessage;
  readonly isConnected: boolean;
}): ReactNode {
  const { value, status, error, retry, discard } = message;
  const isRetried = (error as { readonly retryable?: boolean } | undefined)?.retryable === true;
  const hasFailed = status === "failed" && !isRetried;
  return (
    <li className={`message own pending${hasFailed ? " failed" : ""}`} data-status={status}>
      <div className="bubble">
        <p className="text" dir="auto">
          {value.text}
        </p>
        {hasFailed ? (
          <p className="waiting" role="alert">
            {reasonOf(error)}{" "}
            <button type="button" className="link" onClick={retry}>
              Try again
            </button>{" "}
            <button type="button" className="link" onClick={discard}>
              Forget it
            </button>
          </p>
        ) : (
          <p className="waiting">{isConnected ? "sending" : "in the outbox"}</p>
        )}
      </div>
    </li>
  );
}
