// The name that this browser goes by, remembered between visits.
import { type ReactNode, type SyntheticEvent, useEffect, useState } from "react";
import { randomName } from "../../site/page/visitor-name.js";
import { NAME_MAX_LENGTH } from "../shared/limits.js";
import { useCall, useConnection } from "./client.js";
import { recallOr, remember } from "./storage.js";

/** The name, in a form. */
export function OwnName(): ReactNode {
  const [name, setName] = useState(() => recallOr("name", randomName));
  const [draft, setDraft] = useState(name);
  const { call, error } = useCall("rename");
  const { isOpen } = useConnection();
  // With each connection: another browser of the same user may have chosen another one meanwhile, and the last one counts.
  useEffect(() => {
    if (isOpen) void call(name);
  }, [call, isOpen, name]);
  const save = (event: SyntheticEvent): void => {
    event.preventDefault();
    const chosen = draft.trim();
    if (chosen === "") return;
    remember("name", chosen);
    setName(chosen);
    setDraft(chosen);
  };
  return (
    <form className="name-form" autoComplete="off" onSubmit={save}>
      <label htmlFor="name">Your name</label>
      <div className="field">
        <input
          id="name"
          value={draft}
          maxLength={NAME_MAX_LENGTH}
          required
          spellCheck={false}
          enterKeyHint="done"
          onChange={(event) => setDraft(event.currentTarget.value)}
        />
        <button type="submit" className="quiet">
          Save
        </button>
      </div>
      {error !== undefined && <p role="alert">{error instanceof Error ? error.message : "That name was not taken"}</p>}
    </form>
  );
}
