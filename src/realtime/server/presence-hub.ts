/**
 * Who is in one channel. In a small room everybody is told of everybody; in a large one, how many there are.
 */
import type { Engine, EngineSubscription, Presence } from "../engines/index.js";
import type { PresenceEntry, ServerFrame, Who } from "../wire/index.js";
import type { RealtimePlatform } from "./connection.js";
import type { ResolvedLimits } from "./limits.js";
import { PresenceChanges } from "./presence-changes.js";
import { SharedFrames } from "./ring.js";
import type { Outlet } from "./subscription.js";

/** What a hub of presence is made of. */
export interface PresenceContext {
  readonly engine: Engine;
  readonly platform: RealtimePlatform;
  readonly limits: ResolvedLimits;
  readonly node: string;
  readonly report: (error: unknown, during: string) => void;
  /** Something could not be told or asked: `catchUp` is to be called when the engine is in reach. */
  readonly behind: () => void;
  /** Nobody is there, and nobody looks. */
  readonly emptied: () => void;
}

/** A connection that is in the channel, and sees who else is. */
export interface Member {
  readonly user: string;
  /** The client, which stays the same over connections. */
  readonly client: string;
  readonly n: number;
  readonly out: Outlet;
  /** What it shows of its user. */
  state: unknown;
  /** It missed something, and gets all when it has room. */
  isStale: boolean;
}

interface LocalUser {
  readonly members: Set<Member>;
  /** Connections that broke a moment ago, by client. */
  readonly leaving: Map<string, { timer: { cancel(): void }; state: unknown }>;
  state: unknown;
}

// A room that shrinks is told one by one again only when it is well below the limit, so that it does not go back and forth.
const shrunk = 0.8;

/** See the head of this file. */
export class PresenceHub {
  readonly name: string;
  readonly #context: PresenceContext;
  readonly #users = new Map<string, LocalUser>();
  readonly #members = new Set<Member>();
  readonly #changes = new PresenceChanges();
  /** What has changed since the engine was asked who is there, for each question that is not answered yet. */
  readonly #meanwhile = new Set<PresenceChanges>();
  /** Users of whom the engine has not heard the newest. */
  readonly #untold = new Set<string>();
  /** What is being told. */
  #telling = 0;
  #count = 0;
  #isLarge = false;
  #watching: Promise<EngineSubscription> | undefined;
  #isFlushing = false;
  /** Those who are on their way in. */
  #entering = 0;

  constructor(name: string, context: PresenceContext) {
    this.name = name;
    this.#context = context;
  }

  /** Whether there are users of this node, those included who may come back in a moment. */
  get hasUsers(): boolean {
    return this.#users.size > 0;
  }

  /**
   * A connection comes in, and gets everything there is to know.
   *
   * @throws EngineError
   */
  async enter(member: Member): Promise<void> {
    this.#entering++;
    try {
      const local: LocalUser = this.#users.get(member.user) ?? { members: new Set(), leaving: new Map(), state: null };
      this.#users.set(member.user, local);
      const before = local.leaving.get(member.client);
      before?.timer.cancel();
      local.leaving.delete(member.client);
      if (before !== undefined) member.state = before.state;
      local.members.add(member);
      this.#watching ??= this.#watch();
      await this.#watching;
      // Who only reconnected has not moved.
      if (before === undefined) await this.#tell(member.user);
      await this.#sendWho(member);
    } catch (error) {
      this.leave(member, false);
      throw error;
    } finally {
      this.#entering--;
      this.#dropIfEmpty();
    }
  }

  /** A connection shows something else. */
  async show(member: Member, state: unknown): Promise<void> {
    member.state = state;
    const local = this.#users.get(member.user);
    if (local === undefined) return;
    local.state = state;
    await this.#tell(member.user);
  }

