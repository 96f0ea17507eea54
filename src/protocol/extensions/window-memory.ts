/**
 * The memory of all sliding windows of a process, and the one limit on it.
 *
 * A sender may forget its window at any time, since a message that refers to nothing earlier is always valid. A
 * receiver may not, unless context takeover was negotiated away. So receivers' windows are reserved when they are
 * negotiated, before anything is promised to a peer, and senders share what is left: when there is too little of it,
 * those that have not sent for the longest time forget theirs.
 */

import { Slots } from "./slots.js";

/** A sender's window, as far as its memory is concerned. */
export interface Forgettable {
  /** Memory was needed elsewhere. What it held is not counted any more. */
  forgotten(): void;
}

/** What one sender holds. */
export class WindowLease {
  readonly owner: Forgettable;
  bytes = 0;
  /** Who has sent before it, and after it. */
  older: WindowLease | undefined;
  newer: WindowLease | undefined;

  constructor(owner: Forgettable) {
    this.owner = owner;
  }
}

/** At the default window of 4 KiB in each direction: 11,500 connections in full, or the receivers of 23,000. */
export const defaultWindowMemoryBytes: number = 96 * 1024 * 1024;

/** See the head of this file. */
export class WindowMemory {
  #maxBytes: number;
  #reservedBytes = 0;
  #lentBytes = 0;
  #lentCount = 0;
  #forgottenCount = 0;
  /** By their size. */
  readonly #slots = new Map<number, Slots>();
  #oldest: WindowLease | undefined;
  #newest: WindowLease | undefined;

  /** @param maxBytes octets that all windows may take together */
  constructor(maxBytes: number = defaultWindowMemoryBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Octets that all windows may take together. Less than is reserved already lets nobody reserve more. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  set maxBytes(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#makeRoom(0, undefined);
  }

  /** Octets reserved for receivers. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Octets that senders hold. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** Senders that hold a window. */
  get lentCount(): number {
    return this.#lentCount;
  }

  /** How often a sender had to forget its window for others. */
  get forgottenCount(): number {
    return this.#forgottenCount;
  }

  /** Octets of memory that windows lie in: what is in use, and what is ready for the next one. */
  get allocatedBytes(): number {
    let total = 0;
    for (const slots of this.#slots.values()) total += slots.heldBytes;
    return total;
  }

  /** Where windows of so many octets, a power of two, lie. */
  slots(slotBytes: number): Slots {
    let slots = this.#slots.get(slotBytes);
    if (slots === undefined) {
      slots = new Slots(slotBytes);
      this.#slots.set(slotBytes, slots);
    }
    return slots;
  }

  /** Reserves memory for a receiver's window. Senders make room for it. Returns whether there was enough. */
  reserve(bytes: number): boolean {
    if (this.#reservedBytes + bytes > this.#maxBytes) return false;
    this.#makeRoom(bytes, undefined);
    this.#reservedBytes += bytes;
    return true;
  }

  /** Gives back what `reserve` has granted. */
  unreserve(bytes: number): void {
    this.#reservedBytes -= bytes;
  }

  /**
   * A sender is about to use its window, and wants it to take `bytes` octets from now on. Others make room for it.
   *
   * @returns whether there was enough; otherwise nothing has changed for it
   */
  use(lease: WindowLease, bytes: number): boolean {
    if (bytes > lease.bytes) {
      if (this.#reservedBytes + bytes > this.#maxBytes) return false;
      this.#makeRoom(bytes - lease.bytes, lease);
    }
    if (lease.bytes === 0) this.#lentCount++;
    else this.#unlink(lease);
    this.#lentBytes += bytes - lease.bytes;
    lease.bytes = bytes;
    lease.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = lease;
    else this.#newest.newer = lease;
    this.#newest = lease;
    return true;
  }

  /** A sender's window is gone. */
  release(lease: WindowLease): void {
    if (lease.bytes === 0) return;
    this.#unlink(lease);
    this.#lentBytes -= lease.bytes;
    this.#lentCount--;
    lease.bytes = 0;
  }

  /** Lets the senders that have been silent for the longest time forget, but not `except`. */
  #makeRoom(bytes: number, except: WindowLease | undefined): void {
    let lease = this.#oldest;
    while (lease !== undefined && this.#reservedBytes + this.#lentBytes + bytes > this.#maxBytes) {
      const next = lease.newer;
      if (lease !== except) {
        this.release(lease);
        this.#forgottenCount++;
        lease.owner.forgotten();
      }
      lease = next;
    }
  }

  #unlink(lease: WindowLease): void {
    const { older, newer } = lease;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    lease.older = undefined;
    lease.newer = undefined;
  }
}
