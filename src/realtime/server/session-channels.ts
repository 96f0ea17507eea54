/**
 * What one session subscribes to.
 */
import { copyValue } from "../engines/index.js";
import { RealtimeError, type SubFrame, type SubReply } from "../wire/index.js";
import type { ChannelUse } from "./channels.js";
import { bodyOf } from "./failures.js";
import type { Viewer } from "./interest.js";
import type { Member, PresenceHub } from "./presence-hub.js";
import { type AllowedChannel, allowedChannel, isAllowed } from "./services.js";
import { answered, type Session } from "./session.js";
import type { Hub, Subscriber, Subscription } from "./subscription.js";

// Numbers that a session knows though it has unsubscribed; the protocol lets it use them on.
const maxOldNumbers = 4096;

interface Subscribed {
  readonly use: ChannelUse;
  readonly subscription: Subscription;
  presence: { readonly hub: PresenceHub; readonly member: Member } | undefined;
}

/** See the head of this file. */
export class SessionChannels implements Subscriber {
  readonly #session: Session;
  readonly #byName = new Map<string, Subscribed>();
  readonly #byNumber = new Map<number, Subscribed>();
  /** The names of numbers that were told and are used no more, the oldest first. */
  #oldNames: Map<number, string> | undefined;
  /** Subscriptions that are being made. */
  #opening = 0;
  #isEnded = false;

  constructor(session: Session) {
    this.#session = session;
  }

  get out(): Session["out"] {
    return this.#session.out;
  }

  get viewer(): Viewer {
    const { user, id } = this.#session;
    return { user, session: id };
  }

  /** The channels that it subscribes to. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /**
   * The name of a channel, which the client gives by its number, too.
   *
   * @throws RealtimeError `not-found` for a number that it was never told
   */
  nameOf(channel: string | number): string {
    if (typeof channel === "string") return channel;
    const name = this.#byNumber.get(channel)?.use.hub.name ?? this.#oldNames?.get(channel);
    if (name === undefined) throw new RealtimeError("not-found", `there is no channel with the number ${channel}`);
    return name;
  }

  /** @throws RealtimeError, EngineError */
  async subscribe(frame: SubFrame): Promise<typeof answered> {
    const [, r, name, options = {}] = frame;
    const { services } = this.#session;
    const { maxSubscriptions } = services.limits;
    if (!this.#byName.has(name) && this.#byName.size + this.#opening >= maxSubscriptions) {
      throw new RealtimeError("too-many", `more than maxSubscriptions (${maxSubscriptions}) channels`);
    }
    this.#opening++;
    try {
      return await this.#session.order.run(
        name,
        async () => {
          let isOpen = false;
          while (!isOpen) {
            const { rights } = this.#session.order;
            const channel = await allowedChannel(services, this.#session.user, name, "subscribe");
            if (options.presence === true) await allowedChannel(services, this.#session.user, name, "presence");
            isOpen = await this.#open(r, channel, options, rights);
          }
        },
        () => Promise.resolve(answered),
      );
    } finally {
      this.#opening--;
    }
  }

  /**
   * @param rights when it was allowed
   * @returns false when that was so long ago that it has to be asked again
   */
  async #open(r: number, channel: AllowedChannel, options: NonNullable<SubFrame[3]>, rights: number): Promise<boolean> {
    const { services, order } = this.#session;
    let isStale = false;
    const use = await services.channels.use(channel);
    let subscribed: Subscribed | undefined;
    const reply = (told: SubReply, subscription: Subscription): boolean => {
      isStale = rights !== order.rights;
      if (this.#isEnded || isStale) {
        subscription.stop();
        return false;
      }
      const before = this.#byName.get(channel.name);
      subscribed = { use, subscription, presence: undefined };
      this.#remember(subscribed);
      if (before !== undefined) this.#stop(before, options.presence === true);
      this.#session.out.send(["ok", r, told]);
      return true;
    };
    try {
      if (this.#isEnded) return true;
      await use.hub.subscribe(this, options, reply);
      if (subscribed !== undefined && options.presence === true) await this.#enter(subscribed);
    } catch (error) {
      // What has been answered already is ended by a frame of its own.
      if (subscribed === undefined) throw error;
      this.failed(subscribed.subscription, error);
    } finally {
      if (subscribed === undefined) use.release();
    }
    return !isStale;
  }

  #remember(subscribed: Subscribed): void {
    const { hub } = subscribed.use;
    this.#byName.set(hub.name, subscribed);
    this.#byNumber.set(hub.n, subscribed);
    this.#oldNames?.delete(hub.n);
  }

