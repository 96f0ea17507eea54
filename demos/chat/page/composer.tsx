// Where one writes.
import { type KeyboardEvent, type ReactNode, type SyntheticEvent, useEffect, useState } from "react";
import { TEXT_MAX_LENGTH } from "../shared/limits.js";
import { useConnection } from "./client.js";
import { useSend } from "./sending.js";
import { useTelling } from "./typing.js";

/** Drafts by room, so that one can look around in between. */
const drafts = new Map<string, string>();

export function Composer({
  room,
  roomName,
  sent,
}: {
  readonly room: string;
  readonly roomName: string;
  readonly sent: () => void;
}): ReactNode {
  const [text, setText] = useState(() => drafts.get(room) ?? "");
  const [hint, setHint] = useState("");
  const { isOpen } = useConnection();
  const send = useSend(room);
  const tell = useTelling(room);
  useEffect(() => () => tell(false), [tell]);

  const write = (written: string): void => {
    setText(written);
    drafts.set(room, written);
    setHint("");
    tell(written.trim() !== "");
  };
  const submit = (event?: SyntheticEvent): void => {
    event?.preventDefault();
    const message = text.trim();
    if (message === "") return;
    if (!send(message)) {
      setHint("No more messages can wait; send this one when the connection is back.");
      return;
    }
    write("");
    sent();
  };
  const keyDown = (event: KeyboardEvent): void => {
    // While a word is being composed, Enter ends the word.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  };
  const left = TEXT_MAX_LENGTH - text.length;
  const about = hint || (left < 100 ? `${left} characters left` : "");
  return (
    <form className="say-form" autoComplete="off" onSubmit={submit}>
      <label htmlFor="say" className="hidden-label">
        Message to {roomName}
      </label>
      <textarea
        id="say"
        rows={1}
        value={text}
        maxLength={TEXT_MAX_LENGTH}
        placeholder={isOpen ? `Write to ${roomName}` : "Write; it is sent when the server is back"}
        enterKeyHint="send"
        aria-describedby="say-hint"
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={keyDown}
        onBlur={() => tell(false)}
      />
      <button type="submit">Send</button>
      <p id="say-hint" className="hint" role="status">
        {about}
      </p>
    </form>
  );
}