  /**
   * A connection goes.
   *
   * @param isBroken it may come back in a moment
   */
  leave(member: Member, isBroken: boolean): void {
    this.#members.delete(member);
    const local = this.#users.get(member.user);
    if (local?.members.delete(member) !== true) return;
    if (!isBroken) {
      this.#left(member.user);
      return;
    }
    local.leaving.get(member.client)?.timer.cancel();
    const timer = this.#context.platform.setTimer(() => {
      local.leaving.delete(member.client);
      this.#left(member.user);
    }, this.#context.limits.presenceGraceMs);
    local.leaving.set(member.client, { timer, state: member.state });
  }

  #left(user: string): void {
    this.#tellOrReport(user);
    const local = this.#users.get(user);
    if (local !== undefined && local.members.size + local.leaving.size === 0) this.#users.delete(user);
  }

  #dropIfEmpty(): void {
    if (this.#users.size + this.#untold.size + this.#telling + this.#entering > 0) return;
    this.stop();
    this.#context.emptied();
  }

  /** Tells the engine of one of this node's users. */
  async #tell(user: string): Promise<void> {
    const { engine, node, behind } = this.#context;
    const local = this.#users.get(user);
    const connections = local === undefined ? 0 : local.members.size + local.leaving.size;
    try {
      await engine.presence.put(node, this.name, { user, state: local?.state ?? null, connections });
    } catch (error) {
      // Whoever was told nothing would believe for ever what was told last.
      this.#untold.add(user);
      behind();
      throw error;
    }
  }

  #tellOrReport(user: string): void {
    this.#telling++;
    this.#tell(user)
      .catch((error: unknown) => this.#context.report(error, "telling who is there"))
      .finally(() => {
        this.#telling--;
        this.#dropIfEmpty();
      });
  }

  /** Tells the engine of all of this node's users. */
  tellAll(): void {
    for (const user of this.#users.keys()) this.#tellOrReport(user);
  }

  /** The engine is in reach: what it could not be told it is told now, and those who could not be told who is there are. */
  catchUp(): void {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const user of untold) this.#tellOrReport(user);
    for (const member of this.#members) this.pump(member);
  }

  #watch(): Promise<EngineSubscription> {
    const watching = this.#context.engine.presence.watch(this.name, {
      came: ({ user, state, connections }, count) => {
        for (const changes of [this.#changes, ...this.#meanwhile]) changes.came([user, state, connections]);
        this.#changed(count);
      },
      left: (user, count) => {
        for (const changes of [this.#changes, ...this.#meanwhile]) changes.left(user);
        this.#changed(count);
      },
    });
    watching.catch(() => {
      // The next one who comes in tries again.
      if (this.#watching === watching) this.#watching = undefined;
    });
    return watching;
  }

  #changed(count: number): void {
    this.#count = count;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const { platform, limits } = this.#context;
    if (this.#isLarge) platform.setTimer(() => this.#flush(), limits.presenceIntervalMs);
    else platform.atTurnEnd(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    const { came, gone } = this.#changes.take();
    const { presenceMaxUsers } = this.#context.limits;
    const isLarge = this.#count > presenceMaxUsers * (this.#isLarge ? shrunk : 1);
    if (isLarge !== this.#isLarge) {
      this.#isLarge = isLarge;
      for (const member of this.#members) member.isStale = true;
    } else this.#tellMembers(came, gone);
    for (const member of this.#members) this.pump(member);
  }

  #tellMembers(came: readonly PresenceEntry[], gone: readonly string[]): void {
    // Members may know the channel by different numbers.
    const byNumber = new Map<number, SharedFrames>();
    for (const member of this.#members) {
      if (!member.out.hasRoom) member.isStale = true;
      if (member.isStale) continue;
      const shared = byNumber.get(member.n) ?? new SharedFrames(this.#framesOf(member.n, came, gone));
      byNumber.set(member.n, shared);
      member.out.sendShared(shared);
    }
  }

  #framesOf(n: number, came: readonly PresenceEntry[], gone: readonly string[]): ServerFrame[] {
    if (this.#isLarge) return [["came", n, [], this.#count]];
    const frames: ServerFrame[] = [];
    if (came.length > 0) frames.push(["came", n, came, this.#count]);
    if (gone.length > 0) frames.push(["left", n, gone, this.#count]);
    return frames;
  }

  /** A connection has room: it gets what it missed. */
  pump(member: Member): void {
    if (!member.isStale || !member.out.hasRoom || !this.#members.has(member)) return;
    this.#members.delete(member);
    member.isStale = false;
    this.#sendWho(member).catch((error: unknown) => {
      member.isStale = true;
      if (this.#users.get(member.user)?.members.has(member) === true) this.#members.add(member);
      this.#context.behind();
      this.#context.report(error, "telling who is there");
    });
  }

  /**
   * Tells a connection everything there is to know, and makes it a member. What the engine tells while it is asked may be
   * newer than its answer, or older: it is told behind that, and what is newer still comes.
   */
  async #sendWho(member: Member): Promise<void> {
    const { engine, limits } = this.#context;
    const meanwhile = new PresenceChanges();
    const wasLarge = this.#isLarge;
    this.#meanwhile.add(meanwhile);
    try {
      const { count, users } = await engine.presence.list(this.name, limits.presenceMaxUsers);
      if (this.#users.get(member.user)?.members.has(member) !== true) return;
      const who: Who = { count, isSample: users.length < count, users: users.map(entryOf) };
      const frames: ServerFrame[] = [["who", member.n, who]];
      if (meanwhile.isEmpty) this.#count = count;
      else {
        const { came, gone } = meanwhile.take();
        frames.push(...this.#framesOf(member.n, came, gone));
      }
      member.out.sendOwn(frames);
      this.#members.add(member);
      // It has been told in the other way.
      member.isStale = wasLarge !== this.#isLarge;
      this.pump(member);
    } finally {
      this.#meanwhile.delete(meanwhile);
    }
  }

  stop(): void {
    for (const { leaving } of this.#users.values()) for (const { timer } of leaving.values()) timer.cancel();
    this.#watching?.then(
      ({ stop }) => stop(),
      // Whoever wanted it has been told.
      () => undefined,
    );
    this.#watching = undefined;
  }
}

function entryOf({ user, state, connections }: Presence): PresenceEntry {
  return [user, state, connections];
}
