// People: how they are called, and their mark.
import { memo, type ReactNode } from "react";
import { colorOf } from "../../site/page/people.js";
import { useValue } from "./client.js";

/** What a user goes by. The server has the names; who has none yet is somebody. */
export function useName(user: string | undefined): string {
  const name = useValue("people", user ?? "");
  return name ?? "Somebody";
}

/** The first letter of a name, in a color that is the user's, whatever the name. */
export const Avatar = memo(function Avatar({
  user,
  name,
}: {
  readonly user: string;
  readonly name: string;
}): ReactNode {
  return (
    <span className={`avatar ${colorOf(user)}`} aria-hidden="true">
      {(Array.from(name)[0] ?? "?").toUpperCase()}
    </span>
  );
});

/** A name, which may be written in any direction. */
export function Name({ user }: { readonly user: string }): ReactNode {
  return <bdi>{useName(user)}</bdi>;
}

/** Somebody who is here. */
export function Person({ user, isOwn }: { readonly user: string; readonly isOwn: boolean }): ReactNode {
  const name = useName(user);
  return (
    <li className="person">
      <Avatar user={user} name={name} />
      <bdi>{name}</bdi>
      {isOwn && <span className="you">you</span>}
    </li>
  );
}
