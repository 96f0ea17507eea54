/**
 * What one session publishes, and reads without subscribing.
 */
import {
  type AnyChannel,
  type Retention as DeclaredRetention,
  type LogChannel,
  type Match,
  type SignalChannel,
  type StateChannel,
  validate,
} from "../contract/index.js";
import { EngineError, type Retention } from "../engines/index.js";
import {
  type DelFrame,
  type HistFrame,
  type HistoryEntry,
  type HistoryReply,
  type PubFrame,
  type PubReply,
  RealtimeError,
  type RevisionReply,
  type SetFrame,
  type SigFrame,
} from "../wire/index.js";
import { ChannelInterest } from "./interest.js";
import type { ResolvedLimits } from "./limits.js";
import { toldMeta } from "./log-hub.js";
import { allowedChannel } from "./services.js";
import type { Session } from "./session.js";

// An answer may be longer than a page, for nobody waits behind it.
const historyPages = 16;

// Infinity is no number that every engine writes down, and some would take it for their own bound.
const noBound = Number.MAX_SAFE_INTEGER;

/** What a contract says of a log's retention, as engines take it. */
export function retentionOf(retain: DeclaredRetention, limits: ResolvedLimits): Retention {
  const { count = noBound, ageMs = noBound } = retain;
  return { count: Math.min(count, noBound), ageMs: Math.min(ageMs, noBound), bytes: limits.maxLogBytes };
}

/** See the head of this file. */
export class Publishing {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws RealtimeError, EngineError */
  async publish([, , to, value, options = {}]: PubFrame): Promise<PubReply> {
    const { services, channels, ownerAndClient } = this.#session;
    const { key } = options;
    const channel = channels.nameOf(to);
    return await this.#session.order.run(
      channel,
      async () => {
        const { name, match } = await allowedChannel(services, this.#session.user, channel, "publish", "log");
        const { message, retain } = match.value as LogChannel;
        return { name, retain, checked: await validate(message, value) };
      },
      async ({ name, retain, checked }) => {
        const { user } = this.#session;
        const { position, isDuplicate } = await services.engine.logs.append(name, {
          value: checked,
          meta: {
            timeMs: services.platform.unixMs(),
            ...(user.id !== null && { user: user.id }),
            ...(key !== undefined && { key }),
          },
          retain: retentionOf(retain, services.limits),
          idempotency:
            key === undefined
              ? undefined
              : { key: `${ownerAndClient}${key}`, windowMs: services.limits.idempotencyWindowMs },
        });
        return isDuplicate ? { position, isDuplicate } : { position };
      },
    );
  }

  /** @throws RealtimeError, EngineError */
  async set([, , to, key, value, options = {}]: SetFrame): Promise<RevisionReply> {
    const { services, channels } = this.#session;
    const channel = channels.nameOf(to);
    return await this.#session.order.run(
      channel,
      async () => {
        const { name, match } = await allowedChannel(services, this.#session.user, channel, "publish", "state");
        return { name, match, checked: await validate((match.value as StateChannel).value, value) };
      },
      ({ name, match, checked }) =>
        this.#change(match, key, () => services.engine.states.set(name, key, checked, options.if)),
    );
  }

  /** @throws RealtimeError, EngineError */
  async delete([, , to, key, options = {}]: DelFrame): Promise<RevisionReply> {
    const { services, channels } = this.#session;
    const channel = channels.nameOf(to);
    return await this.#session.order.run(
      channel,
      () => allowedChannel(services, this.#session.user, channel, "publish", "state"),
      ({ name, match }) => this.#change(match, key, () => services.engine.states.delete(name, key, options.if)),
    );
  }

  /** Of what is there in place of what was expected, only those are told who see it. */
  async #change(
    { pattern, params }: Match<AnyChannel>,
    key: string,
    change: () => Promise<string>,
  ): Promise<RevisionReply> {
    try {
      return { revision: await change() };
    } catch (error) {
      const interest = this.#session.services.interests.get(pattern);
      const current = interest !== undefined && error instanceof EngineError ? error.current : undefined;
      if (interest === undefined || current === undefined || current.revision === null) throw error;
      const asked = new ChannelInterest(interest, params, (cause) =>
        this.#session.services.report(cause, "asking for an area"),
      );
      if (asked.isSeen(key, current.value, this.#session.channels.viewer)) throw error;
      throw new RealtimeError("conflict", "the key has another revision");
    }
  }

  /** @throws RealtimeError, EngineError */
  async signal([, , to, value]: SigFrame): Promise<void> {
    const { services, channels } = this.#session;
    const channel = channels.nameOf(to);
    await this.#session.order.run(
      channel,
      async () => {
        const { name, match } = await allowedChannel(services, this.#session.user, channel, "publish", "signal");
        return { name, checked: await validate((match.value as SignalChannel).message, value) };
      },
      ({ name, checked }) =>
        services.engine.signals.send(name, { value: checked, user: this.#session.user.id ?? undefined }),
    );
  }

  /** @throws RealtimeError, EngineError */
  async history(frame: HistFrame): Promise<HistoryReply> {
    const { order } = this.#session;
    for (;;) {
      const { rights } = order;
      const reply = await this.#history(frame);
      // What has been read may not be told any more.
      if (rights === order.rights) return reply;
    }
  }

  async #history([, , name, range]: HistFrame): Promise<HistoryReply> {
    const { services, user } = this.#session;
    const { match } = await allowedChannel(services, user, name, "history", "log");
    const { tell } = match.value as LogChannel;
    const limit = Math.min(range.limit, services.limits.maxHistoryMessages);
    const maxBytes = historyPages * services.limits.pageBytes;
    const { logs } = services.engine;
    const { after, before } = range;
    let page = await logs.read(name, after === undefined ? { before, limit, maxBytes } : { after, limit, maxBytes });
    // The first message's `previous` tells what is missing.
    if (page.status === "hole" && page.reason === "retention") {
      page = await logs.read(name, { after: page.bounds.start, limit, maxBytes });
    }
    if (page.status === "hole") throw new RealtimeError("not-found", "the channel has no such position");
    const messages = page.entries.map((entry): HistoryEntry => {
      const meta = toldMeta(entry.meta, tell);
      const told = [entry.position, entry.previous, entry.value] as const;
      return meta === undefined ? told : [...told, meta];
    });
    return { epoch: page.epoch, messages, isEnd: page.isEnd };
  }
}