  async #enter(subscribed: Subscribed): Promise<void> {
    const { services, user, id, client } = this.#session;
    const hub = services.presences.of(subscribed.use.hub.name);
    const member: Member = {
      // Nobody knows who it is, but that it is one.
      user: user.id ?? `?${id}`,
      ...{ client, n: subscribed.use.hub.n, out: this.out, state: null, isStale: false },
    };
    subscribed.presence = { hub, member };
    await hub.enter(member);
  }

  /** Ends a subscription, whose frames may be on their way. */
  unsubscribe(n: number): Promise<void> {
    const subscribed = this.#byNumber.get(n);
    if (subscribed !== undefined) this.#forget(subscribed);
    return Promise.resolve();
  }

  #forget(subscribed: Subscribed): void {
    const { hub } = subscribed.use;
    if (this.#byName.get(hub.name) === subscribed) this.#byName.delete(hub.name);
    if (this.#byNumber.get(hub.n) === subscribed) {
      this.#byNumber.delete(hub.n);
      this.#rememberOld(hub);
    }
    this.#stop(subscribed, false);
  }

  #rememberOld({ n, name }: Hub): void {
    this.#oldNames ??= new Map();
    this.#oldNames.set(n, name);
    if (this.#oldNames.size <= maxOldNumbers) return;
    for (const [oldest] of this.#oldNames) {
      this.#oldNames.delete(oldest);
      break;
    }
  }

  /** @param isBroken its user may come back in a moment */
  #stop({ subscription, use, presence }: Subscribed, isBroken: boolean): void {
    subscription.stop();
    use.release();
    presence?.hub.leave(presence.member, isBroken);
  }

  /** @throws RealtimeError `not-found` where it does not take part in presence */
  async show(n: number, state: unknown): Promise<void> {
    const presence = this.#byNumber.get(n)?.presence;
    if (presence === undefined) throw new RealtimeError("not-found", "no subscription with presence has this number");
    const { maxPresenceBytes } = this.#session.services.limits;
    if (copyValue(state).bytes > maxPresenceBytes) {
      throw new RealtimeError("too-large", `what is shown takes more than maxPresenceBytes (${maxPresenceBytes})`);
    }
    await presence.hub.show(presence.member, state);
  }

  /** The client is ready for the next page. */
  more(n: number): void {
    this.#byNumber.get(n)?.subscription.more();
  }

  /** There is room again. Whoever had less of it goes first the next time. */
  pump(): void {
    for (const subscribed of [...this.#byNumber.values()]) {
      if (!this.out.hasRoom) return;
      const { subscription, presence } = subscribed;
      const { hub } = subscribed.use;
      if (this.#byNumber.get(hub.n) !== subscribed) continue;
      this.#byNumber.delete(hub.n);
      this.#byNumber.set(hub.n, subscribed);
      presence?.hub.pump(presence.member);
      subscription.pump();
    }
  }

  failed(subscription: Subscription, error: unknown): void {
    for (const subscribed of this.#byNumber.values()) {
      if (subscribed.subscription === subscription) this.#close(subscribed, error);
    }
  }

  #close(subscribed: Subscribed, error: unknown): void {
    this.#forget(subscribed);
    const body = bodyOf(error, (cause) => this.#session.services.report(cause, "keeping a subscription"));
    this.#session.out.send(["closed", subscribed.use.hub.n, body]);
  }

  /** Asks of every subscription whether it is still allowed, and ends those that are not. */
  async reauthorize(): Promise<void> {
    const { services, user } = this.#session;
    await Promise.all(
      [...this.#byNumber.values()].map(async (subscribed) => {
        let isStill = false;
        try {
          isStill = await isAllowed(services, user, subscribed.use.channel, "subscribe");
          if (isStill && subscribed.presence !== undefined) {
            isStill = await isAllowed(services, user, subscribed.use.channel, "presence");
          }
        } catch (error) {
          // Whom nobody can vouch for stays out.
          services.report(error, "authorizing");
        }
        if (this.#byNumber.get(subscribed.use.hub.n) !== subscribed) return;
        if (isStill) subscribed.subscription.lookAgain?.();
        else this.#close(subscribed, new RealtimeError("forbidden", "no longer allowed"));
      }),
    );
  }

  end(): void {
    this.#isEnded = true;
    for (const subscribed of this.#byNumber.values()) this.#stop(subscribed, true);
    this.#byName.clear();
    this.#byNumber.clear();
  }
}
