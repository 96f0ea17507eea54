/**
 * The media that one session publishes: what it says of its groups is checked, and who may is asked once for each group.
 */
import type { MediaChannel } from "../contract/index.js";
import { type PubgFrame, type PubgReply, RealtimeError } from "../wire/index.js";
import { MediaPublisher } from "./media-publisher.js";
import { allowedChannel } from "./services.js";
import type { Session } from "./session.js";

/** A channel that the session publishes to. */
interface Published {
  /** The group that it has begun last, and the index that comes next. */
  group: number;
  next: number;
  /** Whether a frame of the group was refused: what follows it is, too. */
  isOver: boolean;
  /** When it was allowed, as `InOrder.rights` counts. */
  allowedAt: number;
  publisher: MediaPublisher | undefined;
}

/** See the head of this file. */
export class PublishedMedia {
  readonly #session: Session;
  readonly #byName = new Map<string, Published>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws RealtimeError, EngineError */
  async publish([, , to, group, index, data, timeMs]: PubgFrame): Promise<PubgReply> {
    const name = this.#session.channels.nameOf(to);
    const published = this.#checked(name, group, index);
    // Of the group that this frame belongs to, whatever has begun when its turn comes.
    const isCurrent = (): boolean => published.group === group;
    try {
      return await this.#session.order.run(
        name,
        () => this.#admit(published, name, index === 0),
        (publisher) => {
          if (isCurrent() && published.isOver) throw isOver();
          const from = { publisher: this.#session.ownerAndClient, number: group };
          return publisher.append(() => this.#session.services.engine.media, {
            data,
            isKey: index === 0,
            timeMs,
            from,
          });
        },
      );
    } catch (error) {
      if (isCurrent()) published.isOver = true;
      throw error;
    }
  }

  /** @throws RealtimeError `bad-request` for a frame that follows nothing, `conflict` for one that follows a refused one */
  #checked(name: string, group: number, index: number): Published {
    let published = this.#byName.get(name);
    if (index === 0) {
      if (published === undefined) {
        published = { group: 0, next: 0, isOver: false, allowedAt: -1, publisher: undefined };
        this.#remember(name, published);
      }
      if (group <= published.group) {
        throw new RealtimeError("bad-request", `group ${group} does not follow group ${published.group}`);
      }
      published.group = group;
      published.next = 1;
      published.isOver = false;
      return published;
    }
    if (published?.group !== group) {
      throw new RealtimeError("bad-request", `group ${group} has not begun with a key frame, or is over`);
    }
    if (published.isOver) throw isOver();
    if (index !== published.next) {
      published.isOver = true;
      throw new RealtimeError("bad-request", `index ${index} of group ${group} does not follow ${published.next - 1}`);
    }
    published.next++;
    return published;
  }

  /** @throws RealtimeError `too-many` */
  #remember(name: string, published: Published): void {
    const { maxSubscriptions } = this.#session.services.limits;
    if (this.#byName.size >= maxSubscriptions) {
      const message = `media of more than maxSubscriptions (${maxSubscriptions}) channels`;
      throw new RealtimeError("too-many", message);
    }
    this.#byName.set(name, published);
  }

  /** @throws RealtimeError */
  async #admit(published: Published, name: string, isKey: boolean): Promise<MediaPublisher> {
    const { services, order, user } = this.#session;
    const { rights } = order;
    if (isKey || published.allowedAt !== rights || published.publisher === undefined) {
      try {
        const { match } = await allowedChannel(services, user, name, "publish", "media");
        published.publisher ??= new MediaPublisher(name, (match.value as MediaChannel).groupBytesMax);
      } catch (error) {
        // Whoever asks for channels that they may not use makes nothing of them be remembered.
        if (published.publisher === undefined) this.#byName.delete(name);
        throw error;
      }
      published.allowedAt = rights;
    }
    return published.publisher;
  }
}

function isOver(): RealtimeError {
  return new RealtimeError("conflict", "the group is over, for one of its frames was refused: a key frame has to come");
}
