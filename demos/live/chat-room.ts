// Who is in the room and what was said: state and rules, without sockets, clocks or timers. Each method says what is to
// be sent to whom.
import { HISTORY_MAX_MESSAGES, NAME_MAX_LENGTH } from "./shared/limits.js";
import type { ChatMessage, Member, ServerMessage } from "./shared/wire.js";

/** Clients that are remembered after they left, so that what they send again is recognized. */
const CLIENTS_REMEMBERED = 1_000;
/** Message ids remembered per client. A page sends one message at a time, so it can only be in doubt about the last. */
const MESSAGE_IDS_REMEMBERED = 16;

/** What a change in the room leads to. */
export interface Outcome {
  readonly toSender: readonly ServerMessage[];
  readonly toOthers: readonly ServerMessage[];
}

interface Client {
  readonly memberId: number;
  readonly acceptedIds: string[];
}

const NOTHING: Outcome = { toSender: [], toOthers: [] };

/**
 * A name as the room shows it: one line, no control or invisible formatting characters (with which one name could pass
 * for another or turn the text around it), at most `NAME_MAX_LENGTH` long, "Guest" if nothing is left.
 */
export function cleanName(name: string): string {
  const visible = name
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, "")
    .replace(/\s+/gu, " ")
    .trim();
  return visible.slice(0, NAME_MAX_LENGTH).trim() || "Guest";
}

/** A message's text as the room shows it: no control characters but the newline, no space around it. */
export function cleanText(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, "").trim();
}

/** The chat room. */
export class ChatRoom {
  readonly #serverId: string;
  readonly #members = new Map<number, Member>();
  readonly #clients = new Map<string, Client>();
  #history: ChatMessage[] = [];
  #nextMemberId = 1;

  /** @param serverId Tells this run of the server from another: 1 to 64 letters, digits or dashes. */
  constructor(serverId: string) {
    this.#serverId = serverId;
  }

  /** Who is here, in the order in which they came. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** The last messages, oldest first. */
  get history(): readonly ChatMessage[] {
    return this.#history;
  }

  /**
   * Somebody enters, or comes back on a new connection before the old one was seen to be gone; the latter keeps their
   * place, and nobody else hears of it.
   * @param clientId What only this page knows.
   * @param name The name wished for.
   * @returns The member's id and what to send.
   */
  join(clientId: string, name: string): Outcome & { readonly memberId: number } {
    const { memberId } = this.#client(clientId);
    const present = this.#members.get(memberId);
    const toOthers: ServerMessage[] = [];
    if (present === undefined) {
      const member = { memberId, name: this.#freeName(name, memberId) };
      this.#members.set(memberId, member);
      toOthers.push({ type: "joined", member });
    } else {
      toOthers.push(...this.rename(memberId, name).toOthers);
    }
    const welcome: ServerMessage = {
      type: "welcome",
      serverId: this.#serverId,
      memberId,
      members: this.members,
      history: this.#history,
    };
    return { memberId, toSender: [welcome], toOthers };
  }

  /** Somebody is gone. */
  leave(memberId: number): Outcome {
    const member = this.#members.get(memberId);
    if (member === undefined) return NOTHING;
    this.#members.delete(memberId);
    return { toSender: [], toOthers: [{ type: "left", member }] };
  }

  /** Somebody wishes for another name; they hear what it became. */
  rename(memberId: number, name: string): Outcome {
    const previous = this.#members.get(memberId);
    if (previous === undefined) return NOTHING;
    const member = { memberId, name: this.#freeName(name, memberId) };
    if (member.name === previous.name) return NOTHING;
    this.#members.set(memberId, member);
    const renamed: ServerMessage = { type: "renamed", member, previousName: previous.name };
    return { toSender: [renamed], toOthers: [renamed] };
  }

  /**
   * Somebody says something. A message that was accepted before is confirmed again and not repeated.
   * @param clientId Whose page sent it.
   * @param messageId The page's id for it, the same when it is sent again.
   * @param text What was said.
   * @param nowMs The server's clock.
   */
  say(clientId: string, messageId: string, text: string, nowMs: number): Outcome {
    const client = this.#client(clientId);
    const member = this.#members.get(client.memberId);
    if (member === undefined) return NOTHING;
    const accepted: ServerMessage = { type: "accepted", messageId };
    if (client.acceptedIds.includes(messageId)) return { toSender: [accepted], toOthers: [] };
    client.acceptedIds.push(messageId);
    if (client.acceptedIds.length > MESSAGE_IDS_REMEMBERED) client.acceptedIds.shift();

    const cleaned = cleanText(text);
    // Nothing to show, yet confirmed: otherwise the page would offer it again forever.
    if (cleaned === "") return { toSender: [accepted], toOthers: [] };
    const message: ChatMessage = { messageId, ...member, text: cleaned, sentAtMs: Math.round(nowMs) };
    this.#history = [...this.#history, message].slice(-HISTORY_MAX_MESSAGES);
    const said: ServerMessage = { type: "said", message };
    return { toSender: [said, accepted], toOthers: [said] };
  }

  /** The client's record, moved to the young end; the oldest of those who left make room. */
  #client(clientId: string): Client {
    const client = this.#clients.get(clientId) ?? { memberId: this.#nextMemberId++, acceptedIds: [] };
    this.#clients.delete(clientId);
    this.#clients.set(clientId, client);
    for (const [oldId, old] of this.#clients) {
      if (this.#clients.size <= CLIENTS_REMEMBERED) break;
      if (old !== client && !this.#members.has(old.memberId)) this.#clients.delete(oldId);
    }
    return client;
  }

  /** The cleaned name, with a number behind it when somebody else has it, so that several tabs can be told apart. */
  #freeName(wish: string, memberId: number): string {
    const name = cleanName(wish);
    const taken = new Set<string>();
    for (const member of this.#members.values()) {
      if (member.memberId !== memberId) taken.add(member.name.toLowerCase());
    }
    let free = name;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) {
      const suffix = ` ${number}`;
      free = name.slice(0, NAME_MAX_LENGTH - suffix.length).trimEnd() + suffix;
    }
    return free;
  }
}
