// Whether there is a connection, at the head of the page.
import { type ReactNode, useEffect } from "react";
import { useConnection } from "./client.js";

const NAMES = { connecting: "Connecting", open: "Connected", waiting: "Waiting to reconnect", closed: "Not connected" };

/** A kill is over sooner. */
const ATTEMPTS_OF_A_KILL = 4;

export function ConnectionBadge({ element }: { readonly element: HTMLElement }): ReactNode {
  const { state, reconnectNow } = useConnection();
  const name = state?.name ?? "connecting";
  const isAway = state?.name === "waiting" && state.attempt > ATTEMPTS_OF_A_KILL;
  useEffect(() => {
    element.dataset["state"] = name;
  }, [element, name]);
  return (
    <>
      <span className="lamp" aria-hidden="true" />
      <span role="status">{isAway ? "The chat’s server is not there. It is tried again" : NAMES[name]}</span>
      {name === "waiting" && (
        <button type="button" className="quiet" onClick={reconnectNow}>
          Try now
        </button>
      )}
    </>
  );
}
