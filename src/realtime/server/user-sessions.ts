/**
 * The open sessions of each user, so that nobody has to look through all of them for one user's.
 */
import type { Session } from "./session.js";

/** See the head of this file. */
export class UserSessions {
  /** Most users have one, which takes no set. */
  readonly #byUser = new Map<string, Session | Set<Session>>();

  /** A session is open from now on. Those without a user are nobody's. */
  add(session: Session): void {
    const { id } = session.user;
    if (id === null) return;
    const known = this.#byUser.get(id);
    if (known === undefined) this.#byUser.set(id, session);
    else if (known instanceof Set) known.add(session);
    else this.#byUser.set(id, new Set([known, session]));
  }

  delete(session: Session): void {
    const { id } = session.user;
    const known = id === null ? undefined : this.#byUser.get(id);
    if (id === null || known === undefined) return;
    if (known instanceof Set) known.delete(session);
    if (known === session || (known instanceof Set && known.size === 0)) this.#byUser.delete(id);
  }

  of(user: string): readonly Session[] {
    const known = this.#byUser.get(user);
    if (known === undefined) return [];
    return known instanceof Set ? [...known] : [known];
  }
}
