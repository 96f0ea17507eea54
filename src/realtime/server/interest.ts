/**
 * Who sees which part of a state, as an application says it.
 */
import type { ChannelsOf, ContractDefinition, ParamsOf, ReceivedOf, StateChannel } from "../contract/index.js";
import type { RealtimeUser } from "./options.js";

/** A part of a state: a cell of a map, a room, a team. Two are the same where they are equal. */
export type Area = string | number;

/** Who looks at a state. */
export interface Viewer<Data = unknown> {
  readonly user: RealtimeUser<Data>;
  /** The session; `sessions` of the server has it, too. */
  readonly session: string;
}

/**
 * What sessions get of a state: the entries in areas that they see. Both functions are called often, and answer at once.
 * An error that `sees` throws ends that subscription; an entry whose `area` throws is seen by those alone who see everything.
 */
export interface Interest<Data = unknown, Params = Readonly<Record<string, string>>, Value = unknown> {
  /** The area that an entry is in. Asked once for each change. The value must not be changed. */
  readonly area: (key: string, value: Value, params: Params) => Area;
  /**
   * The areas that a session sees now: asked before whatever a session gets. The same set as the last time means that
   * nothing has changed, so one that was returned must not be changed. `undefined`: everything.
   */
  readonly sees: (viewer: Viewer<Data>, params: Params) => ReadonlySet<Area> | undefined;
}

/** What is seen of the states of a contract, by their patterns. Who may subscribe to another state gets all of it. */
export type Interests<Data, Definition extends ContractDefinition> = {
  readonly [Pattern in keyof ChannelsOf<Definition> & string]?: ChannelsOf<Definition>[Pattern] extends infer Channel
    ? Channel extends StateChannel
      ? Interest<Data, ParamsOf<Pattern>, ReceivedOf<Channel>>
      : never
    : never;
};

/** Where entries are whose area could not be told. Nobody's set has it. */
export const nowhere: unique symbol = Symbol("nowhere");

/** An area, or none. */
export type Whereabouts = Area | typeof nowhere;

/** What somebody sees; undefined: everything. */
export type View = ReadonlySet<Whereabouts> | undefined;

/** What somebody sees who sees nothing. */
export const noView: ReadonlySet<Whereabouts> = new Set();

/** The interest in one state. */
export class ChannelInterest {
  readonly #interest: Interest;
  readonly #params: Readonly<Record<string, string>>;
  readonly #report: (error: unknown) => void;

  constructor(interest: Interest, params: Readonly<Record<string, string>>, report: (error: unknown) => void) {
    this.#interest = interest;
    this.#params = params;
    this.#report = report;
  }

  areaOf(key: string, value: unknown): Whereabouts {
    try {
      const area: unknown = this.#interest.area(key, value, this.#params);
      if (typeof area === "string" || typeof area === "number") return area;
      throw new TypeError(`the area of ${JSON.stringify(key)} must be a string or a number`);
    } catch (error) {
      this.#report(error);
      return nowhere;
    }
  }

  /** Whether somebody sees an entry. @throws as `viewOf` */
  isSeen(key: string, value: unknown, viewer: Viewer): boolean {
    const view = this.viewOf(viewer);
    return view === undefined || view.has(this.areaOf(key, value));
  }

  /** @throws TypeError where the answer is neither a set nor undefined; what `sees` throws */
  viewOf(viewer: Viewer): View {
    const view: unknown = this.#interest.sees(viewer, this.#params);
    // A promise, or an array, is no answer; nor may it be taken for "everything".
    if (view !== undefined && !(view instanceof Set)) throw new TypeError("`sees` must return a Set or undefined");
    return view as View;
  }
}
