/**
 * Who is where: a subject for each user of a channel at a node, in a stream that keeps the last message of each. What a
 * node told counts as long as the node lives.
 */
import type { EngineSubscription, Presence, PresenceEngine, PresenceList, PresenceSink } from "../index.js";
import { SharedOpenings, watchShared } from "../index.js";
import { type Burials, LastWords } from "./burials.js";
import { Follower } from "./follower.js";
import { type NatsLink, translating } from "./link.js";
import { payloadOf, textOfValue } from "./payload.js";
import { PresenceNodes } from "./presence-nodes.js";
import { PresenceView, type UserHead } from "./presence-view.js";
import { lastOf, readMessages } from "./reading.js";
import type { Streams } from "./streams.js";
import type { Subjects } from "./subjects.js";

/** A channel that is watched here, once for all who do. */
interface Watched {
  readonly view: PresenceView;
  readonly follower: Follower;
  stop(): void;
}

// Who follows has heard of it by then; who did not, reads all anew.
const absenceKnownMs = 60_000;

/** See the head of this file. */
export class NatsPresence implements PresenceEngine {
  readonly #link: NatsLink;
  readonly #streams: Streams;
  readonly #subjects: Subjects;
  readonly #burials: Burials;
  readonly #nodes: PresenceNodes;
  readonly #watched = new SharedOpenings<Watched>();
  /** Those that do not have everything yet. */
  readonly #opening = new Set<Follower>();
  readonly #views = new Set<PresenceView>();
  readonly #absences = new LastWords();

  constructor(link: NatsLink, streams: Streams, subjects: Subjects, burials: Burials) {
    this.#link = link;
    this.#streams = streams;
    this.#subjects = subjects;
    this.#burials = burials;
    this.#nodes = new PresenceNodes(link, streams, subjects, burials, {
      lives: (node) => this.#views.forEach((view) => view.lives(node)),
      died: (node) => this.#views.forEach((view) => view.died(node)),
      buried: (node, death) => this.#views.forEach((view) => view.buried(node, death)),
    });
    streams.onReplaced((kind) => {
      if (kind !== "presence") return;
      this.#absences.clear();
      this.#nodes.replaced();
      this.#watched.forEach(({ follower }) => follower.forget());
    });
  }

  /** Resolves when it is known which nodes live. */
  async start(): Promise<void> {
    await this.#nodes.start();
  }

  async beat(node: string, ttlMs: number): Promise<boolean> {
    this.#link.check();
    return await translating(() => this.#nodes.beat(node, ttlMs));
  }

  async put(node: string, channel: string, { user, state, connections }: Presence): Promise<void> {
    this.#link.check();
    const head: UserHead = { u: user, n: node, c: connections };
    const payload = payloadOf(head, textOfValue(state));
    await translating(async () => {
      // The last message of a subject is all that there is of it.
      const subject = this.#subjects.user(channel, user, node);
      const { seq } = await this.#link.publish(subject, payload, { isIdempotent: true });
      if (connections > 0) this.#absences.delete(subject);
      else this.#absences.add(subject, () => this.#burials.add("presence", seq, absenceKnownMs));
      // Whoever watches here has seen it then.
      await (await this.#watched.peek(channel))?.follower.reached(seq);
    });
  }

  async dropNode(node: string): Promise<void> {
    this.#link.check();
    await translating(() => this.#nodes.drop(node));
  }

  async list(channel: string, limit: number): Promise<PresenceList> {
    this.#link.check();
    return await translating(async () => {
      const watched = await this.#watched.peek(channel);
      return (watched?.view ?? (await this.#read(channel))).list(limit);
    });
  }

  /** Who is in a channel that nobody here watches. */
  async #read(channel: string): Promise<PresenceView> {
    const view = this.#view();
    view.begin();
    const stream = this.#streams.name("presence");
    const filter = this.#subjects.user(channel);
    const newest = await lastOf(this.#link, stream, filter);
    if (newest !== undefined) {
      const { messages } = await readMessages(this.#link, { stream, filter, from: 1, through: newest.seq });
      for (const message of messages) view.told(message);
    }
    view.caughtUp();
    return view;
  }

  #view(): PresenceView {
    return new PresenceView(this.#nodes, this.#link.host);
  }

  async watch(channel: string, sink: PresenceSink): Promise<EngineSubscription> {
    this.#link.check();
    return await translating(() => watchShared(this.#watched, channel, () => this.#open(channel), sink));
  }

  async #open(channel: string): Promise<Watched> {
    const view = this.#view();
    this.#views.add(view);
    let follower: Follower | undefined;
    const stop = (): void => {
      follower?.stop();
      this.#views.delete(view);
    };
    try {
      const stream = this.#streams.name("presence");
      follower = await Follower.open(this.#link, stream, this.#subjects.user(channel), {
        // From the first on each time: what says that somebody left is not there for long.
        begin: () => {
          view.begin();
          return 1;
        },
        message: (message) => view.told(message),
        caughtUp: () => view.caughtUp(),
      });
      this.#opening.add(follower);
      await follower.opened();
      return { view, follower, stop };
    } catch (error) {
      stop();
      throw error;
    } finally {
      if (follower !== undefined) this.#opening.delete(follower);
    }
  }

  stop(): void {
    this.#nodes.stop();
    this.#watched.stop();
    for (const follower of this.#opening) follower.stop();
  }
}
